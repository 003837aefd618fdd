"""DescribeJobs: what was submitted and what has happened since, in the shape of JobDetail.

Source: AWS Batch API Reference, JobDetail, AttemptDetail, ContainerDetail, EcsTaskDetails, ArrayPropertiesDetail.
"""

from collections import Counter
from typing import Any

from batchyard.local.batch import tasks
from batchyard.local.batch.engine import JobState
from batchyard.local.batch.errors import refuse
from batchyard.local.batch.launching import Task
from batchyard.local.batch.model import Document
from batchyard.local.batch.rules import batch_arn
from batchyard.local.batch.service import Service, milliseconds
from batchyard.local.batch.store import JOB, JobRecord, Region
from batchyard.local.scheduler.model import Attempt, Job, Outcome

MAXIMUM_JOBS = 100
STATUSES = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")


def describe(service: Service, region: str, request: Document) -> Document:
    """DescribeJobs: those that exist."""
    known = service.store.region(region)
    job_ids = request["jobs"]
    if len(job_ids) > MAXIMUM_JOBS:
        raise refuse(f"At most {MAXIMUM_JOBS} jobs can be described at a time, but {len(job_ids)} were given")
    wanted = [_job_id(region, one) for one in job_ids]
    states = service.engine.jobs(one for one in wanted if one in known.jobs)
    return {"jobs": [_detail(service, known, state) for state in states]}


def _job_id(region: str, reference: str) -> str:
    return reference.removeprefix(batch_arn(region, JOB, ""))


def without_none(members: dict[str, Any]) -> Document:
    """The members that have a value."""
    return {name: value for name, value in members.items() if value is not None}


def _detail(service: Service, known: Region, state: JobState) -> Document:
    job = state.job
    record = known.jobs[job.key]
    submission = record.submission
    return without_none(
        {
            "jobArn": batch_arn(known.name, JOB, job.key),
            "jobName": submission.job_name,
            "jobId": job.key,
            "jobQueue": submission.queue_arn,
            "jobDefinition": submission.definition_arn,
            "status": job.status.value,
            "statusReason": status_reason(job),
            **times(job),
            **submission.detail,
            "parameters": submission.parameters,
            "attempts": [_attempt(attempt, submission.form, state) for attempt in job.attempts],
            **_runs(record, state),
            "arrayProperties": array_properties(service, record),
            "tags": known.job_tags.get(submission.job_id, {}),
            "isCancelled": job.is_cancelled,
            "isTerminated": job.is_terminated,
        }
    )


def status_reason(job: Job) -> str | None:
    """The reason of the job's state. While a job waits to be stopped its reason is already known, but not shown."""
    return job.status_reason if job.stop is None or job.status.is_terminal else None


def times(job: Job) -> Document:
    """When the job was created, started and stopped, in milliseconds."""
    return {
        "createdAt": milliseconds(job.created_at),
        "startedAt": milliseconds(job.started_at),
        "stoppedAt": milliseconds(job.stopped_at),
    }


def _attempt(attempt: Attempt, form: str, state: JobState) -> Document:
    outcome = attempt.outcome
    task = state.tasks.get(attempt.number)
    return without_none(
        {
            **_attempted(form, task, outcome),
            "startedAt": milliseconds(attempt.started_at),
            "stoppedAt": milliseconds(attempt.stopped_at),
            "statusReason": outcome.status_reason if outcome else None,
        }
    )


def _attempted(form: str, task: Task | None, outcome: Outcome | None) -> Document:
    """What an attempt was, in the form of the job's definition."""
    if form == tasks.SINGLE:
        return {"container": _only_container(task, outcome)}
    if task is None:
        return {"taskProperties": []}
    containers = [{"name": name, **task.of_container(name), "networkInterfaces": []} for name in task.log_streams]
    return {"taskProperties": [{**task.members, "containers": containers}]}


def _runs(record: JobRecord, state: JobState) -> Document:
    """What runs, as submitted, and its latest attempt."""
    job, submission = state.job, record.submission
    latest = job.current or (job.attempts[-1] if job.attempts else None)
    task = state.tasks.get(latest.number) if latest else None
    if submission.form == tasks.SINGLE:
        return {
            "container": {
                **tasks.only_container(submission.task),
                **_only_container(task, latest.outcome if latest else None),
            }
        }
    containers = [
        {**each, **(task.of_container(each["name"]) if task else {}), "networkInterfaces": []}
        for each in submission.task["containers"]
    ]
    detail = {**submission.task, **(task.members if task else {}), "containers": containers}
    return {"ecsProperties": {"taskProperties": [detail]}}


def _only_container(task: Task | None, outcome: Outcome | None) -> Document:
    return without_none(
        {
            **(task.members if task else {}),
            "logStreamName": task.log_streams[tasks.ONLY] if task else None,
            "exitCode": outcome.exit_code if outcome else None,
            "reason": outcome.reason if outcome else None,
            "networkInterfaces": [],
        }
    )


def array_properties(service: Service, record: JobRecord) -> Document | None:
    """An array's size and how many children are in which state; a child's index; None for other jobs."""
    size = record.submission.array_size
    if size is None:
        return None
    if record.index is not None:
        return {"index": record.index}
    children = service.engine.jobs(f"{record.job_id}:{index}" for index in range(size))
    counts = Counter(child.job.status.value for child in children)
    return {"size": size, "statusSummary": {status: counts.get(status, 0) for status in STATUSES}}
