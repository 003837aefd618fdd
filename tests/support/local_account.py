"""A whole local account in this process, over real HTTP: what the tests of the CloudFormation engine talk to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batchyard.local.server import Clients, Running, Settings

REGION = "us-east-1"


@dataclass(frozen=True)
class Account:
    """A running local account."""

    endpoint: str
    clients: Clients

    def client(self, service: str, region: str = REGION) -> Any:
        """A boto3 client for it."""
        return self.clients(service, region)


@contextmanager
def local_account(folder: Path) -> Iterator[Account]:
    """Serve an account on a free loopback port until the block ends; `folder` takes its files."""
    running = Running(Settings(port=0, region=REGION, host_images=False, max_jobs=1, folder=folder))
    thread = threading.Thread(target=running.serve, daemon=True)
    thread.start()
    try:
        yield Account(running.endpoint, Clients(running.endpoint))
    finally:
        running.close()
        thread.join(timeout=10)
