"""What a runner is told of an attempt, and what it answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from batchyard.local.scheduler.model import Outcome


@dataclass(frozen=True)
class LogTarget:
    """A log stream of CloudWatch Logs; the group is made only if `creates_group`."""

    region: str
    group: str
    stream: str
    creates_group: bool


@dataclass(frozen=True)
class Launch:
    """One attempt, ready to run: overrides merged, parameters substituted."""

    job_id: str
    attempt: int
    image: str
    command: tuple[str, ...]
    batch_environment: Mapping[str, str]
    """The variables that Batch sets."""
    environment: Mapping[str, str]
    """The variables of the job definition and the overrides: they win."""
    mount_paths: tuple[str, ...]
    """Paths in the container at which a volume is mounted."""
    host_folders: Mapping[str, str]
    """Those of them at which a folder of the instance is mounted, and which one."""
    logs: LogTarget

    @property
    def key(self) -> tuple[str, int]:
        """The attempt, among all attempts."""
        return self.job_id, self.attempt


class Runner(Protocol):
    """Starts and stops attempts. No method waits for a job, and none raises for what is wrong with one."""

    def start(self, launch: Launch, on_started: Callable[[], None], on_ended: Callable[[Outcome], None]) -> None:
        """Run an attempt; `on_started` once its process runs, `on_ended` once, from any thread."""

    def stop(self, key: tuple[str, int]) -> None:
        """End an attempt: TERM, and KILL when its time to stop is over. One that has ended is left alone."""

    def close(self) -> None:
        """End every attempt and wait until all are gone."""
