"""Compute environments: create, update, delete, describe.

Source: AWS Batch API Reference, CreateComputeEnvironment and ComputeResource; User Guide, "Updating compute
environments".
"""

import uuid

from batchyard.local.account import arn
from batchyard.local.batch.errors import refuse
from batchyard.local.batch.launching import Place
from batchyard.local.batch.model import Document
from batchyard.local.batch.rules import batch_arn, check_name, check_range, check_tags, name_in, page
from batchyard.local.batch.service import Service
from batchyard.local.batch.store import COMPUTE_ENVIRONMENT, Region
from batchyard.local.scheduler.events import EnvironmentPut, EnvironmentRemoved
from batchyard.local.scheduler.model import Environment

FARGATE = frozenset({"FARGATE", "FARGATE_SPOT"})
SPOT_STRATEGIES = frozenset(
    {"SPOT_CAPACITY_OPTIMIZED", "SPOT_PRICE_CAPACITY_OPTIMIZED", "SPOT_CAPACITY_OPTIMIZED_PRIORITIZED"}
)
#: What an update may change where the infrastructure cannot be updated in place.
SCALING_MEMBERS = frozenset({"minvCpus", "maxvCpus", "desiredvCpus"})
FARGATE_UPDATE_MEMBERS = SCALING_MEMBERS | {"subnets", "securityGroupIds", "type"}
#: An empty text takes these away.
REMOVABLE = frozenset({"ec2KeyPair", "imageId"})
UNLIMITED = float("inf")


def create(service: Service, region: str, request: Document) -> Document:
    """CreateComputeEnvironment. The ECS cluster is made outside the lock: it is a call to another service."""
    name = request["computeEnvironmentName"]
    identity = str(uuid.uuid4())
    with service.lock:
        known = service.store.region(region)
        document = _new(known, region, request, identity)
    if "eksConfiguration" not in request:
        cluster = f"AWSBatch-{name}-{identity}"
        answer = service.config.clients("ecs", region).create_cluster(clusterName=cluster)
        document["ecsClusterArn"] = answer["cluster"]["clusterArn"]
    with service.lock:
        if name in known.environments:
            raise refuse("Object already exists")
        known.environments[name] = document
        service.engine.put_environment(place(document), EnvironmentPut(scheduled(document)))
    return {"computeEnvironmentName": name, "computeEnvironmentArn": document["computeEnvironmentArn"]}


def _new(known: Region, region: str, request: Document, identity: str) -> Document:
    name = request["computeEnvironmentName"]
    check_name("computeEnvironmentName", name)
    check_tags(request.get("tags", {}))
    if name in known.environments:
        raise refuse("Object already exists")
    is_managed = request["type"] == "MANAGED"
    if is_managed and "computeResources" not in request:
        raise refuse("computeResources must be provided for a MANAGED compute environment")
    if not is_managed and "computeResources" in request:
        raise refuse("computeResources must not be provided for an UNMANAGED compute environment")
    if is_managed and "unmanagedvCpus" in request:
        raise refuse("unmanagedvCpus must not be provided for a MANAGED compute environment")
    if not is_managed and "serviceRole" not in request:
        raise refuse("serviceRole must be provided for an UNMANAGED compute environment")
    linked_role = "role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch"
    document: Document = {
        "state": "ENABLED",
        "serviceRole": arn("iam", "", linked_role),
        "tags": {},
        **request,
        "computeEnvironmentArn": batch_arn(region, COMPUTE_ENVIRONMENT, name),
        "containerOrchestrationType": "EKS" if "eksConfiguration" in request else "ECS",
        "status": "VALID",
        "statusReason": "ComputeEnvironment Healthy",
        "uuid": identity,
    }
    if is_managed:
        document["computeResources"] = _with_defaults(request["computeResources"])
        document["updatePolicy"] = {"terminateJobsOnUpdate": False, "jobExecutionTimeoutMinutes": 30}
        _check(document["computeResources"])
    return document


def _with_defaults(resources: Document) -> Document:
    if resources["type"] not in ("EC2", "SPOT"):
        return resources
    low = resources.get("minvCpus", 0)
    return {
        "allocationStrategy": "BEST_FIT",
        "minvCpus": low,
        "desiredvCpus": low,
        "ec2Configuration": [{"imageType": "ECS_AL2023"}],
        **resources,
    }


def _check(resources: Document) -> None:
    """The rules between members of computeResources."""
    kind = resources["type"]
    is_fargate = kind in FARGATE
    strategy = resources.get("allocationStrategy")
    low, high = resources.get("minvCpus", 0), resources["maxvCpus"]
    if low > high:
        raise refuse(f"minvCpus ({low}) must be less than or equal to maxvCpus ({high})")
    check_range("desiredvCpus", resources.get("desiredvCpus"), low, high)
    check_range("bidPercentage", resources.get("bidPercentage"), 0, 100)
    if strategy in SPOT_STRATEGIES and kind != "SPOT":
        raise refuse(f"allocationStrategy {strategy} is allowed for SPOT only, but the type is {kind}")
    if kind in ("EC2", "SPOT"):
        needed = [name for name in ("subnets", "instanceTypes", "instanceRole") if not resources.get(name)]
        if needed:
            raise refuse(f"computeResources of type {kind} need {', '.join(needed)}")
    if is_fargate:
        wrong = sorted({"instanceTypes", "instanceRole", "minvCpus", "allocationStrategy"} & resources.keys())
        if wrong:
            raise refuse(f"{', '.join(wrong)} must not be provided for {kind}")
    if kind == "SPOT" and strategy == "BEST_FIT" and "spotIamFleetRole" not in resources:
        raise refuse("spotIamFleetRole must be provided for SPOT with the allocation strategy BEST_FIT")
    template = resources.get("launchTemplate", {})
    if "launchTemplateId" in template and "launchTemplateName" in template:
        raise refuse("Only one of launchTemplateId and launchTemplateName can be specified")


