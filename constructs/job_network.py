"""The network that instances run in: one of the deployment's own, or one that exists."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_ec2 as ec2
from constructs import Construct
from constructs.acknowledged import acknowledge

#: More zones than any region has: the VPC takes all that the account gives.
ALL_ZONES = 99

#: Each zone's subnet takes a sixteenth of the VPC: its mask is fixed, so a new zone moves no subnet.
SUBNET_BITS = 4


class UnknownZoneError(Exception):
    """A zone that the account does not have in this region."""


class JobNetwork(Construct):
    """A VPC, the subnets in it that instances run in, and their security group, which lets nothing in."""

    vpc: ec2.IVpc
    subnets: Sequence[ec2.ISubnet]
    security_group: ec2.SecurityGroup

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cidr: str,
        vpc_id: str | None = None,
        subnet_ids: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        self._known: dict[str, ec2.ISubnet] = {}
        if vpc_id is None:
            self.vpc = self._own_vpc(cidr)
            self.subnets = self.vpc.public_subnets
        else:
            self.vpc = ec2.Vpc.from_lookup(self, "Vpc", vpc_id=vpc_id)
            self.subnets = self.selection(subnet_ids=subnet_ids) or self._with_way_out()
        self.security_group = ec2.SecurityGroup(
            self,
            "SecurityGroup",
            vpc=self.vpc,
            description="Instances of compute environments: nothing comes in, everything may go out",
            allow_all_outbound=True,
        )

    def selection(
        self, *, subnet_ids: Sequence[str] = (), availability_zones: Sequence[str] = ()
    ) -> Sequence[ec2.ISubnet]:
        """The subnets with these ids, or the own VPC's in these zones; none where neither is given.

        Raises UnknownZoneError.
        """
        if availability_zones:
            zones = list(availability_zones)
            self._check(zones)
            return self.vpc.select_subnets(subnet_type=ec2.SubnetType.PUBLIC, availability_zones=zones).subnets
        return [self._subnet(each) for each in subnet_ids]

    def _own_vpc(self, cidr: str) -> ec2.Vpc:
        vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(cidr),
            max_azs=ALL_ZONES,
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Public",
                    subnet_type=ec2.SubnetType.PUBLIC,
                    cidr_mask=int(cidr.rpartition("/")[2]) + SUBNET_BITS,
                )
            ],
            # Closing the default group takes a Lambda function; nothing here is ever put into that group.
            restrict_default_security_group=False,
        )
        acknowledge(
            vpc,
            "VPC7",
            "Nothing can connect to the instances, they live for minutes to hours, and flow logs of bulk transfers "
            "cost more than they would tell.",
        )
        # Traffic to S3 stays in AWS's network, and costs nothing.
        vpc.add_gateway_endpoint("S3Endpoint", service=ec2.GatewayVpcEndpointAwsService.S3)
        return vpc

    def _check(self, zones: Sequence[str]) -> None:
        known = self.vpc.availability_zones
        # Before the CLI has looked the zones up there are stand-ins, and nothing to compare with.
        if any(zone.startswith("dummy") for zone in known):
            return
        unknown = sorted(set(zones) - set(known))
        if unknown:
            raise UnknownZoneError(
                f"availability_zones names {', '.join(unknown)}, which the account does not have in this region; "
                f"allowed: {', '.join(known)}"
            )

    def _subnet(self, subnet_id: str) -> ec2.ISubnet:
        if subnet_id not in self._known:
            construct_id = "Subnet" + subnet_id.rpartition("-")[2]
            self._known[subnet_id] = ec2.Subnet.from_subnet_id(self, construct_id, subnet_id)
        return self._known[subnet_id]

    def _with_way_out(self) -> Sequence[ec2.ISubnet]:
        """Instances must reach ECS: by a NAT gateway from private subnets, else from public ones."""
        private = self.vpc.private_subnets
        return private if private else self.vpc.public_subnets
