"""ListJobs: the jobs of a queue, or the children of an array, by state or by one filter.

Source: AWS Batch API Reference, ListJobs and KeyValuesPair.
"""

from collections.abc import Callable, Mapping

from batchyard.local.batch.engine import JobState
from batchyard.local.batch.errors import refuse
from batchyard.local.batch.job_views import array_properties, status_reason, times, without_none
from batchyard.local.batch.model import Document
from batchyard.local.batch.rules import batch_arn, page
from batchyard.local.batch.service import Service, milliseconds
from batchyard.local.batch.store import JOB, JobRecord, Region

Test = Callable[[JobRecord, JobState, str], bool]
SCOPES = ("jobQueue", "arrayJobId", "multiNodeJobId")


def list_jobs(service: Service, region: str, request: Document) -> Document:
    """ListJobs: the youngest first; an array's children by their index."""
    known = service.store.region(region)
    is_wanted = _selection(request)
    states = service.engine.jobs(_candidates(known, request))
    matching = [state for state in states if is_wanted(known.jobs[state.job.key], state)]
    found, more = page(matching, request, 100 if request.get("filters") else 1000)
    return {"jobSummaryList": [_summary(service, known, state) for state in found], **more}


def _candidates(known: Region, request: Document) -> list[str]:
    given = [scope for scope in SCOPES if scope in request]
    if len(given) != 1:
        raise refuse(f"Exactly one of {', '.join(SCOPES)} must be specified; {given or 'none'} was given")
    if given == ["multiNodeJobId"]:
        raise refuse("The local account does not run multi-node parallel jobs")
    if given == ["arrayJobId"]:
        parent = known.job(request["arrayJobId"])
        if parent.submission.array_size is None or parent.index is not None:
            raise refuse(f"Job {parent.job_id} is not an array job")
        return [f"{parent.job_id}:{index}" for index in range(parent.submission.array_size)]
    return known.queue_jobs[known.queue(request["jobQueue"])["jobQueueArn"]][::-1]


def _selection(request: Document) -> Callable[[JobRecord, JobState], bool]:
    filters = request.get("filters", [])
    if len(filters) > 1:
        raise refuse("Only one filter can be used at a time")
    status = request.get("jobStatus")
    if not filters:
        return lambda _, state: state.job.status.value == (status or "RUNNING")
    name, values = filters[0].get("name"), filters[0].get("values", [])
    if name not in _FILTERS:
        raise refuse(f"Filter {name!r} must be one of [{', '.join(_FILTERS)}]")
    if not values:
        raise refuse(f"Filter {name} needs a value")
    if name.endswith("_CREATED_AT") and not all(value.isdigit() for value in values):
        raise refuse(f"Filter {name} takes milliseconds since 1970, but was {values}")
    test = _FILTERS[name]
    only = status if name == "SHARE_IDENTIFIER" else None
    return lambda record, state: (
        any(test(record, state, value) for value in values) and only in (None, state.job.status.value)
    )


def _matches(pattern: str, text: str) -> bool:
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern


def _by_definition(record: JobRecord, _: JobState, value: str) -> bool:
    if value.startswith("arn:"):
        return record.submission.definition_arn == value
    return _matches(value, record.submission.definition_name)


_FILTERS: Mapping[str, Test] = {
    "JOB_NAME": lambda record, _, value: _matches(value.lower(), record.submission.job_name.lower()),
    "JOB_DEFINITION": _by_definition,
    "BEFORE_CREATED_AT": lambda _, state, value: (milliseconds(state.job.created_at) or 0) < int(value),
    "AFTER_CREATED_AT": lambda _, state, value: (milliseconds(state.job.created_at) or 0) > int(value),
    "SHARE_IDENTIFIER": lambda record, _, value: record.submission.detail.get("shareIdentifier") == value,
}


def _summary(service: Service, known: Region, state: JobState) -> Document:
    job = state.job
    record = known.jobs[job.key]
    outcome = job.attempts[-1].outcome if job.attempts and job.current is None else None
    container = without_none(
        {"exitCode": outcome.exit_code if outcome else None, "reason": outcome.reason if outcome else None}
    )
    return without_none(
        {
            "jobArn": batch_arn(known.name, JOB, job.key),
            "jobId": job.key,
            "jobName": record.submission.job_name,
            "jobDefinition": record.submission.definition_arn,
            "shareIdentifier": record.submission.detail.get("shareIdentifier"),
            "status": job.status.value,
            "statusReason": status_reason(job),
            **times(job),
            "container": container or None,
            "arrayProperties": array_properties(service, record),
            "isCancelled": job.is_cancelled,
            "isTerminated": job.is_terminated,
        }
    )
