"""Which processes there are, without any program to ask."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support.requirements import unavailable


def command_lines(having: str) -> list[str]:
    """Command lines of every process but this one that has a text in its command line or its environment."""
    folder = Path("/proc")
    if not folder.is_dir():
        unavailable("this system has no /proc to list processes from")
    found = []
    for entry in folder.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / "cmdline").read_bytes()
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue
        if having.encode() in line + environment:
            found.append(line.replace(b"\0", b" ").decode(errors="replace"))
    return found
