"""Scheduling policies: create, update, delete, describe, list. They are recorded; every queue is FIFO."""

from batchyard.local.batch.errors import refuse
from batchyard.local.batch.model import Document
from batchyard.local.batch.rules import batch_arn, check_name, check_tags, name_in, page
from batchyard.local.batch.service import Service
from batchyard.local.batch.store import SCHEDULING_POLICY


def create(service: Service, region: str, request: Document) -> Document:
    """CreateSchedulingPolicy."""
    known = service.store.region(region).policies
    name = request["name"]
    check_name("name", name)
    check_tags(request.get("tags", {}))
    if name in known:
        raise refuse("Object already exists")
    policy_arn = batch_arn(region, SCHEDULING_POLICY, name)
    known[name] = {"tags": {}, **request, "arn": policy_arn}
    return {"name": name, "arn": policy_arn}


def update(service: Service, region: str, request: Document) -> Document:
    """UpdateSchedulingPolicy: the policy given replaces the one that was there."""
    known = service.store.region(region)
    old = known.policy(request["arn"])
    known.policies[old["name"]] = {**old, **request, "arn": old["arn"]}
    return {}


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
