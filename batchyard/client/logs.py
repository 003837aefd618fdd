"""A job's log: the CloudWatch Logs streams of its attempts, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from batchyard.client.aws_errors import code_of
from batchyard.client.connection import Connection
from batchyard.client.errors import BatchyardError
from batchyard.client.jobs import Job


@dataclass(frozen=True)
class LogLine:
    """One event of a job's log."""

    message: str
    timestamp: int
    """Milliseconds since the epoch."""


class LogReader:
    """Reads a job's log from where it last stopped, nothing twice and nothing left out."""

    def __init__(self, connection: Connection, first_stream: int = 0) -> None:
        """Begin with the log stream of the attempt with this index (0: the first attempt)."""
        self._logs = connection.logs
        self._index = first_stream
        self._token: str | None = None

    def read(self, job: Job) -> Iterator[LogLine]:
        """What came since the last call, in order; raises BatchyardError if the job logs elsewhere."""
        if job.log_driver != "awslogs":
            raise BatchyardError(
                f"The log of {job.name} ({job.id}) is not in CloudWatch Logs: its job definition uses the log driver "
                f"{job.log_driver!r}."
            )
        streams = job.log_streams
        while self._index < len(streams):
            yield from self._rest_of(job.log_group, streams[self._index])
            if self._index == len(streams) - 1:
                return
            self._index += 1
            self._token = None

    def _rest_of(self, group: str, stream: str) -> Iterator[LogLine]:
        """The end is where the same token comes back; a page may be empty before that.

        https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
        """
        while True:
            position: dict[str, Any] = {} if self._token is None else {"nextToken": self._token}
            try:
                page = self._logs.get_log_events(
                    logGroupName=group, logStreamName=stream, startFromHead=True, **position
                )
            except ClientError as error:
                if code_of(error) == "ResourceNotFoundException":
                    return  # the container has not written yet
                raise
            for event in page["events"]:
                yield LogLine(event["message"], event["timestamp"])
            if page["nextForwardToken"] == self._token:
                return
            self._token = page["nextForwardToken"]
