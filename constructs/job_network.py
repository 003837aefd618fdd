"""The network that instances run in: one of the deployment's own, or one that exists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from constructs import Construct, IDependable
from constructs.acknowledged import acknowledge, acknowledge_warning

from batchyard.settings.network import MOST_ZONES, NetworkType

#: Each subnet takes a sixteenth of the VPC: eight public ones, whether or not they are there, then eight private ones.
#: So a block belongs to one zone and one kind for ever, and neither a new zone nor another type moves a subnet.
SUBNET_BITS = 4

PER_ZONE = MOST_ZONES


@dataclass(frozen=True)
class Layout:
    """How the instances of a VPC reach AWS."""

    #: The subnets that they run in.
    subnets: ec2.SubnetType
    nat_gateways: int = 0
    #: How many zones the VPC has a subnet in, unless the settings say.
    zones: int = MOST_ZONES

    @property
    def public(self) -> bool:
        """Whether there are public subnets: the instances' own, or those of the NAT gateways."""
        return self.subnets is not ec2.SubnetType.PRIVATE_ISOLATED


LAYOUTS: Mapping[NetworkType, Layout] = {
    "public": Layout(ec2.SubnetType.PUBLIC),
    "private-endpoints": Layout(ec2.SubnetType.PRIVATE_ISOLATED, zones=2),
    "private-nat": Layout(ec2.SubnetType.PRIVATE_WITH_EGRESS, nat_gateways=1),
    "private-nat-per-zone": Layout(ec2.SubnetType.PRIVATE_WITH_EGRESS, nat_gateways=PER_ZONE, zones=2),
}


class UnknownZoneError(Exception):
    """A zone that the VPC has no subnet in: the account does not have it here, or `zones` leaves it out."""


class JobNetwork(Construct):
    """A VPC, the subnets in it that instances run in, and their security group, which lets nothing in."""

    vpc: ec2.IVpc
    subnets: Sequence[ec2.ISubnet]
    security_group: ec2.SecurityGroup
    #: What must be there before the first instance is, and go after the last one.
    ways_out: Sequence[IDependable]

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cidr: str,
        type: NetworkType = "public",
        zones: int | None = None,
        endpoint_services: Sequence[str] = (),
        vpc_id: str | None = None,
        subnet_ids: Sequence[str] = (),
    ) -> None:
        """Make the network, or take the VPC `vpc_id`; only an own one has a type, zones and endpoints.

        `endpoint_services` are those that jobs call besides what AWS Batch needs, as in `com.amazonaws.REGION.SERVICE`.
        """
        super().__init__(scope, construct_id)
        self._known: dict[str, ec2.ISubnet] = {}
        self._layout = LAYOUTS[type]
        if vpc_id is None:
            self.vpc = self._own_vpc(cidr, zones or self._layout.zones)
            self.subnets = self.vpc.select_subnets(subnet_type=self._layout.subnets).subnets
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
        self.ways_out = self._endpoints(endpoint_services) if type == "private-endpoints" else ()

    def _endpoints(self, services: Sequence[str]) -> Sequence[IDependable]:
        from constructs.service_endpoints import ServiceEndpoints

        return ServiceEndpoints(
            self, "Endpoints", vpc=self.vpc, subnets=self.subnets, clients=self.security_group, services=services
        ).endpoints

    def selection(
        self, *, subnet_ids: Sequence[str] = (), availability_zones: Sequence[str] = ()
    ) -> Sequence[ec2.ISubnet]:
        """The subnets with these ids, or the own VPC's in these zones; none where neither is given.

        Raises UnknownZoneError.
        """
        if availability_zones:
            zones = list(availability_zones)
            self._check(zones)
            return self.vpc.select_subnets(subnet_type=self._layout.subnets, availability_zones=zones).subnets
        return [self._subnet(each) for each in subnet_ids]

    def _own_vpc(self, cidr: str, zones: int) -> ec2.Vpc:
        layout, mask = self._layout, int(cidr.rpartition("/")[2]) + SUBNET_BITS
        subnets = [
            ec2.SubnetConfiguration(
                name="Public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=mask, reserved=not layout.public
            )
        ]
        if layout.subnets is not ec2.SubnetType.PUBLIC:
            # One name for both kinds, so that another type keeps the subnets and changes their routes.
            subnets.append(ec2.SubnetConfiguration(name="Private", subnet_type=layout.subnets, cidr_mask=mask))
        used = min(zones, len(Stack.of(self).availability_zones))
        vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(cidr),
            max_azs=used,
            reserved_azs=MOST_ZONES - used,
            nat_gateways=min(layout.nat_gateways, used),
            subnet_configuration=subnets,
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
        # Not the VPC's zones: among those are stand-ins for the ones that it keeps room for.
        known = [each.availability_zone for each in self.subnets]
        # Before the CLI has looked the zones up there are stand-ins, and nothing to compare with.
        if any(zone.startswith("dummy") for zone in known):
            return
        unknown = sorted(set(zones) - set(known))
        if unknown:
            raise UnknownZoneError(
                f"availability_zones names {', '.join(unknown)}, where the deployment's VPC has no subnet in this "
                f"region; allowed: {', '.join(known)}"
            )

    def _subnet(self, subnet_id: str) -> ec2.ISubnet:
        if subnet_id not in self._known:
            construct_id = "Subnet" + subnet_id.rpartition("-")[2]
            subnet = ec2.Subnet.from_subnet_id(self, construct_id, subnet_id)
            acknowledge_warning(subnet, "aws-ec2:noSubnetRouteTableId", "Nothing adds a route to an existing subnet.")
            self._known[subnet_id] = subnet
        return self._known[subnet_id]

    def _with_way_out(self) -> Sequence[ec2.ISubnet]:
        """Instances must reach ECS: by a NAT gateway from private subnets, else from public ones."""
        private = self.vpc.private_subnets
        return private if private else self.vpc.public_subnets
