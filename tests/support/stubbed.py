"""A connection whose AWS answers what a test says, and fails on a request that the test did not foresee."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from botocore.stub import Stubber

from batchyard.client.connection import Connection, connect_to_endpoint
from tests.support.records import REGION


@contextmanager
def stubbed(service: Literal["batch", "ecr", "logs", "s3", "ssm"]) -> Iterator[tuple[Connection, Stubber]]:
    """A connection with one service stubbed; at the end every answer must have been asked for."""
    connection = connect_to_endpoint(
        "http://127.0.0.1:9", region=REGION, access_key_id="test", secret_access_key="test"
    )
    with Stubber(getattr(connection, service)) as stub:
        yield connection, stub
        stub.assert_no_pending_responses()
