"""The platform's image, built in the account while the stack is deployed: docs/adr/0055."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aws_cdk import AssetHashType, Aws, CfnResource, CustomResource, Duration, RemovalPolicy
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as assets
from constructs import Construct
from constructs.acknowledged import acknowledge
from constructs.execution_role import PULL_IMAGE
from constructs.image_build_function import ImageBuildFunction
from constructs.image_builder import ImageBuilder, ImageRecipe
from constructs.job_log_group import RETENTION

from batchyard.ecr_image import ecr_image

#: How long CloudFormation waits for a build: the longest it can.
WAIT = Duration.hours(1)


class ImageBuild(Construct):
    """Builds an image on machines of its own platforms and pushes it, unless the repository has its tag already.

    Whatever depends on `built` is made when the image is there. Images for one platform of several have the tag
    TAG-ARCHITECTURE; TAG is then the list of them.
    """

    built: CfnResource

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        repository: ecr.IRepository,
        tag: str,
        platforms: Sequence[str],
        base_image: str | None,
        context: Path,
        version: str,
        retention_days: int,
    ) -> None:
        """`context` is the folder to build from; it is copied, so it may go afterwards."""
        super().__init__(scope, construct_id)
        # What a failed deployment leaves is what tells why.
        log_group = logs.LogGroup(
            self, "Logs", retention=RETENTION[retention_days], removal_policy=RemovalPolicy.RETAIN
        )
        recipe = ImageRecipe(
            # The tag stands for the contents, so that a time stamp does not make another asset.
            context=assets.Asset(
                self, "Context", path=str(context), asset_hash=tag, asset_hash_type=AssetHashType.CUSTOM
            ),
            programs=_programs(context),
            base_image=base_image,
            version=version,
        )
        role = self._builders_role(recipe, repository, log_group)
        architectures = {platform: platform.partition("/")[2] for platform in sorted(platforms)}
        tags = {each: f"{tag}-{each}" if len(architectures) > 1 else tag for each in architectures.values()}
        projects = {
            architecture: ImageBuilder(
                self,
                f"{architecture.capitalize()}Builder",
                recipe=recipe,
                platform=platform,
                repository=repository,
                tag=tags[architecture],
                role=role,
                log_group=log_group,
            ).project
            for platform, architecture in architectures.items()
        }
        self._function = ImageBuildFunction(
            self,
            "Function",
            projects=projects.values(),
            repository=repository,
            may_join=len(projects) > 1,
            log_group=log_group,
        )
        name = repository.repository_name
        parts = [
            self._image(
                f"{architecture.capitalize()}Image",
                {"Project": project.ref, "Repository": name, "Tag": tags[architecture]},
            )
            for architecture, project in projects.items()
        ]
        self.built = parts[0]
        if len(parts) > 1:
            self.built = self._image("Image", {"Repository": name, "Tag": tag, "Parts": tags})
            self.built.node.add_dependency(*parts)

    def _builders_role(self, recipe: ImageRecipe, repository: ecr.IRepository, log_group: logs.ILogGroup) -> iam.Role:
        role = iam.Role(
            self,
            "BuildersRole",
            description="What builds of the image may do: read their context, pull their base, push, write their log",
            assumed_by=iam.ServicePrincipal(
                "codebuild.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
            ),
        )
        log_group.grant_write(role)
        repository.grant_push(role)
        bucket = recipe.context.bucket
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:GetObject", "s3:GetObjectVersion"],
                resources=[bucket.arn_for_objects(recipe.context.s3_object_key)],
            )
        )
        role.add_to_policy(iam.PolicyStatement(actions=["s3:GetBucketLocation"], resources=[bucket.bucket_arn]))
        base = ecr_image(recipe.base_image)
        if base is not None:
            role.add_to_policy(iam.PolicyStatement(actions=PULL_IMAGE, resources=[base.repository_arn(Aws.PARTITION)]))
        acknowledge(
            role,
            "IAM5[Resource::*]",
            "ecr:GetAuthorizationToken has no resource to name; everything else is granted on one.",
        )
        return role

    def _image(self, construct_id: str, wanted: Mapping[str, Any]) -> CfnResource:
        resource = CustomResource(
            self,
            construct_id,
            resource_type="Custom::ContainerImageBuild",
            service_token=self._function.function.function_arn,
            service_timeout=WAIT,
            properties=wanted,
            removal_policy=RemovalPolicy.DESTROY,
        )
        resource.node.add_dependency(*self._function.needs)
        made = resource.node.default_child
        assert isinstance(made, CfnResource)
        return made


def _programs(context: Path) -> list[str]:
    files = sorted(each for each in context.rglob("*") if each.is_file())
    return [each.relative_to(context).as_posix() for each in files if each.stat().st_mode & 0o100]
