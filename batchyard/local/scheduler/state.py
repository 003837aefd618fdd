"""The scheduler's whole state: explicit, owned by the caller, changed by `core.step` alone."""

import bisect
from collections import defaultdict
from dataclasses import dataclass, field

from batchyard.local.scheduler.model import Consumable, Environment, Job, Queue

Entry = tuple[int, int, str]
"""A waiting job: its priority (negative, so that the highest comes first), the order of its submission, its key."""


@dataclass(frozen=True)
class ShareUse:
    """What a share of a fair-share queue uses. See `fair_share`."""

    held: float = 0.0
    """vCPUs that its jobs hold now."""
    average: float = 0.0
    """vCPUs that they held over the policy's window, as it was at the time `at`."""
    jobs: int = 0
    """Jobs that have not ended."""
    at: float = 0.0


@dataclass
class State:
    """Compute environments, queues and jobs by key, and indexes over the jobs that make a step cheap."""

    host_limit: int
    """How many attempts may be placed at one time on this machine."""
    environments: dict[str, Environment] = field(default_factory=dict)
    queues: dict[str, Queue] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)

    consumables: dict[str, Consumable] = field(default_factory=dict)

    runnable: dict[str, dict[str, list[Entry]]] = field(default_factory=lambda: defaultdict(dict))
    """By queue, by share (a queue without fair share has one): the jobs that wait, in their order."""
    uses: dict[str, dict[str, ShareUse]] = field(default_factory=lambda: defaultdict(dict))
    """By queue, by share; of fair-share queues only."""
    head_since: dict[str, tuple[str, float]] = field(default_factory=dict)
    """By queue: the job at its head after the last step, and since when."""
    placed: dict[str, float] = field(default_factory=dict)
    """vCPUs held, by job."""
    used: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """vCPUs held, by compute environment."""
    waiting: dict[str, set[str]] = field(default_factory=dict)
    """Dependencies that have not succeeded yet, by job."""
    dependents: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Jobs that wait for a job, by that job."""
    open_children: dict[str, int] = field(default_factory=dict)
    """How many children have not ended, by array parent."""
    submitted: int = 0

    def enqueue(self, job: Job) -> None:
        """Put a job into its queue at the place of its submission: a retried one comes before younger ones."""
        bisect.insort(self.runnable[job.spec.queue].setdefault(job.spec.share, []), _entry(job))

    def dequeue(self, job: Job) -> None:
        """Take a job out of its queue."""
        lines = self.runnable[job.spec.queue]
        line = lines[job.spec.share]
        del line[bisect.bisect_left(line, _entry(job))]
        if not line:
            del lines[job.spec.share]


def _entry(job: Job) -> Entry:
    return -job.spec.priority, job.order, job.key
