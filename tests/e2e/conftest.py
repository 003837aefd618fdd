"""Local accounts brought up by the command line with the real CDK CLI: one to look at, one to take apart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.local_cli import Desk


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk with the default deployment up and running."""
    desk = Desk(tmp_path_factory.mktemp("account"))
    try:
        desk.batchyard("local", "up").ok()
        yield desk
    finally:
        desk.batchyard("local", "down")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk where no account is up yet."""
    fresh = Desk(tmp_path / "state")
    try:
        yield fresh
    finally:
        fresh.batchyard("local", "down")
