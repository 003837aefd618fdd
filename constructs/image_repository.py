"""The repository of the image that jobs run in."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ecr as ecr
from constructs import Construct


class ImageRepository(Construct):
    """An ECR repository: scanned on push, tags immutable, kept when the stack goes."""

    repository: ecr.Repository

    def __init__(
        self, scope: Construct, construct_id: str, *, keep_images: int, expire_untagged_after_days: int
    ) -> None:
        super().__init__(scope, construct_id)
        self.repository = ecr.Repository(
            self,
            "Repository",
            image_scan_on_push=True,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            removal_policy=RemovalPolicy.RETAIN,
            lifecycle_rules=[
                ecr.LifecycleRule(
                    rule_priority=1,
                    description="Images without a tag",
                    tag_status=ecr.TagStatus.UNTAGGED,
                    max_image_age=Duration.days(expire_untagged_after_days),
                ),
                ecr.LifecycleRule(
                    rule_priority=2,
                    description="All but the newest images",
                    tag_status=ecr.TagStatus.ANY,
                    max_image_count=keep_images,
                ),
            ],
        )
