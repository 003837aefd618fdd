"""Fixtures of the runner's tests; a test module asks for them with `pytest_plugins`."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fault_s3 import FaultS3, fault_s3
from tests.support.requirements import require_root
from tests.support.runner import NOBODY, Bench, s5cmd_binary


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter: pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="runner-tests-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def s5cmd(open_folder: Path) -> Path:
    """s5cmd where every user can reach it: a virtual environment may lie in a closed folder."""
    return Path(shutil.copy(s5cmd_binary(), open_folder / "s5cmd"))


@pytest.fixture(scope="session")
def _endpoint() -> Iterator[FaultS3]:
    with fault_s3() as s3:
        yield s3


@pytest.fixture
def s3(_endpoint: FaultS3) -> FaultS3:
    """The endpoint, forgetful of the test before."""
    _endpoint.forget()
    return _endpoint


@pytest.fixture
def place(open_folder: Path) -> Iterator[Path]:
    """An empty folder that every user may enter."""
    folder = Path(tempfile.mkdtemp(dir=open_folder))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def bench(place: Path, s3: FaultS3, s5cmd: Path) -> Bench:
    """The runner, as the user who runs the tests."""
    return Bench(place, s3.endpoint, s5cmd).prepare()


@pytest.fixture(params=["same user", "nobody"])
def any_bench(request: pytest.FixtureRequest, place: Path, s3: FaultS3, s5cmd: Path) -> Bench:
    """The runner, once as the user who runs the tests, and once without any privilege."""
    if request.param == "same user":
        return Bench(place, s3.endpoint, s5cmd).prepare()
    require_root()
    return Bench(place, s3.endpoint, s5cmd, uid=NOBODY).prepare()
