"""From a job that was placed to what a runner needs: names, variables, command, log stream.

Source: AWS Batch User Guide, "Job environment variables", "Parameters", "Using the awslogs log driver".
"""

import posixpath
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from batchyard.local.account import arn
from batchyard.local.batch.model import Document
from batchyard.local.batch.store import JobRecord
from batchyard.local.runners.launch import ContainerLaunch, Launch, LogTarget, Mount
from batchyard.local.scheduler.model import Outcome

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
    log_streams: Mapping[str, str]
    """By container."""
    container_instance_arn: str | None
    ends: Mapping[str, Outcome] = field(default_factory=dict)
    """How each container ended, once all have."""

    @property
    def members(self) -> Document:
        """What describe operations say of the task as a whole."""
        members = {"taskArn": self.task_arn}
        if self.container_instance_arn is None:
            return members
        return {**members, "containerInstanceArn": self.container_instance_arn}

    def of_container(self, name: str) -> Document:
        """What describe operations say of one of its containers."""
        end = self.ends.get(name)
        members = {
            "logStreamName": self.log_streams[name],
            "exitCode": end.exit_code if end else None,
            "reason": end.reason if end else None,
        }
        return {member: value for member, value in members.items() if value is not None}


def new_task(record: JobRecord, place: Place) -> Task:
    """A task with an id of its own. This machine is one container instance of every cluster."""
    task_id = uuid.uuid4().hex
    submission = record.submission
    instance = uuid.uuid5(uuid.NAMESPACE_URL, place.cluster).hex
    return Task(
        task_arn=arn("ecs", submission.region, f"task/{place.cluster}/{task_id}"),
        log_streams={
            each["name"]: f"{_log_options(each).get('awslogs-stream-prefix', submission.definition_name)}"
            f"/{each['name']}/{task_id}"
            for each in submission.task["containers"]
        },
        container_instance_arn=(
            arn("ecs", submission.region, f"container-instance/{place.cluster}/{instance}")
            if place.has_instances
            else None
        ),
    )


def launch_of(record: JobRecord, attempt: int, place: Place, task: Task) -> Launch:
    """The attempt, ready to run."""
    submission = record.submission
    volumes = {volume["name"]: volume for volume in submission.task["volumes"]}
    return Launch(
        job_id=record.job_id,
        attempt=attempt,
        batch_environment=_batch_environment(record, attempt, place),
        containers=tuple(
            ContainerLaunch(
                name=each["name"],
                image=each["image"],
                command=substituted(each["command"], submission.parameters),
                environment={one["name"]: one["value"] for one in each["environment"]},
                secrets={
                    one["name"]: _secret_arn(one["valueFrom"], submission.region) for one in each.get("secrets", ())
                },
                mounts=tuple(_mount(point, volumes) for point in each["mountPoints"]),
                logs=_log_target(each, submission.region, task),
                essential=each["essential"],
                depends_on={one["containerName"]: one["condition"] for one in each["dependsOn"]},
                start_timeout=each.get("startTimeout"),
                stop_timeout=each.get("stopTimeout"),
            )
            for each in submission.task["containers"]
        ),
    )


def _log_target(container: Document, region: str, task: Task) -> LogTarget:
    options = _log_options(container)
    group = options.get("awslogs-group", DEFAULT_LOG_GROUP)
    return LogTarget(
        region=options.get("awslogs-region", region),
        group=group,
        stream=task.log_streams[container["name"]],
        creates_group=group == DEFAULT_LOG_GROUP or options.get("awslogs-create-group") == "true",
    )


def _secret_arn(reference: str, region: str) -> str:
    """A parameter of the job's own region may go by its name (API reference, Secret)."""
    return reference if reference.startswith("arn:") else arn("ssm", region, f"parameter/{reference.lstrip('/')}")


def substituted(command: list[str], parameters: Document) -> tuple[str, ...]:
    """The command with every argument `Ref::name` replaced by the parameter; without one it stays."""
    return tuple(
        parameters.get(argument.removeprefix(PLACEHOLDER), argument) if argument.startswith(PLACEHOLDER) else argument
        for argument in command
    )


def _mount(point: Document, volumes: Mapping[str, Document]) -> Mount:
    """A mount point. The same folder of the instance is one volume, by whatever names."""
    name = point.get("sourceVolume", "")
    host_path = volumes.get(name, {}).get("host", {}).get("sourcePath")
    # Normal and absolute, so that none lies outside.
    place = posixpath.normpath(f"/{name if host_path is None else host_path}").lstrip("/")
    kind = "named" if host_path is None else "host"
    return Mount(path=point["containerPath"], volume=posixpath.join(kind, place), host_path=host_path)


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


def _log_options(container: Document) -> dict[str, str]:
    """The options of the awslogs driver; another driver has none that apply here."""
    configuration = container.get("logConfiguration", {})
    options: dict[str, str] = configuration.get("options", {})
    return options if configuration.get("logDriver") == "awslogs" else {}
