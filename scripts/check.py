#!/usr/bin/env python3
"""The one gate, on a laptop and in CI: format, lint, types, shell lint, tests. Runs all, then says which failed.

The tests run beside the other checks.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
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
        # The slow files begin first (tests/conftest.py), not those with the most tests.
        "tests": [str(BIN / "pytest"), "-q", "--numprocesses=auto", "--dist=loadfile", "--no-loadscope-reorder"],
    }


@dataclass
class Lane:
    """Checks that run one after the other, beside those of another lane."""

    commands: Mapping[str, list[str]]
    output: int | None
    """PIPE where what a check says is kept until it has ended, None where it is shown at once."""
    failed: list[str] = field(default_factory=list)
    current: subprocess.Popen[str] | None = None
    stopped: bool = False

    def run(self) -> None:
        """Run the checks, and say of each how it went."""
        for name, command in self.commands.items():
            if self.stopped:
                return
            started = time.monotonic()
            self.current = subprocess.Popen(command, cwd=ROOT, stdout=self.output, stderr=self.output, text=True)
            said = "".join(part for part in self.current.communicate() if part)
            code = self.current.returncode
            verdict = "ok" if code == 0 else f"FAILED ({code})"
            if code != 0:
                self.failed.append(name)
            line = f"{said}check: {name:<7} {verdict:<12} {time.monotonic() - started:5.1f} s"
            print(f"\n{line}" if self.output else line, file=sys.stderr, flush=True)

    def stop(self) -> None:
        """End what runs, and begin nothing more."""
        self.stopped = True
        if self.current is not None:
            self.current.terminate()


def main() -> int:
    """Run the checks; the exit code is 1 if any failed."""
    table = checks()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", metavar="CHECK", help=f"run only these: {', '.join(table)}")
    chosen = parser.parse_args().only or list(table)
    unknown = [name for name in chosen if name not in table]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; allowed: {', '.join(table)}")
    # The tests wait for much, the types for nothing: side by side they take little longer than the tests alone.
    beside = Lane({name: table[name] for name in chosen if name != "tests"}, subprocess.PIPE)
    tests = Lane({name: table[name] for name in chosen if name == "tests"}, None)
    thread = threading.Thread(target=beside.run)
    thread.start()
    try:
        tests.run()
        thread.join()
    finally:
        beside.stop()
        tests.stop()
    failed = [*beside.failed, *tests.failed]
    if failed:
        print(f"check: failed: {', '.join(failed)}. `make format` mends format and much of lint.", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
