"""One job as AWS Batch describes it, of one container or of several.

Source: AWS Batch API Reference, JobDetail, AttemptDetail, ContainerDetail, EcsTaskDetails, TaskContainerDetails.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from mypy_boto3_batch.type_defs import AttemptDetailTypeDef, JobDetailTypeDef

Status = Literal["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED"]
STATUSES: tuple[Status, ...] = get_args(Status)
FINISHED = frozenset({"SUCCEEDED", "FAILED"})
CANCELLABLE = frozenset({"SUBMITTED", "PENDING", "RUNNABLE"})

#: Where Batch sends the log of a job definition that says nothing of its own.
_DEFAULT_LOG_GROUP = "/aws/batch/job"
_AWSLOGS = "awslogs"


@dataclass(frozen=True)
class LogStream:
    """Where a container logs to in CloudWatch Logs."""

    container: str | None
    """None: the job's only one."""
    group: str
    name: str


@dataclass(frozen=True)
class ContainerEnd:
    """What became of one of several containers in an attempt."""

    name: str
    exit_code: int | None
    """None: it never started, or has not ended."""
    reason: str | None
    log_stream: str | None


@dataclass(frozen=True)
class Container(ContainerEnd):
    """One of several containers: what it is, and what became of it in the newest attempt. Memory in MiB."""

    essential: bool
    command: tuple[str, ...]
    image: str | None
    vcpus: str | None
    memory_mib: str | None
    log_driver: str
    log_group: str


@dataclass(frozen=True)
class Attempt:
    """One try at running a job, ended. Times are milliseconds since the epoch."""

    exit_code: int | None
    reason: str | None
    """The container's own, such as `OutOfMemoryError`."""
    status_reason: str | None
    log_stream: str | None
    task_arn: str | None
    container_instance_arn: str | None
    started_at: int | None
    stopped_at: int | None
    containers: tuple[ContainerEnd, ...]
    """Those of a job of several; its own exit code is then the deciding one's, and it has no log stream."""


@dataclass(frozen=True)
class Job:
    """One job. Times are milliseconds since the epoch, memory is MiB; None: not known, or not yet."""

    id: str
    name: str
    queue_arn: str
    definition_arn: str
    status: Status
    status_reason: str | None
    exit_code: int | None
    """The last attempt's; of several containers, the first essential one's that is not 0."""
    reason: str | None
    """The container's own, such as `OutOfMemoryError`."""
    created_at: int | None
    started_at: int | None
    stopped_at: int | None
    attempts: tuple[Attempt, ...]
    """Those that ended."""
    depends_on: tuple[str, ...]
    command: tuple[str, ...]
    image: str | None
    vcpus: str | None
    memory_mib: str | None
    timeout_seconds: int | None
    log_driver: str
    log_group: str
    log_stream: str | None
    """The newest attempt's."""
    task_arn: str | None
    container_instance_arn: str | None
    containers: tuple[Container, ...]
    """Those of a job of several: it then has no command, image and log stream itself, and the sum of their amounts."""

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in FINISHED

    @property
    def code(self) -> int:
        """A finished job's exit code for a shell: 0 only if it succeeded; 1 if it failed without a code of its own."""
        return 0 if self.status == "SUCCEEDED" else self.exit_code or 1

    @property
    def why(self) -> str | None:
        """What Batch and the container say about its status."""
        parts = [part for part in (self.status_reason, self.reason) if part]
        return "; ".join(dict.fromkeys(parts)) or None

    @property
    def attempt_logs(self) -> tuple[tuple[LogStream, ...], ...]:
        """The log streams of each attempt that has any in CloudWatch Logs, the first attempt first."""
        attempts: list[Attempt | Job] = [*self.attempts, self]
        logs = [self._logs_of(each) for each in attempts]
        return tuple(dict.fromkeys(streams for streams in logs if streams))

    def _logs_of(self, attempt: Attempt | Job) -> tuple[LogStream, ...]:
        if not self.containers:
            stream, in_cloudwatch = attempt.log_stream, self.log_driver == _AWSLOGS
            return (LogStream(None, self.log_group, stream),) if stream and in_cloudwatch else ()
        groups = {each.name: each.log_group for each in self.containers if each.log_driver == _AWSLOGS}
        return tuple(
            LogStream(each.name, groups[each.name], each.log_stream)
            for each in attempt.containers
            if each.log_stream and each.name in groups
        )

    def seconds(self, now_ms: int) -> float | None:
        """How long its newest attempt ran, or has been running; None if it did not start."""
        if self.started_at is None:
            return None
        return max(0, (self.stopped_at or now_ms) - self.started_at) / 1000


