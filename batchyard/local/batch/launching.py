"""From a job that was placed to what a runner needs: names, variables, command, log stream.

Source: AWS Batch User Guide, "Job environment variables", "Parameters", "Using the awslogs log driver".
"""

import uuid
from dataclasses import dataclass

from batchyard.local.account import arn
from batchyard.local.batch.model import Document
from batchyard.local.batch.store import JobRecord
from batchyard.local.runners.launch import Launch, LogTarget

DEFAULT_LOG_GROUP = "/aws/batch/job"
PLACEHOLDER = "Ref::"


@dataclass(frozen=True)
class Place:
    """A compute environment as its jobs see it."""

    name: str
    cluster: str
    has_instances: bool
    """False on Fargate: its tasks have no container instance."""


@dataclass(frozen=True)
class Task:
    """The ECS task that an attempt would be."""

    task_arn: str
    log_stream: str
    container_instance_arn: str | None

    @property
    def members(self) -> Document:
        """What describe operations say of it."""
        members = {"taskArn": self.task_arn, "logStreamName": self.log_stream}
        if self.container_instance_arn is None:
            return members
        return {**members, "containerInstanceArn": self.container_instance_arn}


def new_task(record: JobRecord, place: Place) -> Task:
    """A task with an id of its own. This machine is one container instance of every cluster."""
    task_id = uuid.uuid4().hex
    region = record.submission.region
    instance = uuid.uuid5(uuid.NAMESPACE_URL, place.cluster).hex
    return Task(
        task_arn=arn("ecs", region, f"task/{place.cluster}/{task_id}"),
        log_stream=f"{_log_options(record).get('awslogs-stream-prefix', _definition(record))}/default/{task_id}",
        container_instance_arn=(
            arn("ecs", region, f"container-instance/{place.cluster}/{instance}") if place.has_instances else None
        ),
    )


def launch_of(record: JobRecord, attempt: int, place: Place, task: Task) -> Launch:
    """The attempt, ready to run."""
    submission = record.submission
    options = _log_options(record)
    group = options.get("awslogs-group", DEFAULT_LOG_GROUP)
    return Launch(
        job_id=record.job_id,
        attempt=attempt,
        image=submission.container["image"],
        command=substituted(submission.container["command"], submission.parameters),
        batch_environment=_batch_environment(record, attempt, place),
        environment={one["name"]: one["value"] for one in submission.container["environment"]},
        mount_paths=tuple(point["containerPath"] for point in submission.container["mountPoints"]),
        host_folders=_host_folders(submission.container),
        logs=LogTarget(
            region=options.get("awslogs-region", submission.region),
            group=group,
            stream=task.log_stream,
            creates_group=group == DEFAULT_LOG_GROUP or options.get("awslogs-create-group") == "true",
        ),
    )


def substituted(command: list[str], parameters: Document) -> tuple[str, ...]:
    """The command with every argument `Ref::name` replaced by the parameter; without one it stays."""
    return tuple(
        parameters.get(argument.removeprefix(PLACEHOLDER), argument) if argument.startswith(PLACEHOLDER) else argument
        for argument in command
    )


def _host_folders(container: Document) -> dict[str, str]:
    sources = {volume["name"]: volume.get("host", {}).get("sourcePath") for volume in container["volumes"]}
    mounted = {point["containerPath"]: sources.get(point["sourceVolume"]) for point in container["mountPoints"]}
    return {path: source for path, source in mounted.items() if source}


def _batch_environment(record: JobRecord, attempt: int, place: Place) -> dict[str, str]:
    variables = {
        "AWS_BATCH_JOB_ID": record.job_id,
        "AWS_BATCH_JOB_ATTEMPT": str(attempt),
        "AWS_BATCH_JQ_NAME": record.submission.queue_name,
        "AWS_BATCH_CE_NAME": place.name,
    }
    if record.index is not None:
        variables["AWS_BATCH_JOB_ARRAY_INDEX"] = str(record.index)
        variables["AWS_BATCH_JOB_ARRAY_SIZE"] = str(record.submission.array_size)
    return variables


def _log_options(record: JobRecord) -> dict[str, str]:
    """The options of the awslogs driver; another driver has none that apply here."""
    configuration = record.submission.container.get("logConfiguration", {})
    options: dict[str, str] = configuration.get("options", {})
    return options if configuration.get("logDriver") == "awslogs" else {}


def _definition(record: JobRecord) -> str:
    return record.submission.definition_name
