"""A managed compute environment: which instances Batch may start, and how many."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from batchyard.settings.network import SubnetId
from batchyard.settings.section import Items, Section

#: A family (m6i), an exact size (c5.2xlarge, u-6tb1.112xlarge), or one of Batch's own words.
INSTANCE_TYPE = r"^(optimal|default_x86_64|default_arm64|[a-z][a-z0-9-]*[0-9][a-z0-9-]*(\.[a-z0-9-]+)?)$"

InstanceType = Annotated[
    str,
    Field(
        pattern=INSTANCE_TYPE,
        json_schema_extra={
            "x-allowed": "a family (m6i), an exact size (c5.2xlarge), or optimal, default_x86_64 or default_arm64"
        },
    ),
]

ZoneName = Annotated[
    str,
    Field(
        pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9](-[a-z0-9-]+)?[a-z]$",
        json_schema_extra={"x-allowed": "an availability zone's name, for example us-east-1a"},
    ),
]

AllocationStrategy = Literal["BEST_FIT_PROGRESSIVE", "SPOT_CAPACITY_OPTIMIZED", "SPOT_PRICE_CAPACITY_OPTIMIZED"]

#: What each type of environment may be given; the first is its default (Batch User Guide, "Instance type
#: allocation strategies"). BEST_FIT is not offered: an environment that has it cannot be updated in place.
ALLOCATION_STRATEGIES: dict[str, tuple[AllocationStrategy, ...]] = {
    "EC2": ("BEST_FIT_PROGRESSIVE",),
    "SPOT": ("SPOT_PRICE_CAPACITY_OPTIMIZED", "SPOT_CAPACITY_OPTIMIZED", "BEST_FIT_PROGRESSIVE"),
}


class ComputeEnvironment(Section):
    """A managed compute environment. With `min_vcpus` 0, the default, it costs nothing while idle."""

    type: Literal["EC2", "SPOT"] = Field(
        default="EC2", description="EC2 for on-demand instances, SPOT for Spot instances."
    )
    min_vcpus: int = Field(
        default=0, ge=0, le=1_000_000, description="vCPUs that are kept running, with or without jobs."
    )
    desired_vcpus: int | None = Field(
        default=None,
        ge=0,
        le=1_000_000,
        description="vCPUs to start with. Batch moves this number itself, and a deployment that sets it moves it "
        "back: leave it unset unless instances must be there at once.",
    )
    max_vcpus: int = Field(default=256, ge=1, le=1_000_000, description="The most vCPUs that may run at once.")
    instance_types: Items[InstanceType] = Field(
        default=("default_x86_64",),
        min_length=1,
        description="Instance types that Batch may choose from: families, exact sizes, or Batch's default class.",
    )
    allocation_strategy: AllocationStrategy | None = Field(
        default=None,
        description="How Batch chooses among the instance types. Unset: BEST_FIT_PROGRESSIVE for EC2, "
        "SPOT_PRICE_CAPACITY_OPTIMIZED for SPOT, which may also have the other two.",
    )
    bid_percentage: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="The most that a Spot instance may cost, in percent of the on-demand price. Unset: 100. Only "
        "for SPOT.",
    )
    subnet_ids: Items[SubnetId] = Field(
        default=(),
        description="The subnets of the existing VPC that this environment uses. Empty: the network's. Only with "
        "`network.vpc_id`.",
    )
    availability_zones: Items[ZoneName] = Field(
        default=(),
        description="The zones of the deployment's own VPC that this environment uses. Empty: all. Not with "
        "`network.vpc_id`.",
    )
    update_timeout_minutes: int = Field(
        default=1440,
        ge=1,
        le=7200,
        description="How long, in minutes, jobs may go on when a deployment replaces the instances they run on.",
    )
