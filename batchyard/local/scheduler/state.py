"""The scheduler's whole state: explicit, owned by the caller, changed by `core.step` alone."""

import bisect
from collections import defaultdict
from dataclasses import dataclass, field

from batchyard.local.scheduler.model import Environment, Job, Queue


@dataclass
class State:
    """Compute environments, queues and jobs by key, and indexes over the jobs that make a step cheap."""

    host_limit: int
    """How many attempts may be placed at one time on this machine."""
    environments: dict[str, Environment] = field(default_factory=dict)
    queues: dict[str, Queue] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)

    runnable: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    """By queue: (order, job), ascending. The first is the queue's head."""
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
        bisect.insort(self.runnable[job.spec.queue], (job.order, job.key))

    def dequeue(self, job: Job) -> None:
        """Take a job out of its queue."""
        line = self.runnable[job.spec.queue]
        del line[bisect.bisect_left(line, (job.order, job.key))]
