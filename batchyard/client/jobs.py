"""Finding jobs: by id, by name, in queues."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from batchyard.client.aws_errors import code_of
from batchyard.client.connection import Connection
from batchyard.client.errors import InvalidInputError, NotFoundError
from batchyard.client.job import Job, Status, job_of

if TYPE_CHECKING:
    from mypy_boto3_batch.type_defs import ListJobsRequestPaginateTypeDef

# https://docs.aws.amazon.com/batch/latest/APIReference/API_DescribeJobs.html: up to 100 ids a request.
_DESCRIBED_AT_ONCE = 100
# ListJobs gives jobs of every status only with a filter, and this one takes in every job: AWS Batch began in
# December 2016. https://docs.aws.amazon.com/batch/latest/APIReference/API_ListJobs.html
_BEFORE_ANY_JOB_MS = 1_480_550_400_000


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
        found.update({job.id: job for job in map(job_of, answer["jobs"])})
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
        by_id = {job["jobId"]: job_of(job) for job in connection.batch.describe_jobs(jobs=batch)["jobs"]}
        found.extend(by_id[job_id] for job_id in batch if job_id in by_id)
    return found
