#!/usr/bin/env python3
"""`make demo`: the platform on a local AWS account, a real job on it, its output, and the table of jobs.

Every step is a command that a user could type, and is shown as such. The exit code is the job's own. An account
that was up before stays up; one that the demo started goes down with it.
"""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from batchyard.local import state  # noqa: E402 - found beside this script

BATCHYARD = Path(sys.prefix) / "bin" / "batchyard"
JOB = ["examples/hello.sh", "3"]


def batchyard(*arguments: str, capture: bool = False) -> tuple[int, str]:
    """Run one command of ours, shown first; returns its exit code and, if captured, its stdout."""
    print(f"\n$ batchyard {shlex.join(arguments)}", file=sys.stderr, flush=True)
    done = subprocess.run(
        [BATCHYARD, *arguments], cwd=ROOT, stdout=subprocess.PIPE if capture else None, text=True, check=False
    )
    return done.returncode, done.stdout or ""


def run_job() -> int:
    """Submit the job, follow its log, show the table; returns the job's exit code."""
    code, submitted = batchyard("submit", "--local", *JOB, capture=True)
    if code != 0:
        return code
    job_id = submitted.strip()
    print(job_id, flush=True)
    batchyard("logs", "--local", "--follow", job_id)
    code, _ = batchyard("wait", "--local", job_id)
    batchyard("list", "--local")
    return code


def main() -> int:
    """Bring the account up, run the job, and leave things as they were."""
    was_up = state.read() is not None
    try:
        code, _ = batchyard("local", "up")
        return code or run_job()
    except KeyboardInterrupt:
        print("\ndemo: interrupted", file=sys.stderr)
        return 130
    finally:
        if not was_up:
            # A second Ctrl-C must not leave the account behind.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            batchyard("local", "down")


def on_terminate(*_: object) -> None:
    """Turn TERM into the clean way out."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, on_terminate)
    sys.exit(main())
