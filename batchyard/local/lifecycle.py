"""Start, find and end the local account's server."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from batchyard.local import state
from batchyard.local.state import State
from batchyard.process import end_group
from batchyard.toolchain import ROOT

STOP_SECONDS = 45.0
"""How long the server may take to end its jobs, which get TERM first, before it is killed."""


class LocalAccountError(Exception):
    """The local account cannot be started, reached or ended; the message says what to do."""


@dataclass(frozen=True)
class Options:
    """What a user can ask of a local account. None: whatever the running one has, or the default."""

    port: int | None = None
    region: str | None = None
    max_jobs: int | None = None
    host_images: bool | None = None


DEFAULT_REGION = "us-east-1"


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Let only one `up` or `down` at a time change anything; the others wait."""
    state.FOLDER.mkdir(parents=True, exist_ok=True)
    with (state.FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def require_region(region: str) -> None:
    """Raise LocalAccountError for a region that AWS does not have: its services here would fail one by one."""
    from botocore.session import get_session

    session = get_session()
    known = {
        name
        for partition in session.get_available_partitions()
        for name in session.get_available_regions("ec2", partition_name=partition)
    }
    if region not in known:
        close = get_close_matches(region, known, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise LocalAccountError(f"--region: AWS has no region {region!r}{hint}")


def clashes(running: State, options: Options) -> list[str]:
    """What was asked for and the running account does not have, in words."""
    asked = {"port": options.port, "region": options.region, "max_jobs": options.max_jobs}
    asked["host_images"] = options.host_images
    return [
        f"{name.replace('_', ' ')} {getattr(running, name)}, not {value}"
        for name, value in asked.items()
        if value is not None and getattr(running, name) != value
    ]


def start(options: Options) -> State:
    """Start a server that outlives this process, and return where it listens.

    Raises LocalAccountError if it cannot: no such region, the port is taken, or the server ended at once.
    """
    if options.region is not None:
        require_region(options.region)
    command = [
        sys.executable,
        *("-m", "batchyard.local.server"),
        f"--port={options.port or 0}",
        f"--region={options.region or DEFAULT_REGION}",
        f"--max-jobs={options.max_jobs or os.cpu_count() or 1}",
        *(["--host-images"] if options.host_images else []),
    ]
    # The user's own credentials and endpoints have no business in the local account.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
    reading, writing = os.pipe()
    with os.fdopen(reading) as report, state.LOG_FILE.open("wb") as log:
        process = subprocess.Popen(
            [*command, f"--report-to={writing}"],
            cwd=ROOT,
            env={**environment, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(writing,),
            start_new_session=True,
        )
        try:
            os.close(writing)
            line = report.readline().strip()
        except BaseException:
            end_group(process)
            raise
    started = state.load()
    if line == "ready" and started is not None:
        return started
    end_group(process)
    if line.startswith("error: "):
        advice = "choose another with --port, or leave --port out to take a free one"
        raise LocalAccountError(f"{line.removeprefix('error: ')}: {advice}" if "port" in line else line)
    tail = "\n  ".join(state.LOG_FILE.read_text(errors="replace").strip().splitlines()[-12:])
    raise LocalAccountError(f"the server ended before it listened. The end of {state.LOG_FILE}:\n  {tail}")


def stop(running: State) -> None:
    """End a server and its jobs. Returns once its process is gone and its state file with it."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(running.pid, signal.SIGTERM)
        if not gone(running.pid, STOP_SECONDS):
            os.killpg(running.pid, signal.SIGKILL)
            gone(running.pid, STOP_SECONDS)
    state.remove(running.instance)


def gone(pid: int, seconds: float) -> bool:
    """Wait until a process that may not be our child has ended; False if it still runs after so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not runs(pid):
            return True
        time.sleep(0.05)
    return False


def runs(pid: int) -> bool:
    """Whether a process runs; one that has ended and that its parent has not taken note of does not."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with contextlib.suppress(OSError):
        # proc(5): the state follows the command's name, which is in brackets and may hold anything.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def forget_stale() -> Path | None:
    """Remove a state file whose account is gone; returns the file if there was one."""
    stale = state.load()
    if stale is None or stale.answers():
        return None
    state.remove(stale.instance)
    return state.STATE_FILE
