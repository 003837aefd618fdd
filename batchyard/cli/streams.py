"""stdin, stdout and stderr, and the arguments, as a shell may hand them over: closed, full, or no text."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

# What a shell reports of a program that SIGINT ended, or SIGPIPE.
INTERRUPTED = 130
BROKEN_PIPE = 141
_FAILED = 1
# Of these write(2) says no more than the number: which file it was is not told.
_WRITING = (errno.EBADF, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC)
_NAMES = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def tell(text: str) -> None:
    """Say something to the person, on stderr; stdout is for results."""
    # Nobody reads it, or its disk is full: no reason to leave the work undone.
    with contextlib.suppress(OSError):
        print(f"batchyard: {text}", file=sys.stderr, flush=True)


def undecodable(arguments: Sequence[str]) -> bytes | None:
    """The first argument that is no text, as it was given: AWS and the CDK take text only."""
    # Python keeps a byte that is no text as a surrogate (https://peps.python.org/pep-0383/), which is none either.
    wrong = (each for each in arguments if any("\ud800" <= letter <= "\udfff" for letter in each))
    return next((os.fsencode(each) for each in wrong), None)


@contextlib.contextmanager
def written_out() -> Iterator[None]:
    """End the program with one line where its output, or a file, cannot be written, and not with a traceback."""
    _open_closed()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # As on stderr: a log may hold what the locale has no letter for.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        discard_stdout()
        sys.exit(BROKEN_PIPE)
    except OSError as error:
        discard_stdout()
        tell(_said(error))
        sys.exit(_FAILED)


def discard_stdout() -> None:
    """What is still buffered for a reader that has gone, or for a full disk, must not be written at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_closed() -> None:
    """A stream that the caller has closed is /dev/null: else the next file that is opened would have its number."""
    for name, mode in _NAMES:
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 - as long as the program runs


def _said(error: OSError) -> str:
    why = error.strerror or str(error)
    if error.filename is not None:
        return f"{error.filename}: {why}"
    return f"stdout or a file cannot be written: {why}" if error.errno in _WRITING else why
