"""An unmanaged compute environment: Batch places jobs on whatever joins its ECS cluster."""

from __future__ import annotations

from aws_cdk import aws_batch as batch
from aws_cdk import aws_iam as iam
from constructs import Construct
from constructs.acknowledged import acknowledge

SERVICE_POLICY = "service-role/AWSBatchServiceRole"


class BatchServiceRole(Construct):
    """The role that Batch acts in for unmanaged environments, which must name one.

    Managed ones name none: they have the service-linked role, without which they cannot be changed in place.
    """

    role: iam.Role

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            description="What AWS Batch may do for unmanaged compute environments",
            assumed_by=iam.ServicePrincipal("batch.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(SERVICE_POLICY)],
        )
        acknowledge(
            self.role,
            f"IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{SERVICE_POLICY}]",
            "AWS keeps this policy in step with what Batch itself does, and the Batch User Guide asks for it.",
        )


class UnmanagedEnvironment(Construct):
    """An unmanaged compute environment, without a fixed name."""

    environment: batch.UnmanagedComputeEnvironment

    def __init__(
        self, scope: Construct, construct_id: str, *, service_role: iam.IRole, unmanaged_vcpus: int | None = None
    ) -> None:
        super().__init__(scope, construct_id)
        self.environment = batch.UnmanagedComputeEnvironment(
            self, "Environment", service_role=service_role, unmanagedv_cpus=unmanaged_vcpus
        )
