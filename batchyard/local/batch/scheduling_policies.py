"""Scheduling policies: create, update, delete, describe, list. Queues that have one are scheduled by it.

Source: AWS Batch API Reference, FairsharePolicy and ShareAttributes.
"""

import re

from batchyard.local.batch import job_queues
from batchyard.local.batch.errors import refuse
from batchyard.local.batch.model import Document
from batchyard.local.batch.rules import batch_arn, check_name, check_range, check_tags, name_in, page
from batchyard.local.batch.service import Service
from batchyard.local.batch.store import SCHEDULING_POLICY

_IDENTIFIER = re.compile(r"[A-Za-z0-9]{0,255}\*|[A-Za-z0-9]{1,255}")


def create(service: Service, region: str, request: Document) -> Document:
    """CreateSchedulingPolicy."""
    known = service.store.region(region).policies
    name = request["name"]
    check_name("name", name)
    check_tags(request.get("tags", {}))
    _check(request)
    if name in known:
        raise refuse("Object already exists")
    policy_arn = batch_arn(region, SCHEDULING_POLICY, name)
    known[name] = {"tags": {}, **request, "arn": policy_arn}
    return {"name": name, "arn": policy_arn}


def update(service: Service, region: str, request: Document) -> Document:
    """UpdateSchedulingPolicy: the policy given replaces the one that was there, in its queues too."""
    known = service.store.region(region)
    old = known.policy(request["arn"])
    _check(request)
    known.policies[old["name"]] = {**old, **request, "arn": old["arn"]}
    for queue in known.queues.values():
        if queue.get("schedulingPolicyArn") == old["arn"]:
            job_queues.put(service, known, queue)
    return {}


def _check(request: Document) -> None:
    if "quotaSharePolicy" in request:
        raise refuse(
            "The local account has no service environments, which quota shares are for: give a fairsharePolicy"
        )
    policy = request.get("fairsharePolicy", {})
    check_range("shareDecaySeconds", policy.get("shareDecaySeconds"), 0, 604_800)
    check_range("computeReservation", policy.get("computeReservation"), 0, 99)
    names: list[str] = []
    for share in policy.get("shareDistribution", []):
        name = share["shareIdentifier"]
        if not _IDENTIFIER.fullmatch(name):
            raise refuse(f"shareIdentifier {name!r} must be up to 255 letters and digits, which * may follow")
        check_range("weightFactor", share.get("weightFactor"), 0.0001, 999.9999)
        for other in names:
            if _overlap(name, other):
                raise refuse(f"shareIdentifiers cannot overlap, but {other!r} and {name!r} do")
        names.append(name)


def _overlap(one: str, other: str) -> bool:
    """Whether a share can be meant by both: a name that ends with * means all that begin so."""
    plain, other_plain = one.removesuffix("*"), other.removesuffix("*")
    return (
        plain == other_plain
        or (one.endswith("*") and other_plain.startswith(plain))
        or (other.endswith("*") and plain.startswith(other_plain))
    )


def delete(service: Service, region: str, request: Document) -> Document:
    """DeleteSchedulingPolicy, unless a queue uses it."""
    known = service.store.region(region)
    name = name_in(region, SCHEDULING_POLICY, request["arn"])
    using = sorted(
        queue["jobQueueName"] for queue in known.queues.values() if queue.get("schedulingPolicyArn") == request["arn"]
    )
    if using:
        raise refuse(f"Cannot delete, the scheduling policy is used by: {', '.join(using)}")
    known.policies.pop(name, None)
    return {}


def describe(service: Service, region: str, request: Document) -> Document:
    """DescribeSchedulingPolicies: those of the ARNs that exist."""
    known = service.store.region(region).policies
    names = [name_in(region, SCHEDULING_POLICY, one) for one in request["arns"]]
    return {"schedulingPolicies": [known[name] for name in names if name in known]}


def list_all(service: Service, region: str, request: Document) -> Document:
    """ListSchedulingPolicies."""
    policies = [{"arn": policy["arn"]} for policy in service.store.region(region).policies.values()]
    found, more = page(policies, request, 100)
    return {"schedulingPolicies": found, **more}
