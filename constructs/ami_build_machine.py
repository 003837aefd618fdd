"""What machine images are built on: the role and the network of EC2 Image Builder's instances."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct
from constructs.acknowledged import acknowledge

#: What Image Builder's agent on the instance needs (Image Builder User Guide, "Prerequisites": IAM).
POLICIES = ("EC2InstanceProfileForImageBuilder", "AmazonSSMManagedInstanceCore")


class AmiBuildMachine(Construct):
    """An instance profile, and a network that lets nothing in: one that exists, or a small one of its own.

    Image Builder's own choice would be the default VPC, which many accounts have deleted.
    """

    role: iam.Role
    instance_profile: iam.CfnInstanceProfile
    subnet_id: str
    security_group_ids: Sequence[str] | None

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        subnet_id: str | None = None,
        security_group_id: str | None = None,
    ) -> None:
        """Make them; with a `subnet_id` and no security group the instances have the default one of its VPC."""
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            description="What instances that build and test machine images may do",
            assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(name) for name in POLICIES],
        )
        for name in POLICIES:
            acknowledge(
                self.role,
                f"IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{name}]",
                "AWS keeps this policy in step with Image Builder, and Image Builder requires it of its instances.",
            )
        self.instance_profile = iam.CfnInstanceProfile(self, "InstanceProfile", roles=[self.role.role_name])
        if subnet_id is None:
            self.subnet_id, self.security_group_ids = self._own_network()
        else:
            self.subnet_id = subnet_id
            self.security_group_ids = None if security_group_id is None else [security_group_id]

    def _own_network(self) -> tuple[str, Sequence[str]]:
        vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr("10.0.0.0/24"),
            max_azs=1,
            nat_gateways=0,
            subnet_configuration=[ec2.SubnetConfiguration(name="Public", subnet_type=ec2.SubnetType.PUBLIC)],
            # Closing the default group takes a Lambda function; nothing here is ever put into that group.
            restrict_default_security_group=False,
        )
        acknowledge(
            vpc,
            "VPC7",
            "Only Image Builder's instances are in it, for the minutes of a build, and nothing can connect.",
        )
        group = ec2.SecurityGroup(
            self,
            "SecurityGroup",
            vpc=vpc,
            description="Instances that build machine images: nothing comes in, everything may go out",
            allow_all_outbound=True,
        )
        return vpc.public_subnets[0].subnet_id, [group.security_group_id]
