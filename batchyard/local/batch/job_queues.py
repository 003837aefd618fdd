"""Job queues: create, update, delete, describe, and a look at the front.

Source: AWS Batch API Reference, CreateJobQueue, UpdateJobQueue, DeleteJobQueue, JobStateTimeLimitAction; User Guide,
"Jobs stuck in RUNNABLE" (the three reasons).
"""

from batchyard.local.batch.errors import refuse
from batchyard.local.batch.model import Document
from batchyard.local.batch.rules import batch_arn, check_name, check_range, check_tags, name_in, page
from batchyard.local.batch.service import Service, milliseconds
from batchyard.local.batch.store import JOB_QUEUE, Region
from batchyard.local.scheduler.events import QueuePut, QueueRemoved
from batchyard.local.scheduler.model import FairShare, Queue, TimeLimit

MAXIMUM_ENVIRONMENTS = 3
#: A share decay of 0 means this (API Reference, FairsharePolicy, shareDecaySeconds).
SHORTEST_SHARE_WINDOW = 600.0
TIME_LIMIT_REASONS = (
    "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
)
_FAMILIES = {
    "EC2": "ECS",
    "SPOT": "ECS",
    "FARGATE": "ECS_FARGATE",
    "FARGATE_SPOT": "ECS_FARGATE",
    "ECS_MANAGED_INSTANCES": "ECS_MANAGED_INSTANCES",
}


def create(service: Service, region: str, request: Document) -> Document:
    """CreateJobQueue."""
    known = service.store.region(region)
    name = request["jobQueueName"]
    check_name("jobQueueName", name)
    check_tags(request.get("tags", {}))
    if name in known.queues:
        raise refuse("Object already exists")
    if request.get("serviceEnvironmentOrder") or request.get("jobQueueType") == "SAGEMAKER_TRAINING":
        raise refuse("The local account has no service environments: a queue needs computeEnvironmentOrder")
    if not request.get("computeEnvironmentOrder"):
        raise refuse("computeEnvironmentOrder must name at least one compute environment")
    document: Document = {
        "state": "ENABLED",
        "tags": {},
        **request,
        "jobQueueArn": batch_arn(region, JOB_QUEUE, name),
        "status": "VALID",
        "statusReason": "JobQueue Healthy",
    }
    put(service, known, _checked(known, document))
    return {"jobQueueName": name, "jobQueueArn": document["jobQueueArn"]}


def update(service: Service, region: str, request: Document) -> Document:
    """UpdateJobQueue: members that are given replace what was there."""
    known = service.store.region(region)
    old = known.queue(request["jobQueue"])
    change = {key: value for key, value in request.items() if key != "jobQueue"}
    if request.get("serviceEnvironmentOrder"):
        raise refuse("The local account has no service environments")
    if "computeEnvironmentOrder" in change and not change["computeEnvironmentOrder"]:
        raise refuse("computeEnvironmentOrder must name at least one compute environment")
    if change.get("schedulingPolicyArn") and "schedulingPolicyArn" not in old:
        raise refuse("A FIFO job queue cannot be changed to one with a scheduling policy: create another queue")
    if change.get("schedulingPolicyArn") == "":
        raise refuse("The scheduling policy of a job queue can be replaced, but not removed")
    put(service, known, _checked(known, {**old, **change}))
    return {"jobQueueName": old["jobQueueName"], "jobQueueArn": old["jobQueueArn"]}


def put(service: Service, known: Region, document: Document) -> None:
    """Store a queue, and tell the scheduler of it and of its scheduling policy as that is now."""
    known.queues[document["jobQueueName"]] = document
    policy = known.policy(document["schedulingPolicyArn"]) if "schedulingPolicyArn" in document else None
    service.engine.post(QueuePut(scheduled(document, policy)))


def _checked(known: Region, document: Document) -> Document:
    check_range("priority", document["priority"], 0, 1000)
    if "schedulingPolicyArn" in document:
        known.policy(document["schedulingPolicyArn"])
    order, family = _checked_order(known, document)
    return {
        **document,
        "computeEnvironmentOrder": order,
        "jobQueueType": family,
        "jobStateTimeLimitActions": _checked_limits(document.get("jobStateTimeLimitActions", [])),
    }


