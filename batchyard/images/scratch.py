"""Temporary folders that container engines can read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from batchyard.toolchain import STATE


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """A folder for this user alone, gone afterwards.

    Not in /tmp: engines in a virtual machine or a sandbox see the home folder, and often nothing else.
    """
    parent = STATE / "images"
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=parent) as name:
        yield Path(name)
