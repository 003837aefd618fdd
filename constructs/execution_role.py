"""The execution role: what ECS does for a container before and around the job."""

from __future__ import annotations

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct
from constructs.acknowledged import acknowledge


class ExecutionRole(Construct):
    """A role that only ECS tasks may take on, which may pull from one repository and write to one log group."""

    role: iam.Role

    def __init__(
        self, scope: Construct, construct_id: str, *, repository: ecr.IRepository, log_group: logs.ILogGroup
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            description="What ECS may do for Batch jobs: pull their image, write their logs",
            assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"),
        )
        repository.grant_pull(self.role)
        log_group.grant_write(self.role)
        acknowledge(
            self.role,
            "IAM5[Resource::*]",
            "ecr:GetAuthorizationToken has no resource to name; everything else is granted on one.",
        )
