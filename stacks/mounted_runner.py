"""The runner on a deployment's instances: for which architectures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aws_cdk import aws_iam as iam
from constructs import Construct
from constructs.mounted_runner import MountedRunner

from batchyard.mounted_runner import RUNNER_NAME
from batchyard.settings.deployment import Deployment
from batchyard.settings.instance_types import meant
from batchyard.toolchain import CONTAINER

#: The table's words for architectures, and Docker's.
ARCHITECTURES = {"x86_64": "amd64", "arm64": "arm64"}


def mounted_runner(
    scope: Construct, construct_id: str, *, deployment: Deployment, role: iam.IRole, s5cmd: Callable[[str], Path]
) -> MountedRunner:
    """Make it, with what `s5cmd` gives for each architecture that the environments' instances can have."""
    return MountedRunner(
        scope,
        construct_id,
        runner=CONTAINER / RUNNER_NAME,
        s5cmd={architecture: s5cmd(architecture) for architecture in architectures(deployment)},
        role=role,
    )


def architectures(deployment: Deployment) -> list[str]:
    """Docker's names of them; all where the table does not know an instance type."""
    words = {word for each in deployment.compute_environments.values() for word in each.instance_types}
    found = [meant(word) for word in words]
    if not all(found):
        return sorted(ARCHITECTURES.values())
    return sorted({ARCHITECTURES.get(each.architecture, each.architecture) for types in found for each in types})
