"""What the service only records: members that a real account acts upon, and this one does not.

`GET /_batchyard/batch/recorded` answers `{"recorded": [{"kind", "name", "arn", "members"}]}`: every resource that
was given such members, with their paths.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from batchyard.local.batch.model import Document
from batchyard.local.batch.service import Service
from batchyard.local.batch.store import Region

TASK = "ecsProperties.taskProperties"
TASK_CONTAINERS = f"{TASK}.containers"
CONTAINERS = ("containerProperties", TASK_CONTAINERS)
#: Members of a container that have an effect here, wherever it stands.
OF_A_CONTAINER = (
    "image",
    "command",
    "environment",
    "secrets",
    "vcpus",
    "resourceRequirements.VCPU",
    "logConfiguration.options.awslogs-group",
    "logConfiguration.options.awslogs-stream-prefix",
    "logConfiguration.options.awslogs-create-group",
    "logConfiguration.options.awslogs-region",
    "logConfiguration.logDriver=awslogs",
    "mountPoints.containerPath",
)
#: Members of each kind of resource that have an effect here. A path ends at a member all of whose content counts.
APPLIED: Mapping[str, frozenset[str]] = {
    "compute environment": frozenset(
        {
            "computeEnvironmentName",
            "type",
            "state",
            "unmanagedvCpus",
            "computeResources.type",
            "computeResources.maxvCpus",
            "tags",
        }
    ),
    "job queue": frozenset(
        {
            "jobQueueName",
            "state",
            "priority",
            "computeEnvironmentOrder",
            "jobQueueType",
            "schedulingPolicyArn",
            "tags",
        }
    ),
    "job definition": frozenset(
        {
            "jobDefinitionName",
            "type",
            "parameters",
            "retryStrategy",
            "timeout",
            "tags",
            "schedulingPriority",
            "consumableResourceProperties",
            *(f"{place}.{member}" for place in CONTAINERS for member in OF_A_CONTAINER),
            *(
                f"{TASK_CONTAINERS}.{member}"
                for member in ("name", "essential", "dependsOn", "startTimeout", "stopTimeout")
            ),
            f"{TASK}.volumes.name",
        }
    ),
    "scheduling policy": frozenset({"name", "tags", "fairsharePolicy"}),
}
#: What the service itself adds to a document.
ADDED = frozenset(
    {
        "computeEnvironmentArn",
        "containerOrchestrationType",
        "ecsClusterArn",
        "status",
        "statusReason",
        "uuid",
        "jobQueueArn",
        "jobDefinitionArn",
        "revision",
        "arn",
    }
)
#: The one time limit that is applied; the other reasons do not arise here.
APPLIED_LIMIT = "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE"


def recorded(service: Service) -> Document:
    """All resources with members that are only recorded."""
    with service.lock:
        found = [entry for region in service.store.regions.values() for entry in _of_region(region)]
    return {"recorded": found}


def _of_region(region: Region) -> Iterator[Document]:
    tables = (
        ("compute environment", "computeEnvironmentName", "computeEnvironmentArn", region.environments.values()),
        ("job queue", "jobQueueName", "jobQueueArn", region.queues.values()),
        ("scheduling policy", "name", "arn", region.policies.values()),
        (
            "job definition",
            "jobDefinitionName",
            "jobDefinitionArn",
            [one for revisions in region.definitions.values() for one in revisions],
        ),
    )
    for kind, name, resource_arn, documents in tables:
        for document in documents:
            members = sorted(set(_unapplied(kind, document)))
            if members:
                yield {"kind": kind, "name": document[name], "arn": document[resource_arn], "members": members}


def _unapplied(kind: str, document: Document) -> Iterator[str]:
    for path in _paths(document):
        if path.partition(".")[0] in ADDED:
            continue
        steps = path.split(".")
        prefixes = {".".join(steps[: length + 1]) for length in range(len(steps))}
        if not prefixes & APPLIED[kind]:
            yield path


def _paths(value: Any, path: str = "") -> Iterator[str]:
    """The paths of all members that have a value; list entries are told apart only by their `type` or `reason`."""
    if isinstance(value, dict):
        for name, member in value.items():
            if name == "logDriver":
                yield f"{path}.{name}={member}"
            else:
                yield from _paths(member, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        for one in value:
            yield from _entry_paths(one, path)
    elif value not in ([], ""):
        yield path


def _entry_paths(entry: Document, path: str) -> Iterator[str]:
    if path.endswith("resourceRequirements"):
        yield f"{path}.{entry['type']}"
    elif path == "jobStateTimeLimitActions":
        if entry["reason"] != APPLIED_LIMIT:
            yield f"{path}.{entry['reason']}"
    else:
        yield from _paths(entry, path)
