#!/usr/bin/env python3
"""The one gate, on a laptop and in CI: format, lint, types, shell lint, tests. Runs all, then says which failed."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.prefix) / "bin"


def tracked(*patterns: str) -> list[str]:
    """The repository's own files that match, new ones included."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [name for name in listed if (ROOT / name).is_file()]


def shell_scripts() -> list[str]:
    """Every shell script of the repository, by its ending or its first line."""
    scripts = tracked("*.sh")
    for name in tracked(".ci/*", "container/*", "scripts/*", "examples/*"):
        with (ROOT / name).open("rb") as file:
            first = file.readline()
        if first.startswith(b"#!") and (b"bash" in first or first.rstrip().endswith(b"/sh")):
            scripts.append(name)
    return sorted(set(scripts))


def checks() -> dict[str, list[str]]:
    """Each check's name and command."""
    return {
        "format": [str(BIN / "ruff"), "format", "--check", "--quiet", "."],
        "lint": [str(BIN / "ruff"), "check", "--quiet", "."],
        "types": [str(BIN / "mypy"), "--no-error-summary"],
        "shell": [str(BIN / "shellcheck"), "--external-sources", *shell_scripts()],
        "tests": [str(BIN / "pytest"), "-q", "--numprocesses", "auto", "--dist", "loadfile"],
    }


def main() -> int:
    """Run the checks; the exit code is 1 if any failed."""
    table = checks()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", metavar="CHECK", help=f"run only these: {', '.join(table)}")
    chosen = parser.parse_args().only or list(table)
    unknown = [name for name in chosen if name not in table]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; allowed: {', '.join(table)}")
    failed = []
    for name in chosen:
        started = time.monotonic()
        code = subprocess.run(table[name], cwd=ROOT, check=False).returncode
        verdict = "ok" if code == 0 else f"FAILED ({code})"
        print(f"check: {name:<7} {verdict:<12} {time.monotonic() - started:5.1f} s", file=sys.stderr, flush=True)
        if code != 0:
            failed.append(name)
    if failed:
        print(f"check: failed: {', '.join(failed)}. `make format` mends format and much of lint.", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
