"""Jobs as AWS Batch describes them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from botocore.exceptions import ClientError

from batchyard.client.aws_errors import code_of
from batchyard.client.connection import Connection
from batchyard.client.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from mypy_boto3_batch.type_defs import AttemptDetailTypeDef, JobDetailTypeDef, ListJobsRequestPaginateTypeDef

Status = Literal["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED"]
STATUSES: tuple[Status, ...] = get_args(Status)
FINISHED = frozenset({"SUCCEEDED", "FAILED"})
CANCELLABLE = frozenset({"SUBMITTED", "PENDING", "RUNNABLE"})

# https://docs.aws.amazon.com/batch/latest/APIReference/API_DescribeJobs.html: up to 100 ids a request.
_DESCRIBED_AT_ONCE = 100
# ListJobs gives jobs of every status only with a filter, and this one takes in every job: AWS Batch began in
# December 2016. https://docs.aws.amazon.com/batch/latest/APIReference/API_ListJobs.html
_BEFORE_ANY_JOB_MS = 1_480_550_400_000
# Where Batch sends the log of a job definition that says nothing of its own.
_DEFAULT_LOG_GROUP = "/aws/batch/job"


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
    """The last attempt's."""
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
    def log_streams(self) -> tuple[str, ...]:
        """The log streams of its attempts, the first attempt first."""
        streams = [attempt.log_stream for attempt in self.attempts] + [self.log_stream]
        return tuple(dict.fromkeys(stream for stream in streams if stream))

    def seconds(self, now_ms: int) -> float | None:
        """How long its newest attempt ran, or has been running; None if it did not start."""
        if self.started_at is None:
            return None
        return max(0, (self.stopped_at or now_ms) - self.started_at) / 1000


def describe(connection: Connection, job_ids: Sequence[str]) -> list[Job]:
    """The jobs of these ids, in this order. Raises NotFoundError that names those Batch does not know."""
    wanted = list(dict.fromkeys(job_ids))
    found: dict[str, Job] = {}
    for start in range(0, len(wanted), _DESCRIBED_AT_ONCE):
        try:
            answer = connection.batch.describe_jobs(jobs=wanted[start : start + _DESCRIBED_AT_ONCE])
        except ClientError as error:
            # The service model's only client fault of this request: an id that is none.
            if code_of(error) == "ClientException":
                raise InvalidInputError(f"not job ids: {error.response['Error'].get('Message', '')}") from error
            raise
        found.update({job.id: job for job in map(_job, answer["jobs"])})
    missing = [job_id for job_id in wanted if job_id not in found]
    if missing:
        raise NotFoundError(
            f"Batch knows no job {', '.join(missing)} in {connection}. (It forgets a finished job after some days.)"
        )
    return [found[job_id] for job_id in job_ids]


def list_jobs(
    connection: Connection, queue_arns: Iterable[str], statuses: Iterable[Status] = (), limit: int | None = None
) -> list[Job]:
    """The jobs of these queues, newest first; of these statuses only, if any are named; at most `limit`."""
    wanted = tuple(statuses)
    found: list[tuple[int, str]] = []
    for queue in queue_arns:
        requests: list[ListJobsRequestPaginateTypeDef] = (
            [{"jobQueue": queue, "jobStatus": status} for status in wanted]
            if wanted
            else [
                {
                    "jobQueue": queue,
                    "filters": [{"name": "AFTER_CREATED_AT", "values": [str(_BEFORE_ANY_JOB_MS)]}],
                }
            ]
        )
        for request in requests:
            # With a filter the newest come first, so no more than `limit` are read of a queue; without, all are.
            summaries = _summaries(connection, request)
            found.extend(itertools.islice(summaries, None if wanted else limit))
    newest = [job_id for _, job_id in sorted(found, reverse=True)][:limit]
    return _still_known(connection, newest)


def find_by_name(connection: Connection, queue_arns: Iterable[str], name: str) -> list[tuple[int, str]]:
    """The jobs of exactly this name as (creation time in ms, id), newest first."""
    found: list[tuple[int, str]] = []
    for queue in queue_arns:
        request: ListJobsRequestPaginateTypeDef = {
            "jobQueue": queue,
            "filters": [{"name": "JOB_NAME", "values": [name]}],
        }
        # The filter does not tell capitals from small letters.
        found.extend(_summaries(connection, request, name))
    return sorted(found, reverse=True)


def _summaries(
    connection: Connection, request: ListJobsRequestPaginateTypeDef, name: str | None = None
) -> Iterator[tuple[int, str]]:
    for page in connection.batch.get_paginator("list_jobs").paginate(**request):
        for summary in page["jobSummaryList"]:
            if name is None or summary["jobName"] == name:
                yield summary.get("createdAt", 0), summary["jobId"]


def _still_known(connection: Connection, job_ids: Sequence[str]) -> list[Job]:
    """Like `describe`, without the jobs that Batch forgot between listing and describing."""
    found: list[Job] = []
    for start in range(0, len(job_ids), _DESCRIBED_AT_ONCE):
        batch = job_ids[start : start + _DESCRIBED_AT_ONCE]
        by_id = {job["jobId"]: _job(job) for job in connection.batch.describe_jobs(jobs=batch)["jobs"]}
        found.extend(by_id[job_id] for job_id in batch if job_id in by_id)
    return found


def _job(detail: JobDetailTypeDef) -> Job:
    container = detail.get("container", {})
    amounts = {item["type"]: item["value"] for item in container.get("resourceRequirements", [])}
    logging = container.get("logConfiguration", {})
    options = logging.get("options", {})
    return Job(
        id=detail["jobId"],
        name=detail["jobName"],
        queue_arn=detail["jobQueue"],
        definition_arn=detail["jobDefinition"],
        status=detail["status"],
        status_reason=detail.get("statusReason"),
        exit_code=container.get("exitCode"),
        reason=container.get("reason"),
        created_at=detail.get("createdAt"),
        started_at=detail.get("startedAt"),
        stopped_at=detail.get("stoppedAt"),
        attempts=tuple(_attempt(attempt) for attempt in detail.get("attempts", [])),
        depends_on=tuple(entry["jobId"] for entry in detail.get("dependsOn", []) if "jobId" in entry),
        command=tuple(container.get("command", [])),
        image=container.get("image"),
        vcpus=amounts.get("VCPU"),
        memory_mib=amounts.get("MEMORY"),
        timeout_seconds=detail.get("timeout", {}).get("attemptDurationSeconds"),
        log_driver=logging.get("logDriver", "awslogs"),
        log_group=options.get("awslogs-group", _DEFAULT_LOG_GROUP),
        log_stream=container.get("logStreamName"),
        task_arn=container.get("taskArn"),
        container_instance_arn=container.get("containerInstanceArn"),
    )


def _attempt(detail: AttemptDetailTypeDef) -> Attempt:
    container = detail.get("container", {})
    return Attempt(
        exit_code=container.get("exitCode"),
        reason=container.get("reason"),
        status_reason=detail.get("statusReason"),
        log_stream=container.get("logStreamName"),
        task_arn=container.get("taskArn"),
        container_instance_arn=container.get("containerInstanceArn"),
        started_at=detail.get("startedAt"),
        stopped_at=detail.get("stoppedAt"),
    )
