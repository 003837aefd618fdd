"""Where the instances run: a network of the deployment's own, or one that exists."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, Field

from batchyard.settings.section import Items, Section

#: A network's address range: what a VPC may have (/16 to /28), less what sixteen subnets of at least /28 need.
SMALLEST_PREFIX_LENGTH, LARGEST_PREFIX_LENGTH = 16, 24

SubnetId = Annotated[
    str,
    Field(
        pattern=r"^subnet-[0-9a-f]{8,17}$",
        json_schema_extra={"x-allowed": "a subnet's id, for example subnet-0123456789abcdef0"},
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

    vpc_id: str | None = Field(
        default=None,
        pattern=r"^vpc-[0-9a-f]{8,17}$",
        description="An existing VPC to run in. Unset: the deployment makes one, with a public subnet in every "
        "zone, an S3 gateway endpoint, no NAT gateway and no inbound rule.",
        json_schema_extra={"x-allowed": "a VPC's id, for example vpc-0123456789abcdef0"},
    )
    subnet_ids: Items[SubnetId] = Field(
        default=(),
        description="The subnets of the existing VPC to run in; they need a way to the internet. Empty: its private "
        "subnets with a NAT gateway where it has any, else its public ones. Only with `vpc_id`.",
    )
    cidr: Annotated[str, AfterValidator(_address_range)] = Field(
        default="10.0.0.0/16",
        description="The address range of the VPC that the deployment makes; each zone's subnet takes a sixteenth "
        "of it, so that a new zone moves no subnet. A change replaces the network. Not with `vpc_id`.",
        json_schema_extra={"x-allowed": "an IPv4 address range from /16 to /24, for example 10.0.0.0/16"},
    )
