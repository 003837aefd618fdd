"""One attempt: its containers wait for each other, run beside each other, and end together.

Source: AWS Batch API Reference, TaskContainerProperties and TaskContainerDependency; AWS Batch User Guide, "Create job
definitions using EcsProperties"; for containers whose condition cannot be met any more and for the order in which
containers are stopped, the ECS agent (`agent/engine/dependencygraph`).
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from batchyard.local.runners.container import NOT_STARTED, RunningContainer, Workplace
from batchyard.local.runners.launch import Condition, ContainerLaunch, Launch
from batchyard.local.runners.logs import LogStream
from batchyard.local.runners.scratch import AttemptFolder, attempt_folder
from batchyard.local.scheduler.model import Outcome

log = logging.getLogger(__name__)


@dataclass
class RunningTask:
    """An attempt whose thread calls `run`; `stop` and `kill` come from other threads."""

    launch: Launch
    folder: AttemptFolder
    containers: Mapping[str, RunningContainer]
    changed: threading.Condition = field(default_factory=threading.Condition)
    """Held to read or write what follows."""
    started: dict[str, float] = field(default_factory=dict)
    """When, by the monotonic clock."""
    ended: dict[str, Outcome] = field(default_factory=dict)
    """By name, in the order of their ends; also of those that never started."""
    is_running: bool = False
    is_stopping: bool = False

    @classmethod
    def of(cls, launch: Launch, workplace: Workplace, logs_client: Callable[[str], Any]) -> "RunningTask":
        """The task of an attempt."""
        folder = attempt_folder(workplace.jobs_folder, launch)
        is_alone = len(launch.containers) == 1
        containers = {
            each.name: RunningContainer(
                each,
                f"job {launch.job_id}, attempt {launch.attempt}, container {each.name}",
                launch.batch_environment,
                folder.scratch(each, is_alone=is_alone),
                workplace,
                LogStream(logs_client, each.logs),
            )
            for each in launch.containers
        }
        return cls(launch, folder, containers)

    def run(self, on_started: Callable[[], None]) -> tuple[Outcome, Mapping[str, Outcome]]:
        """Carry the attempt out and say how it ended, and each container. Nothing is left on return but logs.

        The first container runs in this thread, each other one in a thread of its own.
        """
        first, *others = self.launch.containers
        threads = [threading.Thread(target=self._run, args=(each, on_started), daemon=True) for each in others]
        try:
            self.folder.create()
            for thread in threads:
                thread.start()
            self._run(first, on_started)
            for thread in threads:
                thread.join()
        finally:
            self.folder.remove()
        return self._decisive(), self.ended

    def stop(self) -> None:
        """Ask all containers to end, now or as soon as they have started."""
        with self.changed:
            self._stop_all()

    def kill(self) -> None:
        """Kill all containers, or do not start them."""
        with self.changed:
            self.is_stopping = True
            self.changed.notify_all()
        for container in self.containers.values():
            container.kill()

    def _run(self, launch: ContainerLaunch, on_started: Callable[[], None]) -> None:
        """One container: wait until it may start, run it, say so to the others."""
        try:
            outcome = self._hindrance(launch)
            if outcome is None:
                outcome = self.containers[launch.name].run(lambda: self._note_start(launch.name, on_started))
        except Exception as error:
            # Whatever it was, the others must hear of the end, or the task would wait for ever.
            log.exception("job %s, attempt %s, container %s", *self.launch.key, launch.name)
            outcome = Outcome(NOT_STARTED, reason=f"The local account failed: {error!r}")
        self._note_end(launch, outcome, on_started)

    def _hindrance(self, launch: ContainerLaunch) -> Outcome | None:
        """None as soon as the container may start; how it ends without a start as soon as it never will."""
        with self.changed:
            while True:
                if self.is_stopping:
                    return Outcome(NOT_STARTED, reason="The task was stopped before the container could start")
                met = {name: self._is_met(name, condition) for name, condition in launch.depends_on.items()}
                for name in (name for name, is_met in met.items() if is_met is False):
                    return Outcome(NOT_STARTED, reason=self._unmet(name, launch.depends_on[name]))
                open_ones = [name for name, is_met in met.items() if is_met is None]
                if not open_ones:
                    return None
                left = [seconds for name in open_ones if (seconds := self._seconds_left(name)) is not None]
                self.changed.wait(min(left, default=None))

    def _is_met(self, name: str, condition: Condition) -> bool | None:
        """Whether a condition is met; None: not yet."""
        if name in self.ended:
            return self.ended[name].is_success if condition == "SUCCESS" else name in self.started
        if condition == "START" and name in self.started:
            return True
        return False if self._seconds_left(name) == 0.0 else None

    def _seconds_left(self, name: str) -> float | None:
        """How long others still wait for a container's end; None without a limit, or before its start."""
        limit = self.containers[name].launch.start_timeout
        if limit is None or name not in self.started:
            return None
        return max(0.0, self.started[name] + limit - time.monotonic())

    def _unmet(self, name: str, condition: Condition) -> str:
        if name not in self.started:
            how = "it could not be started"
        elif name in self.ended:
            how = f"it ended with exit code {self.ended[name].exit_code}"
        else:
            how = f"it has not ended within {self.containers[name].launch.start_timeout} seconds"
        return f"It depends on the {condition} of {name}, and {how}"

    def _note_start(self, name: str, on_started: Callable[[], None]) -> None:
        with self.changed:
            self.started[name] = time.monotonic()
            self.changed.notify_all()
            is_now_running = self._is_now_running()
        if is_now_running:
            on_started()

    def _note_end(self, launch: ContainerLaunch, outcome: Outcome, on_started: Callable[[], None]) -> None:
        with self.changed:
            self.ended[launch.name] = outcome
            if launch.essential:
                self.is_stopping = True
            if self.is_stopping:
                self._stop_more()
            self.changed.notify_all()
            is_now_running = self._is_now_running()
        if is_now_running:
            on_started()

    def _is_now_running(self) -> bool:
        """Whether the last container has just got over its start; true once. Until then the job is STARTING."""
        over = self.started.keys() | self.ended.keys()
        if self.is_running or self.is_stopping or not self.started or over < self.containers.keys():
            return False
        self.is_running = True
        return True

    def _stop_all(self) -> None:
        self.is_stopping = True
        self._stop_more()
        self.changed.notify_all()

    def _stop_more(self) -> None:
        """Stop those on which no other container depends that has not ended: the order of starts, reversed."""
        awaited = {name for each in self.launch.containers if each.name not in self.ended for name in each.depends_on}
        for name in self.containers.keys() - self.ended.keys() - awaited:
            self.containers[name].stop()

    def _decisive(self) -> Outcome:
        """The end of the attempt: all essential containers must have ended well, and the first that did not decides."""
        essential = {each.name for each in self.launch.containers if each.essential}
        ends = [outcome for name, outcome in self.ended.items() if name in essential]
        return next((outcome for outcome in ends if not outcome.is_success), ends[0])
