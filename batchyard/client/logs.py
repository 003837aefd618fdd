"""A job's log: CloudWatch Logs streams of its attempts, one after the other, and of their containers at once."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from batchyard.client.aws_errors import code_of
from batchyard.client.connection import Connection
from batchyard.client.errors import BatchyardError, NotFoundError
from batchyard.client.job import Job, LogStream


@dataclass(frozen=True)
class LogLine:
    """One event of a job's log."""

    message: str
    timestamp: int
    """Milliseconds since the epoch."""
    container: str | None = None
    """Whose it is, where several are read."""


class LogReader:
    """Reads a job's log from where it last stopped, nothing twice and nothing left out."""

    def __init__(self, connection: Connection, first_attempt: int = 0, container: str | None = None) -> None:
        """Begin with the attempt with this index among those with a log; of several containers read this one only."""
        self._logs = connection.logs
        self._index = first_attempt
        self._container = container
        self._tokens: dict[LogStream, str] = {}

    def read(self, job: Job) -> Iterator[LogLine]:
        """What came since the last call, in order; raises BatchyardError if the job logs elsewhere."""
        check_log(job, self._container)
        attempts = job.attempt_logs
        while self._index < len(attempts):
            chosen = [each for each in attempts[self._index] if self._container in (None, each.container)]
            yield from heapq.merge(*map(self._rest_of, chosen), key=lambda line: line.timestamp)
            if self._index == len(attempts) - 1:
                return
            self._index += 1

    def _rest_of(self, stream: LogStream) -> Iterator[LogLine]:
        """The end is where the same token comes back; a page may be empty before that.

        https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
        """
        name = stream.container if self._container is None else None
        while True:
            token = self._tokens.get(stream)
            position: dict[str, Any] = {} if token is None else {"nextToken": token}
            try:
                page = self._logs.get_log_events(
                    logGroupName=stream.group, logStreamName=stream.name, startFromHead=True, **position
                )
            except ClientError as error:
                if code_of(error) == "ResourceNotFoundException":
                    return  # the container has not written yet
                raise
            for event in page["events"]:
                yield LogLine(event["message"], event["timestamp"], name)
            if page["nextForwardToken"] == token:
                return
            self._tokens[stream] = page["nextForwardToken"]


def check_log(job: Job, container: str | None) -> None:
    """Raise NotFoundError for a container that the job does not have, BatchyardError if the log is elsewhere."""
    names = [each.name for each in job.containers]
    if container is not None and container not in names:
        has = f"it has {', '.join(names)}" if names else "it has a single one; leave --container out"
        raise NotFoundError(f"{job.name} ({job.id}) has no container {container!r}: {has}.")
    drivers = {each.log_driver for each in job.containers if container in (None, each.name)} or {job.log_driver}
    if "awslogs" not in drivers:
        raise BatchyardError(
            f"The log of {job.name} ({job.id}) is not in CloudWatch Logs: its job definition uses the log driver "
            f"{', '.join(map(repr, sorted(drivers)))}."
        )
