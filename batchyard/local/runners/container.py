"""One container from start to end: scratch, log stream, supervised process, exit code. One thread each."""

import contextlib
import json
import logging
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from batchyard.local.runners.images import ImageRefusedError, Images
from batchyard.local.runners.launch import ContainerLaunch
from batchyard.local.runners.logs import Lines, LogGroupError, LogStream
from batchyard.local.runners.scratch import Scratch, environment_of
from batchyard.local.runners.secrets import SecretError, values_of
from batchyard.local.scheduler.model import Outcome

EXITED = "Essential container in task exited"
NOT_STARTED = "Task failed to start"
SUPERVISOR_GONE = Outcome(EXITED, exit_code=137, reason="The job's supervisor ended before the job did")
SUPERVISOR = Path(__file__).with_name("supervisor.py")
#: How long output may still come after the last process is gone (seconds); it comes at once where all were reached.
LINGER = 2.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Workplace:
    """What all attempts on this machine have in common."""

    endpoint_url: str
    jobs_folder: Path
    tools_folder: Path
    images: Images
    stop_timeout: float
    """Seconds between TERM and KILL."""
    clients: Callable[[str, str], Any]
    """Makes a boto3 client of the account for (service, region), which may be shared between threads."""


@dataclass
class RunningContainer:
    """A container whose thread calls `run`; `stop` and `kill` come from other threads."""

    launch: ContainerLaunch
    job: str
    """Whose it is, for this program's own log."""
    batch_environment: Mapping[str, str]
    scratch: Scratch
    workplace: Workplace
    logs: LogStream
    lock: threading.Lock = field(default_factory=threading.Lock)
    orders: IO[bytes] | None = None
    """The supervisor's standard input, once it runs."""
    is_stopped: bool = False
    is_killed: bool = False

    def stop(self) -> None:
        """Ask it to end, now or as soon as it has started."""
        with self.lock:
            self.is_stopped = True
            _write(self.orders, b"T")

    def kill(self) -> None:
        """Kill it with all its processes, or do not start it."""
        with self.lock:
            self.is_killed = True
            _close(self.orders)
            self.orders = None

    def run(self, on_started: Callable[[], None]) -> Outcome:
        """Run it and say how it ended. No process of it is left on return."""
        try:
            arguments = self.workplace.images.arguments(self.launch)
            secrets = values_of(self.launch.secrets, self.workplace.clients)
            self.logs.open()
            self.scratch.create()
            outcome = self._supervise(arguments, secrets, on_started)
        except (ImageRefusedError, SecretError) as refusal:
            return Outcome(NOT_STARTED, reason=str(refusal))
        except (LogGroupError, OSError, ValueError) as error:
            log.warning("%s: %s", self.job, error)
            return Outcome(NOT_STARTED, reason=f"CannotStartContainerError: {error}")
        complaint = self.logs.complaint
        return replace(outcome, reason=complaint) if complaint and not outcome.reason else outcome

    def _supervise(self, arguments: list[str], secrets: Mapping[str, str], on_started: Callable[[], None]) -> Outcome:
        place = self.workplace
        reports, report = os.pipe()
        order = {
            "arguments": arguments,
            "environment": {
                **environment_of(
                    self.launch, self.scratch, self.batch_environment, place.endpoint_url, place.tools_folder
                ),
                **secrets,
            },
            "folder": str(self.scratch.work),
            "stop_timeout": place.stop_timeout if self.launch.stop_timeout is None else self.launch.stop_timeout,
            "status": report,
        }
        try:
            supervisor = subprocess.Popen(
                [sys.executable, "-I", "-S", "-X", "utf8", str(SUPERVISOR)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(report,),
                env={},
            )
        except OSError:
            os.close(reports)
            raise
        finally:
            os.close(report)
        self._give(supervisor.stdin, json.dumps(order).encode() + b"\n")
        told = _Report(on_started)
        try:
            self._pump(supervisor, reports, told)
        finally:
            self.kill()
            for stream in (supervisor.stdout, supervisor.stderr):
                _close(stream)
            os.close(reports)
            supervisor.wait()
            if told.group is not None:
                # The supervisor was killed: what it would have ended is ended here, as far as it can be reached.
                _kill_group(told.group)
        return told.outcome

    def _give(self, orders: IO[bytes] | None, order: bytes) -> None:
        """Hand the order over, unless the container has been killed meanwhile."""
        with self.lock:
            self.orders = orders
            if self.is_killed:
                _close(orders)
                return
            _write(orders, order + (b"T" if self.is_stopped else b""))

    def _pump(self, supervisor: "subprocess.Popen[bytes]", reports: int, told: "_Report") -> None:
        """Carry output to the log and reports to `told` until all three streams have ended."""
        outputs = {stream.fileno(): Lines() for stream in (supervisor.stdout, supervisor.stderr) if stream}
        give_up_at: float | None = None
        with selectors.DefaultSelector() as selector:
            for descriptor in (reports, *outputs):
                selector.register(descriptor, selectors.EVENT_READ)
            while selector.get_map():
                for key, _ in selector.select(self._patience(give_up_at)):
                    data = os.read(key.fd, 1 << 16)
                    if key.fd in outputs:
                        lines = outputs[key.fd]
                        self.logs.add(lines.feed(data))
                    else:
                        told.feed(data)
                    if not data:
                        selector.unregister(key.fd)
                        if key.fd == reports:
                            give_up_at = time.monotonic() + LINGER
                if self.logs.seconds_to_flush() == 0.0:
                    self.logs.flush()
                if give_up_at is not None and time.monotonic() >= give_up_at:
                    break
        for lines in outputs.values():
            self.logs.add(lines.rest())
        self.logs.flush()

    def _patience(self, give_up_at: float | None) -> float | None:
        until_flush = self.logs.seconds_to_flush()
        until_end = None if give_up_at is None else max(0.0, give_up_at - time.monotonic())
        return min((one for one in (until_flush, until_end) if one is not None), default=None)


@dataclass
class _Report:
    """What the supervisor says of the job, line by line."""

    on_started: Callable[[], None]
    outcome: Outcome = SUPERVISOR_GONE
    group: int | None = None
    """The job's process group, while nobody has said that it is gone."""
    partial: bytes = b""

    def feed(self, data: bytes) -> None:
        *lines, self.partial = (self.partial + data).split(b"\n")
        for line in lines:
            self._take(line.decode(errors="replace"))

    def _take(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word == "started":
            self.group = int(rest)
            self.on_started()
        elif word == "failed":
            code, _, why = rest.partition(" ")
            self.outcome = Outcome(NOT_STARTED, int(code), f"CannotStartContainerError: {why}")
        elif word == "exit":
            self.outcome = Outcome(EXITED, int(rest))
            self.group = None


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _write(stream: IO[bytes] | None, data: bytes) -> None:
    """Write to a supervisor that may be gone already."""
    if stream is None or stream.closed:
        return
    try:
        stream.write(data)
        stream.flush()
    except OSError as error:
        log.debug("the supervisor is gone: %s", error)


def _close(stream: Any) -> None:
    """Close a pipe; what could not be written any more does not matter."""
    if stream is None:
        return
    try:
        stream.close()
    except OSError as error:
        log.debug("the supervisor is gone: %s", error)
