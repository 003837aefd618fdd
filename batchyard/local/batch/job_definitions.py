"""Job definitions: register, deregister, describe. A revision never changes once it is registered.

Source: AWS Batch API Reference, RegisterJobDefinition, RetryStrategy, JobTimeout.
"""

from batchyard.local.batch import consumable_resources, tasks
from batchyard.local.batch.errors import refuse
from batchyard.local.batch.model import Document
from batchyard.local.batch.rules import batch_arn, check_name, check_range, check_tags, name_in, page
from batchyard.local.batch.service import Service
from batchyard.local.batch.store import JOB_DEFINITION, Region

KINDS = ("containerProperties", "nodeProperties", "ecsProperties", "eksProperties")
MINIMUM_TIMEOUT = 60


def register(service: Service, region: str, request: Document) -> Document:
    """RegisterJobDefinition: the next revision of this name."""
    name = request["jobDefinitionName"]
    check_name("jobDefinitionName", name)
    check_tags(request.get("tags", {}))
    _check_kind(request)
    check_retry(request.get("retryStrategy"))
    check_timeout(request.get("timeout"))
    check_range("schedulingPriority", request.get("schedulingPriority"), 0, 9999)
    consumable_resources.check_needs(request.get("consumableResourceProperties", {}))
    described = {form: tasks.described(form, request[form]) for form in tasks.FORMS if form in request}
    revisions = service.store.region(region).definitions.setdefault(name, [])
    revision = revisions[-1]["revision"] + 1 if revisions else 1
    document: Document = {
        "parameters": {},
        "tags": {},
        **request,
        **described,
        "jobDefinitionArn": batch_arn(region, JOB_DEFINITION, f"{name}:{revision}"),
        "revision": revision,
        "status": "ACTIVE",
        "containerOrchestrationType": "EKS" if "eksProperties" in request else "ECS",
    }
    for form, properties in described.items():
        for container in tasks.task_of(form, properties)["containers"]:
            service.images.keep(container["image"])
    revisions.append(document)
    return {
        "jobDefinitionName": name,
        "jobDefinitionArn": document["jobDefinitionArn"],
        "revision": revision,
    }


def _check_kind(request: Document) -> None:
    given = [kind for kind in KINDS if kind in request]
    wanted = "nodeProperties" if request["type"] == "multinode" else "containerProperties"
    if len(given) != 1:
        raise refuse(f"Exactly one of {', '.join(KINDS)} must be provided; {given or 'none'} was given")
    if (request["type"] == "multinode") != (given[0] == "nodeProperties"):
        raise refuse(f"A job definition of type {request['type']} needs {wanted}, but {given[0]} was given")


def check_retry(retry: Document | None) -> None:
    """Refuse a retry strategy that the service would refuse."""
    if retry is None:
        return
    check_range("retryStrategy.attempts", retry.get("attempts"), 1, 10)
    rules = retry.get("evaluateOnExit", [])
    if len(rules) > 5:
        raise refuse(f"retryStrategy.evaluateOnExit has {len(rules)} conditions; at most 5 are allowed")
    if rules and "attempts" not in retry:
        raise refuse("retryStrategy.attempts must be specified with evaluateOnExit")
    for rule in rules:
        code = rule.get("onExitCode")
        if code is not None and not code.removesuffix("*").isdigit() and code != "*":
            raise refuse(f"evaluateOnExit.onExitCode {code!r} can contain only numbers, and end with an asterisk (*)")
        if not rule.keys() & {"onExitCode", "onReason", "onStatusReason"}:
            raise refuse("Each condition of evaluateOnExit needs onExitCode, onReason or onStatusReason")


def check_timeout(timeout: Document | None) -> None:
    """Refuse a timeout below a minute."""
    seconds = (timeout or {}).get("attemptDurationSeconds")
    if seconds is not None and seconds < MINIMUM_TIMEOUT:
        raise refuse(f"timeout.attemptDurationSeconds must be at least {MINIMUM_TIMEOUT}, but was {seconds}")


def find(known: Region, reference: str) -> Document:
    """The definition that `name`, `name:revision` or an ARN refers to; without revision the latest active one."""
    name, _, revision = name_in(known.name, JOB_DEFINITION, reference).partition(":")
    revisions = known.definitions.get(name, [])
    if revision:
        found = [one for one in revisions if str(one["revision"]) == revision]
    else:
        found = [one for one in revisions if one["status"] == "ACTIVE"]
    if not found:
        raise refuse(f"JobDefinition {reference} not found")
    if found[-1]["status"] != "ACTIVE":
        raise refuse(f"JobDefinition {reference} is not ACTIVE: it was deregistered")
    return found[-1]


def deregister(service: Service, region: str, request: Document) -> Document:
    """DeregisterJobDefinition: the revision is INACTIVE from now on."""
    known = service.store.region(region)
    reference = request["jobDefinition"]
    name, _, revision = name_in(region, JOB_DEFINITION, reference).partition(":")
    if not revision:
        raise refuse(f"jobDefinition must be name:revision or an ARN with a revision, but was {reference}")
    known.definitions[name] = [
        {**one, "status": "INACTIVE"} if str(one["revision"]) == revision else one
        for one in known.definitions.get(name, [])
    ]
    return {}


def describe(service: Service, region: str, request: Document) -> Document:
    """DescribeJobDefinitions: the latest revision of a name first."""
    known = service.store.region(region).definitions
    every = [one for revisions in known.values() for one in reversed(revisions)]
    references = request.get("jobDefinitions")
    if references:
        wanted = {name_in(region, JOB_DEFINITION, reference) for reference in references}
        every = [one for one in every if f"{one['jobDefinitionName']}:{one['revision']}" in wanted]
    if "jobDefinitionName" in request:
        every = [one for one in every if one["jobDefinitionName"] == request["jobDefinitionName"]]
    if "status" in request:
        every = [one for one in every if one["status"] == request["status"]]
    found, more = page(every, request, 100)
    return {"jobDefinitions": found, **more}
