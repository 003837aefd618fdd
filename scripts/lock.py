#!/usr/bin/env python3
"""Pin every package with its hashes: requirements*.in → requirements*.txt, for every supported Python and system."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# In this order: the tests' tools are held to what the product pins.
FILES = ("requirements", "requirements-node", "requirements-dev")


def main() -> int:
    """Write every lock file; stops at the first that cannot be resolved."""
    uv = Path(sys.prefix) / "bin" / "uv"
    for name in FILES:
        code = subprocess.run(
            [
                uv,
                "pip",
                "compile",
                "--quiet",
                "--universal",
                "--python-version=3.10",
                "--generate-hashes",
                "--no-emit-index-url",
                "--no-header",
                *sys.argv[1:],
                f"{name}.in",
                f"--output-file={name}.txt",
            ],
            cwd=ROOT,
            env={**os.environ, "UV_NO_PROGRESS": "1"},
            check=False,
        ).returncode
        if code != 0:
            print(f"lock: {name}.in cannot be resolved; see above", file=sys.stderr)
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
