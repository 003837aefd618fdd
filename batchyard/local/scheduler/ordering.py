"""The order in which the waiting jobs of a queue are to start: first in, first out, or by fair share."""

from dataclasses import dataclass

from batchyard.local.scheduler import fair_share
from batchyard.local.scheduler.model import Job, Queue
from batchyard.local.scheduler.state import Entry, State


@dataclass
class _Line:
    """The waiting jobs of one share."""

    entries: list[Entry]
    weight: float
    load: float
    taken: int = 0

    @property
    def rank(self) -> tuple[float, int]:
        """The lowest starts next; of equal shares the one whose job was submitted first."""
        return self.weight * self.load, self.entries[self.taken][1]


class Order:
    """A walk along a queue's waiting jobs. Nobody may change the queue meanwhile.

    The share with the lowest weighted load comes next; within a share the highest priority, then the first submitted.
    A queue without fair share has one share only.
    """

    def __init__(self, state: State, queue: Queue, now: float) -> None:
        self._jobs = state.jobs
        self._lines = {
            share: _Line(entries, fair_share.weight(queue.fair_share, share), fair_share.load(state, queue, share, now))
            for share, entries in state.runnable[queue.key].items()
        }

    def next(self) -> Job | None:
        """The next job; None at the end."""
        lines = [line for line in self._lines.values() if line.taken < len(line.entries)]
        if not lines:
            return None
        line = min(lines, key=lambda one: one.rank)
        line.taken += 1
        return self._jobs[line.entries[line.taken - 1][2]]

    def charge(self, job: Job) -> None:
        """Count what a job takes if it starts: it moves its share back."""
        self._lines[job.spec.share].load += job.spec.vcpus
