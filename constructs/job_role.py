"""The container's IAM role: what a job itself may do."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct
from constructs.acknowledged import acknowledge_resources

#: The part of a bucket that is all of it.
WHOLE_BUCKET = "*"

READ_ACTIONS = ["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging"]
WRITE_ACTIONS = [
    "s3:PutObject",
    "s3:PutObjectTagging",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
]


class JobRole(Construct):
    """A role that only ECS tasks may take on, with grants by prefix.

    Bucket.grant_read of the L2 lets the grantee list the whole bucket, whatever the prefix; these grants do not.
    """

    role: iam.Role

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            description="What Batch jobs may do",
            assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"),
        )

    def grant_read(self, bucket: s3.IBucket, parts: Sequence[str]) -> None:
        """Let jobs list and read these prefixes of a bucket (`*` for all of it)."""
        self._allow_objects(READ_ACTIONS, bucket, parts)
        self._allow_list(bucket, parts)

    def grant_write(self, bucket: s3.IBucket, parts: Sequence[str]) -> None:
        """Let jobs write and delete objects in these prefixes of a bucket (`*` for all of it)."""
        self._allow_objects(WRITE_ACTIONS, bucket, parts)

    def grant_mount(self, file_system_arn: str, access_point_arn: str | None, *, write: bool) -> None:
        """Let jobs mount an EFS file system, through an access point where one is named."""
        actions = ["elasticfilesystem:ClientMount", *(["elasticfilesystem:ClientWrite"] if write else [])]
        through = {"StringEquals": {"elasticfilesystem:AccessPointArn": access_point_arn}}
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=actions,
                resources=[file_system_arn],
                conditions=through if access_point_arn else None,
            )
        )

    def _allow(self, actions: Sequence[str], resources: Sequence[str]) -> None:
        self.role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=list(resources)))

    def _allow_objects(self, actions: Sequence[str], bucket: s3.IBucket, parts: Sequence[str]) -> None:
        arns = [bucket.arn_for_objects(part if part == WHOLE_BUCKET else f"{part}*") for part in parts]
        self._allow(actions, arns)
        acknowledge_resources(
            self.role, arns, "A prefix that the deployment file grants; only the objects in it match."
        )

    def _allow_list(self, bucket: s3.IBucket, parts: Sequence[str]) -> None:
        # S3 clients ask for the region first, and that request names no prefix.
        self._allow(["s3:GetBucketLocation"], [bucket.bucket_arn])
        prefixes = [part if part == WHOLE_BUCKET else f"{part}*" for part in parts]
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:ListBucket"],
                resources=[bucket.bucket_arn],
                conditions=None if WHOLE_BUCKET in parts else {"StringLike": {"s3:prefix": prefixes}},
            )
        )
