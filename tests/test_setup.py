"""Set-up as a process: what it says when it cannot, and that it does nothing twice."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from batchyard.toolchain import ROOT
from tests.support.processes import command_lines

SETUP_FILES = (
    "scripts/setup.py",
    "batchyard/__init__.py",
    "batchyard/process.py",
    "pyproject.toml",
    "package.json",
    "package-lock.json",
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-node.txt",
)
# A network where nothing answers, at once.
NO_INDEX = {
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_INDEX_URL": "http://127.0.0.1:9/",
    "PIP_RETRIES": "0",
    "PIP_FIND_LINKS": "",
    "PIP_EXTRA_INDEX_URL": "",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A new checkout, as far as set-up needs it."""
    for name in SETUP_FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def command(checkout: Path, *arguments: str) -> list[str]:
    return [sys.executable, str(checkout / "scripts" / "setup.py"), *arguments]


def test_a_set_up_that_is_current_does_nothing() -> None:
    subprocess.run(command(ROOT, "--dev"), capture_output=True, timeout=240, check=True)
    done = subprocess.run(command(ROOT, "--dev"), capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
def test_without_a_package_index_it_says_what_to_do_and_goes_on_later(checkout: Path) -> None:
    for expected in ("virtual environment", "Python packages"):
        done = subprocess.run(
            command(checkout), env={**os.environ, **NO_INDEX}, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 1
        assert f"setup: {expected}" in done.stderr
        assert "A package index must be reachable" in done.stderr
        assert "Traceback" not in done.stderr
    # The second time the environment stood already and was not made again.
    assert "virtual environment" not in done.stderr


@pytest.mark.slow
def test_an_interrupt_leaves_no_process_behind(checkout: Path) -> None:
    process = subprocess.Popen(
        command(checkout),
        env={**os.environ, **NO_INDEX},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    seen = ""
    while "virtual environment" not in seen:
        chunk = process.stderr.read(1)
        assert chunk, f"ended early: {seen}"
        seen += chunk
    os.killpg(process.pid, signal.SIGINT)
    rest = process.stderr.read()
    assert process.wait(timeout=60) == 130, seen + rest
    assert "interrupted" in rest
    assert "Traceback" not in rest
    assert command_lines(str(checkout)) == []


def test_a_wrong_flag_is_refused() -> None:
    done = subprocess.run(command(ROOT, "--devel"), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "--devel" in done.stderr
