"""What a runner is told of an attempt, and what it answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from batchyard.local.scheduler.model import Outcome

#: What a container may wait for in another one: that it has started, has ended, or has ended with 0.
Condition = Literal["START", "COMPLETE", "SUCCESS"]


@dataclass(frozen=True)
class LogTarget:
    """A log stream of CloudWatch Logs; the group is made only if `creates_group`."""

    region: str
    group: str
    stream: str
    creates_group: bool


@dataclass(frozen=True)
class Mount:
    """A volume at a path in a container."""

    path: str
    volume: str
    """Where the volume lies among those of the attempt: the same for all who mount it."""
    host_path: str | None = None
    """The folder of the instance that it is, if it is one."""


@dataclass(frozen=True)
class ContainerLaunch:
    """One container of an attempt."""

    name: str
    image: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    """The variables of the job definition and the overrides: they win."""
    secrets: Mapping[str, str]
    """Variables whose values are read when it starts, by the ARN of the secret or parameter."""
    mounts: tuple[Mount, ...]
    logs: LogTarget
    essential: bool = True
    """Whether all others are stopped when it ends, and the job's end is decided by it."""
    depends_on: Mapping[str, Condition] = field(default_factory=dict)
    """What must have happened to others, by their name, before it starts."""
    start_timeout: float | None = None
    """Seconds from its start that others wait for its end."""
    stop_timeout: float | None = None
    """Seconds between TERM and KILL; None: as for every job of this machine."""


@dataclass(frozen=True)
class Launch:
    """One attempt, ready to run: overrides merged, parameters substituted."""

    job_id: str
    attempt: int
    batch_environment: Mapping[str, str]
    """The variables that Batch sets, in every container."""
    containers: tuple[ContainerLaunch, ...]

    @property
    def key(self) -> tuple[str, int]:
        """The attempt, among all attempts."""
        return self.job_id, self.attempt


#: The end of an attempt, and of each of its containers by name.
OnEnded = Callable[[Outcome, Mapping[str, Outcome]], None]


class Runner(Protocol):
    """Starts and stops attempts. No method waits for a job, and none raises for what is wrong with one."""

    def start(self, launch: Launch, on_started: Callable[[], None], on_ended: OnEnded) -> None:
        """Run an attempt; `on_started` once all its processes run, `on_ended` once, from any thread."""

    def stop(self, key: tuple[str, int]) -> None:
        """End an attempt: TERM, and KILL when its time to stop is over. One that has ended is left alone."""

    def close(self) -> None:
        """End every attempt and wait until all are gone."""
