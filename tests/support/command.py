"""The command `batchyard` as a process, pointed at an endpoint or at nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

BATCHYARD = Path(sys.prefix) / "bin" / "batchyard"
# More than any command here takes.
SECONDS = 120


@dataclass(frozen=True)
class Done:
    """A process that ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Command:
    """`batchyard` in a folder and an environment of the test's own."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def full_environment(self) -> dict[str, str]:
        """No other account in sight, no other state, plain output of a known width."""
        return {
            **os.environ,
            "BATCHYARD_STATE": str(self.folder / "state"),
            "NO_COLOR": "1",
            "COLUMNS": "200",
            **self.environment,
        }

    def __call__(self, *arguments: str | Path, stdin: str = "") -> Done:
        """Run it to its end."""
        done = subprocess.run(
            [BATCHYARD, *arguments],
            cwd=self.folder,
            env=self.full_environment(),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start it in a process group of its own, with pipes for its output."""
        return subprocess.Popen(
            [BATCHYARD, *arguments],
            cwd=self.folder,
            env=self.full_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
