#!/usr/bin/env python3
"""Remove what set-up and runs have made. The local account must be down: its jobs run from these folders."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from batchyard.local import state  # noqa: E402 - found beside this script

MADE = (
    ".venv",
    "node_modules",
    ".batchyard",
    "cdk.out",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".hypothesis",
)


def main() -> int:
    """Remove every made folder, unless the local account still runs."""
    if state.read() is not None:
        print("clean: the local account is up: run `batchyard local down` first", file=sys.stderr)
        return 1
    for name in MADE:
        shutil.rmtree(ROOT / name, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
