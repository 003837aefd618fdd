"""The execution role: what ECS does for a container before and around the job."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from constructs import Construct
from constructs.acknowledged import acknowledge


class ExecutionRole(Construct):
    """A role that only ECS tasks may take on; a job definition lets it pull its image and write its logs."""

    role: iam.Role

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            description="What ECS may do for Batch jobs: pull their image, write their logs",
            assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"),
        )
        acknowledge(
            self.role,
            "IAM5[Resource::*]",
            "ecr:GetAuthorizationToken has no resource to name; everything else is granted on one.",
        )
