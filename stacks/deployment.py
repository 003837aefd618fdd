"""A whole deployment: its stacks and their tags."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aws_cdk import Environment, Stack
from constructs import Construct
from constructs.tagging import tag

from batchyard.settings.deployment import Deployment
from stacks.platform_stack import PlatformStack


def deployment_stacks(
    scope: Construct,
    *,
    name: str,
    deployment: Deployment,
    image_tag: str,
    s5cmd: Callable[[str], Path],
    env: Environment,
) -> list[Stack]:
    """Make everything that the deployment `name` is, in an app that may hold others too. The platform comes first.

    `s5cmd` is asked for the S3 client of an architecture (amd64, arm64) where instances need one, or a build of the
    image does.
    """
    platform = PlatformStack(
        scope,
        f"Batchyard-{name}",
        deployment_name=name,
        deployment=deployment,
        image_tag=image_tag,
        s5cmd=s5cmd,
        env=env,
    )
    stacks: list[Stack] = [platform]
    for stack in stacks:
        tag(stack, deployment_name=name, tags=deployment.tags)
    return stacks
