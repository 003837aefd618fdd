"""A whole local account in this process, over real HTTP: what the tests of the CloudFormation engine talk to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batchyard.local.server import Clients, Running, Settings

REGION = "us-east-1"


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    """A template's entry for a resource: `kind` without `AWS::`."""
    return {"Type": f"AWS::{kind}", "Properties": properties}


@dataclass(frozen=True)
class Account:
    """A running local account."""

    endpoint: str
    clients: Clients

    def client(self, service: str, region: str = REGION) -> Any:
        """A boto3 client for it."""
        return self.clients(service, region)


@contextmanager
def local_account(folder: Path, *, host_images: bool = False, max_jobs: int = 1) -> Iterator[Account]:
    """Serve an account on a free loopback port until the block ends; `folder` takes its files."""
    running = Running(Settings(port=0, region=REGION, host_images=host_images, max_jobs=max_jobs, folder=folder))
    thread = threading.Thread(target=running.serve, daemon=True)
    thread.start()
    try:
        yield Account(running.endpoint, Clients(running.endpoint))
    finally:
        running.close()
        thread.join(timeout=10)


@dataclass(frozen=True)
class StackUnderTest:
    """One stack of a test, made and changed through the API."""

    account: Account
    name: str

    @property
    def api(self) -> Any:
        """CloudFormation."""
        return self.account.client("cloudformation")

    def create(self, resources: Mapping[str, Any], **more: Any) -> StackUnderTest:
        """Create it; the test fails unless that ends well."""
        return self.try_create(resources, **more).expect("CREATE_COMPLETE")

    def try_create(self, resources: Mapping[str, Any], **more: Any) -> StackUnderTest:
        """Create it and wait for whatever end."""
        self.api.create_stack(StackName=self.name, **_request(resources, more))
        return self.settle()

    def update(self, resources: Mapping[str, Any], **more: Any) -> StackUnderTest:
        """Update it; the test fails unless that ends well."""
        return self.try_update(resources, **more).expect("UPDATE_COMPLETE")

    def try_update(self, resources: Mapping[str, Any], **more: Any) -> StackUnderTest:
        """Update it and wait for whatever end."""
        self.api.update_stack(StackName=self.name, **_request(resources, more))
        return self.settle()

    def delete(self) -> StackUnderTest:
        """Start its deletion and wait for whatever end."""
        stack_id = self.describe()["StackId"]
        self.api.delete_stack(StackName=self.name)
        gone = StackUnderTest(self.account, stack_id)
        return gone.settle()

    def describe(self) -> dict[str, Any]:
        """DescribeStacks' word on it."""
        found: dict[str, Any] = self.api.describe_stacks(StackName=self.name)["Stacks"][0]
        return found

    def settle(self) -> StackUnderTest:
        """Wait until no operation works on it."""
        deadline = time.monotonic() + 60
        while self.describe()["StackStatus"].endswith("_IN_PROGRESS"):
            assert time.monotonic() < deadline, self.describe()
        return self

    def expect(self, status: str) -> StackUnderTest:
        """Fail, with the reasons, unless it has this status."""
        assert self.describe()["StackStatus"] == status, self.failures()
        return self

    def physical(self, logical_id: str) -> str:
        """A resource's physical id."""
        found = self.api.describe_stack_resource(StackName=self.name, LogicalResourceId=logical_id)
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def outputs(self) -> dict[str, str]:
        """Its outputs."""
        return {output["OutputKey"]: output["OutputValue"] for output in self.describe()["Outputs"]}

    def events(self) -> list[tuple[str, str]]:
        """Logical ids with statuses, the oldest first."""
        found = self.api.describe_stack_events(StackName=self.name)["StackEvents"]
        return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(found)]

    def failures(self) -> list[str]:
        """The reasons of everything that failed."""
        found = self.api.describe_stack_events(StackName=self.name)["StackEvents"]
        return [
            f"{event['LogicalResourceId']} {event['ResourceStatus']}: {event.get('ResourceStatusReason')}"
            for event in reversed(found)
            if event["ResourceStatus"].endswith("_FAILED")
        ]


def _request(resources: Mapping[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    sections = {key: more.pop(key) for key in ("Declared", "Outputs", "Conditions", "Mappings", "Rules") if key in more}
    body = {
        "Resources": resources,
        **{("Parameters" if key == "Declared" else key): value for key, value in sections.items()},
    }
    return {"TemplateBody": json.dumps(body), "Capabilities": ["CAPABILITY_NAMED_IAM"], **more}
