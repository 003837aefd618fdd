"""What the scheduler knows: compute environments, job queues, jobs and their attempts. Times are seconds.

Everything here is frozen; only `state.State` changes, and only through `core.step`.
"""

import enum
from dataclasses import dataclass


class Status(str, enum.Enum):
    """The states of a job (AWS Batch User Guide, "Job states"). SUBMITTED has no duration here."""

    PENDING = "PENDING"
    RUNNABLE = "RUNNABLE"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"

    @property
    def is_terminal(self) -> bool:
        """Whether the job will never change again."""
        return self in (Status.SUCCEEDED, Status.FAILED)

    @property
    def is_placed(self) -> bool:
        """Whether the job holds vCPUs of a compute environment."""
        return self in (Status.STARTING, Status.RUNNING)


@dataclass(frozen=True)
class Environment:
    """A compute environment: jobs are placed on it while enabled, up to `max_vcpus` at one time."""

    key: str
    max_vcpus: float
    enabled: bool = True
    expected_vcpus: float | None = None
    """What fair share takes it to have where that is no limit (unmanaged); None: `max_vcpus`."""


@dataclass(frozen=True)
class TimeLimit:
    """A JobStateTimeLimitAction: cancel a job that stood at the queue's head for `seconds` for this reason."""

    reason: str
    seconds: float


@dataclass(frozen=True)
class FairShare:
    """A fair-share scheduling policy: how much of the past counts, what is kept free, and who gets how much."""

    window: float = 600.0
    """Seconds: the time constant with which past use fades."""
    reservation: int = 0
    """Percent, 0 to 99: with n active shares, (reservation / 100) ** n of all vCPUs are kept free for new ones."""
    weights: tuple[tuple[str, float], ...] = ()
    """Weights by share; a name that ends with * stands for all that begin so. A lower weight gets more."""


@dataclass(frozen=True)
class Consumable:
    """A consumable resource: units that jobs hold while they run, and give back unless they use them up."""

    key: str
    total: int
    replenishable: bool = True
    in_use: int = 0

    @property
    def available(self) -> int:
        """Units that a job can have now; a total that was lowered may lie below what is in use."""
        return max(0, self.total - self.in_use)


@dataclass(frozen=True)
class Queue:
    """A job queue: `environments` in the order of preference; a higher `priority` is evaluated earlier."""

    key: str
    priority: int
    environments: tuple[str, ...]
    time_limits: tuple[TimeLimit, ...] = ()
    fair_share: FairShare | None = None
    """None: first in, first out."""


@dataclass(frozen=True)
class ExitRule:
    """One condition of evaluateOnExit: patterns that must all match (None matches anything), and the action."""

    action: str
    on_exit_code: str | None = None
    on_reason: str | None = None
    on_status_reason: str | None = None


@dataclass(frozen=True)
class Retry:
    """How many attempts a job has, and which failures end it early."""

    attempts: int = 1
    rules: tuple[ExitRule, ...] = ()


@dataclass(frozen=True)
class JobSpec:
    """A job as submitted. One with `children` is an array's parent: it never runs, its children do."""

    key: str
    queue: str
    vcpus: float = 1
    dependencies: tuple[str, ...] = ()
    retry: Retry = Retry()
    timeout: float | None = None
    """Seconds from the start of an attempt."""
    children: tuple[str, ...] = ()
    parent: str | None = None
    share: str = ""
    """The share identifier, in a queue with a fair-share policy."""
    priority: int = 0
    """Within a share a job of higher priority starts earlier."""
    consumes: tuple[tuple[str, int], ...] = ()
    """Consumable resources and how many units of each an attempt needs."""


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended: the container's exit code and reason (None: it has none), and the task's reason."""

    status_reason: str
    exit_code: int | None = None
    reason: str | None = None

    @property
    def is_success(self) -> bool:
        """Whether the container ran and exited 0."""
        return self.exit_code == 0


@dataclass(frozen=True)
class Attempt:
    """One try to run a job on a compute environment. `number` counts from 1."""

    number: int
    environment: str
    started_at: float | None = None
    stopped_at: float | None = None
    outcome: Outcome | None = None


class Stop(enum.Enum):
    """Why the scheduler itself ends a running attempt."""

    TIMED_OUT = "timed out"
    TERMINATED = "terminated"


@dataclass(frozen=True)
class Job:
    """A job and everything that has happened to it. `order` counts submissions: first in, first out."""

    spec: JobSpec
    order: int
    created_at: float
    status: Status
    status_reason: str | None = None
    attempts: tuple[Attempt, ...] = ()
    """Ended attempts, oldest first."""
    current: Attempt | None = None
    runnable_since: float | None = None
    started_at: float | None = None
    stopped_at: float | None = None
    stop: Stop | None = None
    is_cancelled: bool = False
    is_terminated: bool = False

    @property
    def key(self) -> str:
        """The job's id."""
        return self.spec.key
