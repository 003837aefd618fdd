"""Waits for jobs, and follows one with its log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from botocore import exceptions

from batchyard.client.connection import Connection
from batchyard.client.job import Job
from batchyard.client.jobs import describe
from batchyard.client.logs import LogLine, LogReader

# So long after a job's end its log is complete.
_SURELY_SETTLED_SECONDS = 120.0

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Polling:
    """How often to ask. All in seconds."""

    shortest: float
    """The pause after something happened; it grows by half while nothing does."""
    longest: float
    settle: float
    """How long a finished job's log must have been quiet to be complete: CloudWatch shows an event late."""
    patience: float
    """How long AWS may be out of reach (a laptop that sleeps, a lost network) before waiting is given up."""
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def pauses(self) -> Iterator[float]:
        """The pauses while nothing happens, without end."""
        pause = self.shortest
        while True:
            yield pause
            pause = min(pause * 1.5, self.longest)

    def again(self, call: Callable[[], Iterator[_Item]]) -> Iterator[_Item]:
        """What the call yields; it is made again if the network fails, for as long as the patience lasts.

        The call must go on where it stopped.
        """
        give_up = self.clock() + self.patience
        while True:
            try:
                yield from call()
            except (exceptions.HTTPClientError, exceptions.EndpointConnectionError):  # noqa: PERF203 - it asks again
                if self.clock() >= give_up:
                    raise
                self.sleep(self.longest)
            else:
                return


ON_AWS = Polling(shortest=0.5, longest=5.0, settle=5.0, patience=300.0)
ON_THIS_MACHINE = Polling(shortest=0.1, longest=0.5, settle=0.0, patience=0.0)


def polling_for(connection: Connection) -> Polling:
    """How often this account may be asked."""
    return ON_THIS_MACHINE if connection.is_loopback else ON_AWS


def wait(connection: Connection, job_ids: Sequence[str], polling: Polling | None = None) -> Iterator[Job]:
    """Each job whenever its status, or the reason for it, is a new one, until all have finished."""
    polling = polling or polling_for(connection)
    shown: dict[str, object] = {}
    waiting = list(dict.fromkeys(job_ids))
    pauses = polling.pauses()
    while True:
        jobs = _ask(connection, waiting, polling)
        for job in jobs:
            if shown.get(job.id) != (job.status, job.why):
                shown[job.id] = (job.status, job.why)
                pauses = polling.pauses()
                yield job
        waiting = [job.id for job in jobs if not job.finished]
        if not waiting:
            return
        polling.sleep(next(pauses))


def follow(
    connection: Connection,
    job_id: str,
    *,
    first_attempt: int = 0,
    container: str | None = None,
    polling: Polling | None = None,
) -> Iterator[Job | LogLine]:
    """The job whenever its status, or the reason for it, is a new one, and its log as it is written.

    The finished job comes last, after its log to the end.

    `first_attempt`: the index of the attempt to begin with, among those with a log; later ones follow. `container`: of
    several containers only this one's log.
    """
    polling = polling or polling_for(connection)
    reader = LogReader(connection, first_attempt, container)
    shown: object = None
    pauses = polling.pauses()
    while True:
        (job,) = _ask(connection, [job_id], polling)
        if job.finished:
            yield from _rest(reader, job, polling)
            yield job
            return
        if shown != (job.status, job.why):
            shown = (job.status, job.why)
            pauses = polling.pauses()
            yield job
        for line in polling.again(partial(reader.read, job)):
            pauses = polling.pauses()
            yield line
        polling.sleep(next(pauses))


def _ask(connection: Connection, job_ids: Sequence[str], polling: Polling) -> list[Job]:
    return list(polling.again(lambda: iter(describe(connection, job_ids))))


def _rest(reader: LogReader, job: Job, polling: Polling) -> Iterator[LogLine]:
    """The log of a finished job to its end: until nothing more came for the time it takes to settle."""
    ended = (job.stopped_at or 0) / 1000
    settle = polling.settle if time.time() - ended < _SURELY_SETTLED_SECONDS else 0.0
    quiet_since = polling.clock()
    for pause in polling.pauses():
        for line in polling.again(partial(reader.read, job)):
            quiet_since = polling.clock()
            yield line
        if not job.attempt_logs or polling.clock() - quiet_since >= settle:
            return
        polling.sleep(pause)
