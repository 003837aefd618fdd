"""Fixtures: a Batch service that runs jobs, one for each test file, and what a job needs on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.batch_platform import Platform, platform
from tests.support.batch_server import Server, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("batch")) as running:
        yield running


@pytest.fixture(scope="module")
def mine(server: Server) -> Platform:
    return platform(server)
