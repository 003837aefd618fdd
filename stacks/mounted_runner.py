"""The runner on a deployment's instances: for which architectures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aws_cdk import aws_iam as iam
from constructs import Construct
from constructs.mounted_runner import MountedRunner

from batchyard.mounted_runner import RUNNER_NAME
from batchyard.settings.deployment import Deployment
from batchyard.settings.environments import all_environments
from batchyard.settings.instances import all_startable, brings_none
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
    """Docker's names of them; all where nothing is known of some instances."""
    environments = [environment for _, environment in all_environments(deployment)]
    if any(brings_none(each) for each in environments):
        return sorted(ARCHITECTURES.values())
    found = {each.architecture for environment in environments for each in all_startable(deployment, environment)}
    return sorted(ARCHITECTURES[each] for each in found)