def update(service: Service, region: str, request: Document) -> Document:
    """UpdateComputeEnvironment: what can be changed depends on what the environment is."""
    known = service.store.region(region)
    old = known.environment(request["computeEnvironment"])
    new = {**old, **{key: request[key] for key in _PLAIN_UPDATES & request.keys()}}
    if "unmanagedvCpus" in request and old["type"] == "MANAGED":
        raise refuse("unmanagedvCpus must not be provided for a MANAGED compute environment")
    if "computeResources" in request:
        if old["type"] == "UNMANAGED":
            raise refuse("computeResources must not be provided for an UNMANAGED compute environment")
        _check_updatable(old, request["computeResources"])
        new["computeResources"] = _merged(old["computeResources"], request["computeResources"])
        _check(new["computeResources"])
    if "updatePolicy" in request:
        new["updatePolicy"] = {**old.get("updatePolicy", {}), **request["updatePolicy"]}
    known.environments[old["computeEnvironmentName"]] = new
    service.engine.put_environment(place(new), EnvironmentPut(scheduled(new)))
    return {
        "computeEnvironmentName": new["computeEnvironmentName"],
        "computeEnvironmentArn": new["computeEnvironmentArn"],
    }


_PLAIN_UPDATES = frozenset({"state", "unmanagedvCpus", "serviceRole", "context", "ecsSettings"})


def _check_updatable(old: Document, change: Document) -> None:
    resources = old["computeResources"]
    if resources["type"] in FARGATE:
        allowed, why = FARGATE_UPDATE_MEMBERS, "it uses Fargate"
    elif resources.get("allocationStrategy") == "BEST_FIT":
        allowed, why = SCALING_MEMBERS, "its allocation strategy is BEST_FIT"
    elif "/aws-service-role/" not in old["serviceRole"]:
        allowed, why = SCALING_MEMBERS, "its service role is not the service-linked role"
    else:
        allowed, why = frozenset(change), ""
    refused = sorted(
        member
        for member in change.keys() - allowed - {"updateToLatestImageVersion"}
        if change[member] != resources.get(member)
    )
    if refused:
        raise refuse(
            f"{', '.join(refused)} of {old['computeEnvironmentName']} cannot be updated, because {why}; "
            f"only {', '.join(sorted(allowed))} can be"
        )
    desired = change.get("desiredvCpus")
    if desired is not None and desired < resources.get("desiredvCpus", 0):
        raise refuse("Manually scaling down compute environment is not supported: desiredvCpus can only grow")


def _merged(resources: Document, change: Document) -> Document:
    merged = {**resources, **change}
    merged.pop("updateToLatestImageVersion", None)
    template = merged.get("launchTemplate", {})
    if template and not (template.get("launchTemplateId") or template.get("launchTemplateName")):
        del merged["launchTemplate"]
    for member in REMOVABLE & merged.keys():
        if merged[member] == "":
            del merged[member]
    if "desiredvCpus" in merged:
        # Batch itself keeps the desired number between the limits when those are moved.
        low, high = merged.get("minvCpus", 0), merged["maxvCpus"]
        if "desiredvCpus" not in change:
            merged["desiredvCpus"] = min(max(merged["desiredvCpus"], low), high)
    return merged


def delete(service: Service, region: str, request: Document) -> Document:
    """DeleteComputeEnvironment; one that is not there is deleted already."""
    with service.lock:
        known = service.store.region(region)
        name = name_in(region, COMPUTE_ENVIRONMENT, request["computeEnvironment"])
        document = known.environments.get(name)
        if document is None:
            return {}
        if document["state"] != "DISABLED":
            raise refuse("Cannot delete, state must be DISABLED")
        environment_arn = document["computeEnvironmentArn"]
        using = [
            queue["jobQueueName"]
            for queue in known.queues.values()
            if environment_arn in (entry["computeEnvironment"] for entry in queue["computeEnvironmentOrder"])
        ]
        if using:
            raise refuse(f"Cannot delete, found existing JobQueue relationship: {', '.join(sorted(using))}")
        del known.environments[name]
        service.engine.post(EnvironmentRemoved(environment_arn))
    if "ecsClusterArn" in document:
        service.config.clients("ecs", region).delete_cluster(cluster=document["ecsClusterArn"])
    return {}


def describe(service: Service, region: str, request: Document) -> Document:
    """DescribeComputeEnvironments: those that were named and exist, or all."""
    known = service.store.region(region).environments
    references = request.get("computeEnvironments")
    names = [name_in(region, COMPUTE_ENVIRONMENT, one) for one in references or ()] if references else known
    found, more = page([known[name] for name in names if name in known], request, 100)
    return {"computeEnvironments": found, **more}


def place(document: Document) -> Place:
    """The compute environment as a job that runs on it sees it."""
    return Place(
        name=document["computeEnvironmentName"],
        cluster=document.get("ecsClusterArn", "").rpartition("/")[2],
        has_instances=document.get("computeResources", {}).get("type") not in FARGATE,
    )


def scheduled(document: Document) -> Environment:
    """The compute environment as the scheduler sees it. Batch knows no limit of an unmanaged one."""
    resources = document.get("computeResources")
    return Environment(
        key=document["computeEnvironmentArn"],
        max_vcpus=resources["maxvCpus"] if resources else UNLIMITED,
        enabled=document["state"] == "ENABLED",
        expected_vcpus=document.get("unmanagedvCpus"),
    )
