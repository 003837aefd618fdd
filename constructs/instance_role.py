"""The role of the instances: what the ECS agent on them may do."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from constructs import Construct
from constructs.acknowledged import acknowledge


class InstanceRole(Construct):
    """The role that the Batch User Guide asks for ("Amazon ECS instance role"), and nothing more.

    Jobs share the instance's network and could ask its metadata service for this role: never add to it what a job
    should not have. (MountedRunner adds the runner's own files.)
    """

    role: iam.Role

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            description="What instances of compute environments may do",
            assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"),
            managed_policies=[
                iam.ManagedPolicy.from_aws_managed_policy_name("service-role/AmazonEC2ContainerServiceforEC2Role")
            ],
        )
        acknowledge(
            self.role,
            "IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role]",
            "AWS keeps this policy in step with the ECS agent, and Batch requires it of the instance role.",
        )
