"""The job bucket: scripts in, results out, scratch that goes away by itself."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct
from constructs.acknowledged import acknowledge


class JobBucket(Construct):
    """A bucket: encrypted, TLS only, no public access, kept when the stack goes."""

    bucket: s3.Bucket

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        scratch_days: Mapping[str, int],
        abort_uploads_after_days: int,
    ) -> None:
        """Make the bucket; `scratch_days` is from prefix to the days after which its objects are deleted."""
        super().__init__(scope, construct_id)
        abort = s3.LifecycleRule(
            id="AbortIncompleteUploads",
            abort_incomplete_multipart_upload_after=Duration.days(abort_uploads_after_days),
        )
        expiry = [
            s3.LifecycleRule(prefix=prefix, expiration=Duration.days(days)) for prefix, days in scratch_days.items()
        ]
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=RemovalPolicy.RETAIN,
            lifecycle_rules=[abort, *expiry],
        )
        if self.bucket.policy is not None:
            # A bucket that outlives its stack stays TLS only.
            self.bucket.policy.apply_removal_policy(RemovalPolicy.RETAIN)
        acknowledge(
            self.bucket,
            "S1",
            "Access logs would double the small writes of every job. CloudTrail data events record the same and can be "
            "turned on for one account or bucket when they are wanted.",
        )
