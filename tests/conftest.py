"""What every test starts from: no real account in sight, jsii on the project's Node, CDK's slow validation off."""

from __future__ import annotations

import os

# Before anything imports aws_cdk, boto3 or moto: each reads these once.
for name in [name for name in os.environ if name.startswith(("AWS_", "CDK_", "BATCHYARD_", "BATCH_"))]:
    del os.environ[name]
os.environ.update(
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    AWS_EC2_METADATA_DISABLED="true",
    CDK_VALIDATION="false",
    # Where a container has its tools, jobs on this machine look for theirs, whatever PATH the tests were given.
    PATH=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/bin", "/sbin", "/bin"]).strip(os.pathsep),
)

import pytest  # noqa: E402

from batchyard.local.server import MOTO_SETTINGS  # noqa: E402
from batchyard.toolchain import use_project_node  # noqa: E402

os.environ.update(MOTO_SETTINGS)
use_project_node()

pytest_plugins = ["tests.support.measured", "tests.support.platform"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: no processor is left with one of them at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
