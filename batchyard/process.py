"""Run a command in its own process group, and end the whole group whatever happens."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

GRACE_SECONDS = 10.0
"""How long a group that got TERM may take before it gets KILL."""


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and everything it started: TERM, then KILL; returns when the process is reaped."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def run_logged(command: Sequence[str], log: Path, cwd: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run a command to its end with its output added to the log; returns its exit code and its own output.

    An exception that comes meanwhile (Ctrl-C) ends the whole group before it goes on.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a+b") as output:
        output.write(f"\n$ {' '.join(command)}\n".encode())
        output.flush()
        start = output.tell()
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            code = process.wait()
        except BaseException:
            end_group(process)
            raise
        output.seek(start)
        return code, output.read().decode(errors="replace")
