"""Other programs as children: their progress on our stderr, their answers as text, none of them left behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TypeVar

from batchyard.process import end_group

_T = TypeVar("_T")


@dataclass(frozen=True)
class Answer:
    """What a program that was asked something said."""

    code: int
    out: str
    err: str

    @property
    def last_words(self) -> str:
        """The last line that says anything: the reason, in most programs' failures."""
        lines = [line.strip() for line in [*self.out.splitlines(), *self.err.splitlines()]]
        return next((line for line in reversed(lines) if line), "it said nothing")


def stream(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a program to its end with all its output on our stderr; returns its exit code."""
    sys.stderr.flush()
    process = subprocess.Popen(
        command,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),
        stderr=sys.stderr.fileno(),
        start_new_session=True,
    )
    return _finish(process, process.wait)


def ask(
    command: Sequence[str], environment: Mapping[str, str], *, stdin: str = "", seconds: float | None = None
) -> Answer:
    """Run a program to its end and keep what it says; raises subprocess.TimeoutExpired after so many seconds.

    `stdin` is how a secret gets there: arguments and environment can be read by others.
    """
    process = subprocess.Popen(
        command,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    out, err = _finish(process, lambda: process.communicate(stdin.encode(), timeout=seconds))
    return Answer(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))


def _finish(process: subprocess.Popen[bytes], wait: Callable[[], _T]) -> _T:
    """Wait; whatever comes meanwhile (Ctrl-C, a time limit) ends the child and its children first."""
    try:
        return wait()
    except BaseException:
        end_group(process)
        raise


@contextmanager
def ended_like_interrupted() -> Iterator[None]:
    """Take TERM and HUP as Ctrl-C: what runs in sessions of its own would outlive us."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
