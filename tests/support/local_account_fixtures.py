"""Fixtures: a local account for the session, and a stack for each test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.support.local_account import Account, StackUnderTest, local_account


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """One account for all tests of a session; each test has stacks and names of its own."""
    with local_account(tmp_path_factory.mktemp("account")) as running:
        yield running


@pytest.fixture
def stack(account: Account) -> StackUnderTest:
    """A stack that does not exist yet, with a name of its own."""
    return StackUnderTest(account, f"stack-{uuid.uuid4().hex[:8]}")
