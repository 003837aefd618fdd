"""Interface endpoints: how instances reach AWS where there is no way to the internet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from batchyard.settings.names import pascal_case

#: What instances of AWS Batch on ECS call: the agent, images from ECR (their layers come from S3, which has a gateway
#: endpoint), the jobs' output (AWS Batch User Guide, "Considerations for AWS Batch VPC endpoints"; Amazon ECS Developer
#: Guide, "Amazon ECS interface VPC endpoints"; Amazon ECR User Guide, "Amazon ECR interface VPC endpoints").
NEEDED = ("ecs", "ecs-agent", "ecs-telemetry", "ecr.api", "ecr.dkr", "logs")

HTTPS = 443


class ServiceEndpoints(Construct):
    """An interface endpoint for each of `services`; their security group lets in `clients` and nobody else.

    Services are named as in `com.amazonaws.REGION.SERVICE`; what AWS Batch needs is there without being named.
    """

    endpoints: Sequence[ec2.InterfaceVpcEndpoint]

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        subnets: Sequence[ec2.ISubnet],
        clients: ec2.ISecurityGroup,
        services: Iterable[str] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        group = ec2.SecurityGroup(
            self,
            "SecurityGroup",
            vpc=vpc,
            description="Interface endpoints: HTTPS from instances comes in, nothing goes out",
            allow_all_outbound=False,
        )
        group.add_ingress_rule(clients, ec2.Port.tcp(HTTPS), "HTTPS from instances")
        self.endpoints = [
            ec2.InterfaceVpcEndpoint(
                self,
                pascal_case(service.replace(".", "-")),
                vpc=vpc,
                subnets=ec2.SubnetSelection(subnets=list(subnets)),
                service=ec2.InterfaceVpcEndpointAwsService(service),
                security_groups=[group],
                # The group's one rule is enough; the L2 would open it to the whole VPC.
                open=False,
            )
            for service in sorted({*NEEDED, *services})
        ]
