"""What a test needs of the machine: optional on a laptop, required in CI."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest


def unavailable(reason: str) -> None:
    """Skip the test, or fail it in CI, where nothing is optional."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"required in CI: {reason}")
    pytest.skip(reason)


def require_program(name: str) -> Path:
    """The path of a program that the test needs."""
    found = shutil.which(name)
    if found is None:
        unavailable(f"the program {name} is not on PATH")
    return Path(str(found))


def require_root() -> None:
    """The test changes users or mounts file systems."""
    if os.geteuid() != 0:
        unavailable("only root can change users and mount file systems")
