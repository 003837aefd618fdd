"""The parent of one job's process: it ends the whole job when the job, or the server, ends.

Run as a program of its own, by path and without the project's packages. On standard input it gets one line of JSON
(`arguments`, `environment`, `folder`, `stop_timeout` in seconds, `status`: a descriptor to report to), later `T` to
stop the job. End of input means that the server is gone, however it went: everything is killed at once. It reports
`started <process group>`, `failed <exit code> <reason>` and `exit <code>`, a line each.

The job is a session of its own. On Linux this process adopts the job's orphans (PR_SET_CHILD_SUBREAPER), so that
a daemon that left the session dies with the job too, as a container's processes die with its first one; and the
job's own process is killed if this one is (PR_SET_PDEATHSIG). Elsewhere only the process group is reached.

Source: prctl(2); docker-run(1), "Exit Status": 126 and 127 for a command that cannot be run, 128+N for signal N.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import selectors
import signal
import sys
import time

# Read by type checkers alone: a job waits for every module that is imported here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TextIO

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
NOT_FOUND, NOT_EXECUTABLE = 127, 126


def prctl(option: int, value: int) -> None:
    """Set a Linux process attribute; elsewhere nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def run() -> None:
    """Start the job, wait for its end or for the order to end it, and leave nothing behind."""
    # Out of the server's terminal: Ctrl-C is for the server, which ends its jobs in its own way.
    os.setsid()
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    line, more = _first_line()
    order = json.loads(line)
    report = os.fdopen(order["status"], "w", buffering=1)
    os.set_inheritable(order["status"], False)
    wake, on_child = os.pipe()
    os.set_blocking(on_child, False)
    signal.set_wakeup_fd(on_child, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    job = _start(order, report)
    if job is None:
        return
    # The job alone holds the other ends of its output now.
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    print(f"started {job}", file=report)
    code = _wait(job, wake, order["stop_timeout"], is_stopped=bool(more))
    _kill_rest(job)
    print(f"exit {code}", file=report)


def _first_line() -> tuple[bytes, bytes]:
    """The first line of standard input, and what came with it."""
    read = b""
    while b"\n" not in read:
        part = os.read(0, 1 << 16)
        if not part:
            sys.exit(1)
        read += part
    line, _, more = read.partition(b"\n")
    return line, more


def _start(order: dict[str, Any], report: TextIO) -> int | None:
    """Start the job's process; None, and a report, if it cannot be."""
    arguments: list[str] = order["arguments"]
    told, tell = os.pipe()
    parent = os.getpid()
    job = os.fork()
    if job == 0:
        _become(arguments, order["environment"], order["folder"], parent, tell)
    os.close(tell)
    failure = os.read(told, 16)
    os.close(told)
    if not failure:
        return job
    os.waitpid(job, 0)
    number = int(failure)
    if number in (errno.ENOENT, errno.ENOTDIR):
        code, why = NOT_FOUND, "executable file not found in $PATH"
    else:
        code, why = NOT_EXECUTABLE, os.strerror(number).lower()
    print(f'failed {code} exec: "{arguments[0]}": {why}', file=report)
    return None


def _become(arguments: list[str], environment: dict[str, str], folder: str, parent: int, tell: int) -> None:
    """In the new process: become the job. Never returns."""
    try:
        os.setsid()
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(128 + signal.SIGKILL)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.chdir(folder)
        os.umask(0o022)
        os.execvpe(arguments[0], arguments, environment)  # noqa: S606 - a list, and no shell
    except (OSError, ValueError) as error:
        # A ValueError is an argument or a variable that no process can have: one with a NUL in it.
        os.write(tell, str(getattr(error, "errno", errno.EINVAL)).encode())
    finally:
        os._exit(NOT_FOUND)


def _wait(job: int, wake: int, stop_timeout: float, *, is_stopped: bool) -> int:
    """The job's exit code, as Docker reports it. Kills the job if the server goes or its time to stop is over."""
    kill_at = _stop(job, stop_timeout) if is_stopped else None
    with selectors.DefaultSelector() as selector:
        selector.register(0, selectors.EVENT_READ)
        selector.register(wake, selectors.EVENT_READ)
        while True:
            code = _reap(job)
            if code is not None:
                return code
            left = None if kill_at is None else max(0.0, kill_at - time.monotonic())
            ready = [key.fd for key, _ in selector.select(left)]
            if wake in ready:
                os.read(wake, 4096)
            if 0 in ready:
                if not os.read(0, 4096):
                    _signal_group(job, signal.SIGKILL)
                    selector.unregister(0)
                elif kill_at is None:
                    kill_at = _stop(job, stop_timeout)
            if kill_at is not None and time.monotonic() >= kill_at:
                _signal_group(job, signal.SIGKILL)
                kill_at = time.monotonic() + 1


def _stop(job: int, stop_timeout: float) -> float:
    """Ask the job to end; when it must have ended."""
    _signal_group(job, signal.SIGTERM)
    return time.monotonic() + stop_timeout


def _reap(job: int) -> int | None:
    """Reap whatever has ended; the job's exit code if it is among them."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return None
        if pid == 0:
            return None
        if pid == job:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _signal_group(job: int, number: int) -> None:
    _signal(os.killpg, job, number)


def _signal(send: Callable[[int, int], None], target: int, number: int) -> None:
    """Send a signal to what may be gone already, or may have become another user's."""
    try:
        send(target, number)
    except (ProcessLookupError, PermissionError):
        return


def _kill_rest(job: int) -> None:
    """Kill what the job left running: its group, and every orphan that this process has adopted since."""
    _signal_group(job, signal.SIGKILL)
    while True:
        for pid in _children():
            _signal(os.kill, pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children() -> list[int]:
    """The processes whose parent is this one; none are found where there is no /proc."""
    own = str(os.getpid())
    found = []
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():  # noqa: PTH112, PTH208 - starts faster
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
                    # The program's name stands in parentheses and may hold anything; the parent is the second after.
                    parent = file.read().rpartition(")")[2].split()[1]
            except OSError:
                continue
            if parent == own:
                found.append(int(name))
    return found


if __name__ == "__main__":
    run()
