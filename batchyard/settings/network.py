"""Where the instances run: a network of the deployment's own, or one that exists."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from batchyard.settings.names import EC2_ID
from batchyard.settings.section import Items, Section

#: How the instances of the deployment's own VPC reach AWS.
NetworkType = Literal["public", "private-endpoints", "private-nat", "private-nat-per-zone"]

#: No region has more zones, and the address range has room for eight subnets of a kind.
MOST_ZONES = 8

#: A network's address range: what a VPC may have (/16 to /28), less what sixteen subnets of at least /28 need.
SMALLEST_PREFIX_LENGTH, LARGEST_PREFIX_LENGTH = 16, 24

SubnetId = Annotated[
    str,
    Field(
        pattern=f"^subnet-{EC2_ID}$",
        json_schema_extra={"x-allowed": "a subnet's id, for example subnet-0123456789abcdef0"},
    ),
]

#: The part of `com.amazonaws.REGION.SERVICE` that names the service.
ServiceName = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9-]*(\.[a-z0-9-]+)*$",
        json_schema_extra={"x-allowed": "an AWS service's name in PrivateLink, for example sts or batch"},
    ),
]


def _address_range(value: str) -> str:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError as error:
        raise ValueError(f"it is not an IPv4 address range ({error})") from None
    if not SMALLEST_PREFIX_LENGTH <= network.prefixlen <= LARGEST_PREFIX_LENGTH or "/" not in value:
        raise ValueError("its prefix length is not from /16 to /24")
    return value


class Network(Section):
    """The network that the instances run in."""

    type: NetworkType = Field(
        default="public",
        description="How instances reach AWS. `public`: public subnets, a public address for each instance, nothing "
        "comes in; no cost while idle. `private-endpoints`: no way to the internet, interface endpoints for what "
        "AWS Batch needs; images come from ECR only. `private-nat`: private subnets and one NAT gateway. "
        "`private-nat-per-zone`: one in each zone, so that no zone depends on another. Monthly costs: docs/cost.md. "
        "Not with `vpc_id`.",
    )
    zones: int | None = Field(
        default=None,
        ge=1,
        le=MOST_ZONES,
        description="How many availability zones the VPC has a subnet in; more zones, more Spot capacity. Unset: all, "
        "but two with `private-endpoints` and `private-nat-per-zone`, which cost by the zone. Not with `vpc_id`.",
    )
    endpoints: Items[ServiceName] = Field(
        default=(),
        description="Services that jobs call, besides S3 and what AWS Batch needs: each costs as one more interface "
        "endpoint. Those for the secrets of job definitions are there anyway. Only with type `private-endpoints`.",
    )
    vpc_id: str | None = Field(
        default=None,
        pattern=f"^vpc-{EC2_ID}$",
        description="An existing VPC to run in. Unset: the deployment makes one of the given `type`, with an S3 "
        "gateway endpoint and no inbound rule.",
        json_schema_extra={"x-allowed": "a VPC's id, for example vpc-0123456789abcdef0"},
    )
    subnet_ids: Items[SubnetId] = Field(
        default=(),
        description="The subnets of the existing VPC to run in; they need a way to the internet. Empty: its private "
        "subnets with a NAT gateway where it has any, else its public ones. Only with `vpc_id`.",
    )
    cidr: Annotated[str, AfterValidator(_address_range)] = Field(
        default="10.0.0.0/16",
        description="The address range of the VPC that the deployment makes; each subnet takes a sixteenth of it, "
        "so that neither a new zone nor another `type` moves one. A change replaces the network. Not with `vpc_id`.",
        json_schema_extra={"x-allowed": "an IPv4 address range from /16 to /24, for example 10.0.0.0/16"},
    )