def _checked_order(known: Region, document: Document) -> tuple[list[Document], str]:
    """The order with ARNs in place of names, and what kind of queue that makes."""
    order = document["computeEnvironmentOrder"]
    if len(order) > MAXIMUM_ENVIRONMENTS:
        raise refuse(f"computeEnvironmentOrder has {len(order)} entries; at most {MAXIMUM_ENVIRONMENTS} are allowed")
    if len({entry["order"] for entry in order}) < len(order):
        raise refuse("Each entry of computeEnvironmentOrder must have an order of its own")
    environments = [known.environment(entry["computeEnvironment"]) for entry in order]
    arns = [environment["computeEnvironmentArn"] for environment in environments]
    if len(set(arns)) < len(arns):
        raise refuse("A compute environment can stand only once in computeEnvironmentOrder")
    families = {_family(environment) for environment in environments}
    if len(families) > 1:
        raise refuse(f"A job queue cannot mix compute environments of different kinds: {sorted(families)}")
    family = families.pop()
    if document.get("jobQueueType", family) != family:
        raise refuse(f"jobQueueType is {document['jobQueueType']}, but the compute environments are {family}")
    return [{**entry, "computeEnvironment": arn} for entry, arn in zip(order, arns, strict=True)], family


def _family(environment: Document) -> str:
    if environment["containerOrchestrationType"] == "EKS":
        return "EKS"
    return _FAMILIES[environment.get("computeResources", {}).get("type", "EC2")]


def _checked_limits(limits: list[Document]) -> list[Document]:
    for limit in limits:
        check_range("jobStateTimeLimitActions.maxTimeSeconds", limit["maxTimeSeconds"], 600, 86_400)
        if limit["reason"] not in TIME_LIMIT_REASONS:
            allowed = ", ".join(TIME_LIMIT_REASONS)
            raise refuse(f"jobStateTimeLimitActions.reason {limit['reason']!r} must be one of [{allowed}]")
        if limit["action"] != "CANCEL":
            raise refuse("jobStateTimeLimitActions.action must be CANCEL for a queue of compute environments")
    return limits


def delete(service: Service, region: str, request: Document) -> Document:
    """DeleteJobQueue: its jobs are terminated; one that is not there is deleted already."""
    known = service.store.region(region)
    name = name_in(region, JOB_QUEUE, request["jobQueue"])
    document = known.queues.get(name)
    if document is None:
        return {}
    if document["state"] != "DISABLED":
        raise refuse("Cannot delete, state must be DISABLED")
    del known.queues[name]
    service.engine.post(QueueRemoved(document["jobQueueArn"], f"The job queue {name} was deleted"))
    return {}


def describe(service: Service, region: str, request: Document) -> Document:
    """DescribeJobQueues: those that were named and exist, or all."""
    known = service.store.region(region).queues
    references = request.get("jobQueues")
    names = [name_in(region, JOB_QUEUE, one) for one in references] if references else known
    found, more = page([known[name] for name in names if name in known], request, 100)
    return {"jobQueues": found, **more}


def snapshot(service: Service, region: str, request: Document) -> Document:
    """GetJobQueueSnapshot: the first 100 RUNNABLE jobs."""
    queue_arn = service.store.region(region).queue(request["jobQueue"])["jobQueueArn"]
    front = [
        {
            "jobArn": batch_arn(region, "job", job.key),
            "earliestTimeAtPosition": milliseconds(job.runnable_since),
        }
        for job in service.engine.front(queue_arn, 100)
    ]
    return {"frontOfQueue": {"jobs": front, "lastUpdatedAt": milliseconds(service.config.clock.now())}}


def scheduled(document: Document, policy: Document | None = None) -> Queue:
    """The queue as the scheduler sees it, with its scheduling policy if it has one."""
    in_order = sorted(document["computeEnvironmentOrder"], key=lambda entry: int(entry["order"]))
    return Queue(
        key=document["jobQueueArn"],
        priority=document["priority"],
        environments=tuple(entry["computeEnvironment"] for entry in in_order),
        time_limits=tuple(
            TimeLimit(limit["reason"], limit["maxTimeSeconds"]) for limit in document["jobStateTimeLimitActions"]
        ),
        fair_share=None if policy is None else _fair_share(policy.get("fairsharePolicy", {})),
    )


def _fair_share(policy: Document) -> FairShare:
    return FairShare(
        window=max(SHORTEST_SHARE_WINDOW, float(policy.get("shareDecaySeconds", 0))),
        reservation=policy.get("computeReservation", 0),
        weights=tuple(
            (share["shareIdentifier"], float(share.get("weightFactor", 1.0)))
            for share in policy.get("shareDistribution", [])
        ),
    )
