"""A CodeBuild project that builds the platform's image for one processor and pushes it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as assets
from constructs import Construct
from constructs.acknowledged import acknowledge

from batchyard.ecr_image import ecr_image

#: A build and its wait for a machine, in minutes: together less than the hour that CloudFormation waits.
BUILD_MINUTES, QUEUED_MINUTES = 45, 10

#: What builds for a platform natively: no emulation, which would have to be fetched from somebody and trusted
#: (CodeBuild User Guide, "Docker images provided by CodeBuild").
MACHINES = {
    "linux/amd64": ("LINUX_CONTAINER", "aws/codebuild/amazonlinux-x86_64-standard:5.0"),
    "linux/arm64": ("ARM_CONTAINER", "aws/codebuild/amazonlinux-aarch64-standard:3.0"),
}

LOGIN = 'aws ecr get-login-password | docker login --username AWS --password-stdin "${REPOSITORY%%/*}"'
BASE_LOGIN = (
    'aws ecr get-login-password --region "$BASE_REGION" | docker login --username AWS --password-stdin "$BASE_REGISTRY"'
)
# Without BuildKit, Docker sets no TARGETARCH.
BUILD = (
    'docker build --platform "linux/$ARCHITECTURE" --build-arg "TARGETARCH=$ARCHITECTURE" '
    '--build-arg "VERSION=$VERSION"{base} --tag "$REPOSITORY:$TAG" .'
)
PUSH = 'docker push "$REPOSITORY:$TAG"'


@dataclass(frozen=True, kw_only=True)
class ImageRecipe:
    """What every project of a deployment builds."""

    #: The build context, and which of its files are programs.
    context: assets.Asset
    programs: Sequence[str]
    #: None: the Dockerfile's own.
    base_image: str | None
    version: str

    def commands(self) -> list[str]:
        """What the build runs, one after the other; the first that fails ends it."""
        base = ' --build-arg "BASE_IMAGE=$BASE_IMAGE"' if self.base_image else ""
        return [
            LOGIN,
            *([BASE_LOGIN] if ecr_image(self.base_image) else []),
            # An archive from S3 is unpacked with modes of its own, and the image takes them over.
            shlex.join(["chmod", "0755", *self.programs]),
            BUILD.format(base=base),
            PUSH,
        ]

    def variables(self) -> dict[str, str]:
        """What the commands call by name."""
        base = ecr_image(self.base_image)
        return {
            "VERSION": self.version,
            # One plain image, which can be put into a list of several platforms.
            "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
            **({"BASE_IMAGE": self.base_image} if self.base_image else {}),
            **({"BASE_REGISTRY": base.registry, "BASE_REGION": base.region} if base else {}),
        }


class ImageBuilder(Construct):
    """A project for one platform. It runs only when it is started; until then it costs nothing.

    The L1 is used: the L2 adds permissions for log groups and reports of its own.
    """

    project: codebuild.CfnProject

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        recipe: ImageRecipe,
        platform: str,
        repository: ecr.IRepository,
        tag: str,
        role: iam.Role,
        log_group: logs.ILogGroup,
    ) -> None:
        super().__init__(scope, construct_id)
        kind, image = MACHINES[platform]
        variables = {
            **recipe.variables(),
            "ARCHITECTURE": platform.partition("/")[2],
            "REPOSITORY": repository.repository_uri,
            "TAG": tag,
        }
        self.project = codebuild.CfnProject(
            self,
            "Project",
            description=f"Builds the image of Batchyard's jobs for {platform}",
            service_role=role.role_arn,
            source=codebuild.CfnProject.SourceProperty(
                type="S3",
                location=f"{recipe.context.s3_bucket_name}/{recipe.context.s3_object_key}",
                build_spec=json.dumps(
                    {"version": "0.2", "phases": {"build": {"commands": recipe.commands()}}}, indent=2
                ),
            ),
            artifacts=codebuild.CfnProject.ArtifactsProperty(type="NO_ARTIFACTS"),
            environment=codebuild.CfnProject.EnvironmentProperty(
                type=kind,
                image=image,
                compute_type="BUILD_GENERAL1_SMALL",
                privileged_mode=True,
                environment_variables=[
                    codebuild.CfnProject.EnvironmentVariableProperty(name=name, value=value)
                    for name, value in variables.items()
                ],
            ),
            logs_config=codebuild.CfnProject.LogsConfigProperty(
                cloud_watch_logs=codebuild.CfnProject.CloudWatchLogsConfigProperty(
                    status="ENABLED", group_name=log_group.log_group_name
                )
            ),
            timeout_in_minutes=BUILD_MINUTES,
            queued_timeout_in_minutes=QUEUED_MINUTES,
        )
        # A build that starts before its role has its permissions fails.
        self.project.node.add_dependency(role)
        acknowledge(self.project, "CB3", "Docker needs a privileged container; the build is of this deployment alone.")
        acknowledge(self.project, "CB4", "The build has no artifacts, so there is nothing to encrypt.")