def job_of(detail: JobDetailTypeDef) -> Job:
    """The job that DescribeJobs says this of."""
    task: Any = _task(detail.get("ecsProperties", {}))
    containers = tuple(_container(each) for each in task.get("containers", []))
    container: Any = detail.get("container", {})
    amounts = total_amounts(task.get("containers", [container]))
    logging = container.get("logConfiguration", {})
    decisive = _decisive(containers, {each.name for each in containers if each.essential})
    return Job(
        id=detail["jobId"],
        name=detail["jobName"],
        queue_arn=detail["jobQueue"],
        definition_arn=detail["jobDefinition"],
        status=detail["status"],
        status_reason=detail.get("statusReason"),
        exit_code=decisive.exit_code if decisive else container.get("exitCode"),
        reason=decisive.reason if decisive else container.get("reason"),
        created_at=detail.get("createdAt"),
        started_at=detail.get("startedAt"),
        stopped_at=detail.get("stoppedAt"),
        attempts=tuple(_attempt(attempt, containers) for attempt in detail.get("attempts", [])),
        depends_on=tuple(entry["jobId"] for entry in detail.get("dependsOn", []) if "jobId" in entry),
        command=tuple(container.get("command", [])),
        image=container.get("image"),
        vcpus=amounts.get("VCPU"),
        memory_mib=amounts.get("MEMORY"),
        timeout_seconds=detail.get("timeout", {}).get("attemptDurationSeconds"),
        log_driver=logging.get("logDriver", _AWSLOGS),
        log_group=logging.get("options", {}).get("awslogs-group", _DEFAULT_LOG_GROUP),
        log_stream=container.get("logStreamName"),
        task_arn=(task or container).get("taskArn"),
        container_instance_arn=(task or container).get("containerInstanceArn"),
        containers=containers,
    )


def _attempt(detail: AttemptDetailTypeDef, of_job: tuple[Container, ...]) -> Attempt:
    task: Any = _task(detail)
    container: Any = detail.get("container", {})
    ends = tuple(
        ContainerEnd(each["name"], each.get("exitCode"), each.get("reason"), each.get("logStreamName"))
        for each in task.get("containers", [])
    )
    decisive = _decisive(ends, {each.name for each in of_job if each.essential})
    return Attempt(
        exit_code=decisive.exit_code if decisive else container.get("exitCode"),
        reason=decisive.reason if decisive else container.get("reason"),
        status_reason=detail.get("statusReason"),
        log_stream=container.get("logStreamName"),
        task_arn=(task or container).get("taskArn"),
        container_instance_arn=(task or container).get("containerInstanceArn"),
        started_at=detail.get("startedAt"),
        stopped_at=detail.get("stoppedAt"),
        containers=ends,
    )


def _task(holder: Any) -> Any:
    """The one ECS task of a job of several containers, or of its attempt; empty for other jobs."""
    return next(iter(holder.get("taskProperties", [])), {})


def _container(detail: Any) -> Container:
    logging = detail.get("logConfiguration", {})
    amounts = total_amounts([detail])
    return Container(
        name=detail["name"],
        exit_code=detail.get("exitCode"),
        reason=detail.get("reason"),
        log_stream=detail.get("logStreamName"),
        essential=detail.get("essential", True),
        command=tuple(detail.get("command", [])),
        image=detail.get("image"),
        vcpus=amounts.get("VCPU"),
        memory_mib=amounts.get("MEMORY"),
        log_driver=logging.get("logDriver", _AWSLOGS),
        log_group=logging.get("options", {}).get("awslogs-group", _DEFAULT_LOG_GROUP),
    )


def _decisive(ends: Iterable[ContainerEnd], essential: set[str]) -> ContainerEnd | None:
    """Of several containers the one whose end is the job's: each essential one must end with 0."""
    decisive = [each for each in ends if each.name in essential]
    failed = (each for each in decisive if each.exit_code)
    unknown = (each for each in decisive if each.exit_code is None)
    return next(failed, None) or next(unknown, None) or next(iter(decisive), None)


def total_amounts(containers: Iterable[Any]) -> dict[str, str]:
    """What containers ask for together, by VCPU, MEMORY (MiB) and GPU: as Batch writes amounts, as texts."""
    totals: dict[str, float] = {}
    for item in (item for each in containers for item in each.get("resourceRequirements", [])):
        totals[item["type"]] = totals.get(item["type"], 0.0) + float(item["value"])
    return {kind: f"{total:.12g}" for kind, total in totals.items()}
