"""What can happen to the scheduler, and what it decides."""

from dataclasses import dataclass

from batchyard.local.scheduler.model import Consumable, Environment, JobSpec, Outcome, Queue


@dataclass(frozen=True)
class EnvironmentPut:
    """A compute environment was created or changed."""

    environment: Environment


@dataclass(frozen=True)
class EnvironmentRemoved:
    """A compute environment was deleted; its running jobs go on."""

    key: str


@dataclass(frozen=True)
class QueuePut:
    """A job queue was created or changed."""

    queue: Queue


@dataclass(frozen=True)
class QueueRemoved:
    """A job queue was deleted: its jobs are terminated for this reason."""

    key: str
    reason: str


@dataclass(frozen=True)
class ConsumablePut:
    """A consumable resource was created."""

    consumable: Consumable


@dataclass(frozen=True)
class ConsumableChanged:
    """A consumable resource has another total from now on, or (`is_change`) so many units more or fewer."""

    key: str
    quantity: int
    is_change: bool = False


@dataclass(frozen=True)
class ConsumableRemoved:
    """A consumable resource was deleted: jobs that need it wait; those that have it go on."""

    key: str


@dataclass(frozen=True)
class Submitted:
    """Jobs were submitted together: one job, or an array's parent and then its children.

    Dependencies must be known already, or stand earlier in `jobs`; so must the queue.
    """

    jobs: tuple[JobSpec, ...]


@dataclass(frozen=True)
class Started:
    """The process of an attempt runs."""

    job: str
    attempt: int


@dataclass(frozen=True)
class Ended:
    """An attempt is over, whether or not it ever ran."""

    job: str
    attempt: int
    outcome: Outcome


@dataclass(frozen=True)
class Cancelled:
    """The user cancelled a job: it ends unless it has been placed."""

    job: str
    reason: str


@dataclass(frozen=True)
class Terminated:
    """The user terminated a job: it ends, wherever it is."""

    job: str
    reason: str


@dataclass(frozen=True)
class TimePassed:
    """Nothing but time: what `core.next_deadline` named is due."""


Event = (
    EnvironmentPut
    | EnvironmentRemoved
    | QueuePut
    | QueueRemoved
    | ConsumablePut
    | ConsumableChanged
    | ConsumableRemoved
    | Submitted
    | Started
    | Ended
    | Cancelled
    | Terminated
    | TimePassed
)


@dataclass(frozen=True)
class StartAttempt:
    """Start this attempt on this compute environment; answer with `Started` (if it ran) and `Ended`."""

    job: str
    attempt: int
    environment: str


@dataclass(frozen=True)
class StopAttempt:
    """Stop this attempt; answer with `Ended`."""

    job: str
    attempt: int


Decision = StartAttempt | StopAttempt
