"""A whole deployment: its stacks and their tags."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aws_cdk import Environment, Stack
from constructs import Construct
from constructs.tagging import tag

from batchyard.settings.built_images import built_kinds
from batchyard.settings.deployment import Deployment
from batchyard.settings.tags import DEPLOYMENT_TAG
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
    stacks: list[Stack] = [platform, *_ami_stacks(scope, name, deployment, env)]
    for image_stack in stacks[1:]:
        # Its parameter is read when the platform is deployed, so it must have been built by then.
        platform.add_stack_dependency(image_stack)
    for stack in stacks:
        tag(stack, deployment_name=name, tags=deployment.tags)
    return stacks


def _ami_stacks(scope: Construct, name: str, deployment: Deployment, env: Environment) -> list[Stack]:
    build, kinds = deployment.ami.build, built_kinds(deployment)
    if build is None or not kinds:
        return []
    from stacks.ami_stack import AmiStack  # aws_imagebuilder, which most deployments do without

    return [
        AmiStack(
            scope,
            # Not Batchyard-NAME-…: that could be another deployment's platform.
            f"BatchyardAmi-{name}",
            deployment_name=name,
            build=build,
            kinds=kinds,
            root_device=deployment.disk.device,
            root_gib=build.size_gib or deployment.disk.size_gib,
            image_tags={DEPLOYMENT_TAG: name, **deployment.tags},
            env=env,
        )
    ]
