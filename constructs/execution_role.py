"""The execution role: what ECS does for a container before and around the job."""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct
from constructs.acknowledged import acknowledge

#: What reads a secret, by the service in its ARN (AWS Batch User Guide, "Specify sensitive data").
READ_SECRET = {"secretsmanager": "secretsmanager:GetSecretValue", "ssm": "ssm:GetParameters"}

PULL_IMAGE = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


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

    def grant_secrets(self, arns: Iterable[str]) -> None:
        """Let it read exactly these secrets (Secrets Manager) and parameters (SSM)."""
        by_service: dict[str, list[str]] = {}
        for arn in sorted(set(arns)):
            by_service.setdefault(arn.split(":")[2], []).append(arn)
        for service, resources in by_service.items():
            self.role.add_to_policy(iam.PolicyStatement(actions=[READ_SECRET[service]], resources=resources))

    def grant_pull(self, repository_arns: Iterable[str]) -> None:
        """Let it pull images from these ECR repositories, besides the platform's."""
        arns = sorted(set(repository_arns))
        if arns:
            self.role.add_to_policy(iam.PolicyStatement(actions=PULL_IMAGE, resources=arns))
