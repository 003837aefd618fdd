"""A job's output on its way to CloudWatch Logs, line by line.

Source: CloudWatch Logs API Reference, PutLogEvents (sizes, order); Docker's awslogs driver (its options; an empty
line makes no event, as an event cannot be empty).
"""

import contextlib
import functools
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from batchyard.local.runners.launch import LogTarget

OVERHEAD = 26
MAXIMUM_EVENT = 256 * 1024 - OVERHEAD
MAXIMUM_BATCH = 1_048_576
MAXIMUM_EVENTS = 10_000
FLUSH_INTERVAL = 0.2

log = logging.getLogger(__name__)


class LogGroupError(Exception):
    """The log stream cannot be made; the message says why."""


@dataclass
class Lines:
    """Cuts a stream of bytes into lines, and lines into events that CloudWatch Logs takes."""

    partial: bytes = b""

    def feed(self, data: bytes) -> list[str]:
        """The events that are complete now."""
        *lines, self.partial = (self.partial + data).split(b"\n")
        events = [event for line in lines for event in _cut(line)]
        while len(self.partial) > MAXIMUM_EVENT:
            whole = _boundary(self.partial, MAXIMUM_EVENT)
            events.append(_decoded(self.partial[:whole]))
            self.partial = self.partial[whole:]
        return events

    def rest(self) -> list[str]:
        """The last line, if the stream did not end with a newline."""
        line, self.partial = self.partial, b""
        return _cut(line)


def _cut(line: bytes) -> list[str]:
    events = []
    while line:
        whole = _boundary(line, MAXIMUM_EVENT)
        events.append(_decoded(line[:whole]))
        line = line[whole:]
    return events


def _boundary(data: bytes, limit: int) -> int:
    """The largest length up to `limit` that does not cut a UTF-8 character in two."""
    if len(data) <= limit:
        return len(data)
    end = limit
    while end > limit - 4 and data[end] & 0xC0 == 0x80:
        end -= 1
    return end


def _decoded(data: bytes) -> str:
    # A byte that is no UTF-8 becomes three in the replacement character: cut to what an event may hold.
    text = data.decode(errors="replace")
    return text if len(text.encode()) <= MAXIMUM_EVENT else text[: MAXIMUM_EVENT // 3]


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code"))


@dataclass
class LogStream:
    """Collects events and writes them in batches. A failed write is counted, and never ends the job."""

    make_client: Callable[[str], Any]
    """A boto3 client of CloudWatch Logs for a region."""
    target: LogTarget
    pending: list[dict[str, Any]] = field(default_factory=list)
    pending_bytes: int = 0
    flushed_at: float = 0.0
    last_timestamp: int = 0
    lost: int = 0
    failure: str = ""

    @functools.cached_property
    def client(self) -> Any:
        """The client, made by whoever writes first: a wrong region is a fault of the job's."""
        return self.make_client(self.target.region)

    def open(self) -> None:
        """Make the stream, and the group if the target says so. Raises LogGroupError."""
        try:
            self._open()
        except (BotoCoreError, ClientError, ValueError) as error:
            group = self.target.group
            raise LogGroupError(f"failed to create Cloudwatch log stream: log group {group!r}: {error}") from error

    def _open(self) -> None:
        names = {"logGroupName": self.target.group, "logStreamName": self.target.stream}
        try:
            self.client.create_log_stream(**names)
        except ClientError as error:
            if not self.target.creates_group or _code(error) != "ResourceNotFoundException":
                raise
            with contextlib.suppress(self.client.exceptions.ResourceAlreadyExistsException):
                # Another job may have made it meanwhile.
                self.client.create_log_group(logGroupName=self.target.group)
            self.client.create_log_stream(**names)

    def add(self, messages: list[str]) -> None:
        """Take events in; full batches are written at once."""
        for message in messages:
            size = len(message.encode()) + OVERHEAD
            if self.pending_bytes + size > MAXIMUM_BATCH or len(self.pending) == MAXIMUM_EVENTS:
                self.flush()
            # A batch must be in order, also when the machine's clock is set back.
            self.last_timestamp = max(self.last_timestamp, int(time.time() * 1000))
            self.pending.append({"timestamp": self.last_timestamp, "message": message})
            self.pending_bytes += size

    def seconds_to_flush(self) -> float | None:
        """When `flush` is due; None while nothing is pending."""
        if not self.pending:
            return None
        return max(0.0, self.flushed_at + FLUSH_INTERVAL - time.monotonic())

    def flush(self) -> None:
        """Write what is pending."""
        if not self.pending:
            return
        events, self.pending, self.pending_bytes = self.pending, [], 0
        try:
            self.client.put_log_events(
                logGroupName=self.target.group, logStreamName=self.target.stream, logEvents=events
            )
        except (BotoCoreError, ClientError) as error:
            self.lost += len(events)
            self.failure = str(error)
            log.warning("%s/%s: %s", self.target.group, self.target.stream, error)
        self.flushed_at = time.monotonic()

    @property
    def complaint(self) -> str | None:
        """What to tell of events that could not be written; None if all were."""
        if not self.lost:
            return None
        return f"{self.lost} log events could not be written to {self.target.group}: {self.failure}"
