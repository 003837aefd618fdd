"""An unmanaged compute environment: Batch places jobs, on instances that it neither starts nor ends."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from batchyard.settings.compute_environment import ZoneName
from batchyard.settings.network import SubnetId
from batchyard.settings.section import Items, Section

#: Fields that say something about the Auto Scaling group, so nothing where there is none.
GROUP_FIELDS = (
    "type",
    "instance_types",
    "min_instances",
    "max_instances",
    "desired_instances",
    "subnet_ids",
    "availability_zones",
)

ExactInstanceType = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9-]*[0-9][a-z0-9-]*\.[a-z0-9-]+$",
        json_schema_extra={"x-allowed": "an exact instance type, for example m6i.xlarge"},
    ),
]


class UnmanagedEnvironment(Section):
    """An unmanaged compute environment. Its instances run, and cost, whether or not there are jobs."""

    instances: Literal["auto-scaling-group", "none"] = Field(
        default="auto-scaling-group",
        description="Where instances come from. auto-scaling-group: a group with the deployment's machine image, disk, "
        "role and security group, whose instances join by themselves. none: your own; the stack's outputs say how "
        "they join.",
    )
    type: Literal["EC2", "SPOT"] = Field(
        default="EC2", description="EC2 for on-demand instances, SPOT for Spot instances."
    )
    instance_types: Items[ExactInstanceType] = Field(
        default=("m6i.xlarge",),
        min_length=1,
        max_length=40,
        description="Exact instance types of one architecture. On-demand instances are of the first type that is to be "
        "had; Spot instances of the one that is least likely to be reclaimed and cheap.",
    )
    min_instances: int = Field(
        default=0, ge=0, le=10_000, description="How many instances the group keeps at the least."
    )
    max_instances: int = Field(
        default=4, ge=0, le=10_000, description="How many instances the group may have at the most."
    )
    desired_instances: int | None = Field(
        default=None,
        ge=0,
        le=10_000,
        description="How many instances the group has. Unset: `min_instances` to begin with, and then what you set by "
        "`aws autoscaling set-desired-capacity`, which no deployment takes back.",
    )
    subnet_ids: Items[SubnetId] = Field(
        default=(),
        description="The subnets of the existing VPC that the group uses. Empty: the network's. Only with "
        "`network.vpc_id`.",
    )
    availability_zones: Items[ZoneName] = Field(
        default=(),
        description="The zones of the deployment's own VPC that the group uses. Empty: all. Not with `network.vpc_id`.",
    )
    unmanaged_vcpus: int | None = Field(
        default=None,
        ge=0,
        le=1_000_000,
        description="How many vCPUs a fair share policy takes the environment to have when it reserves some for shares "
        "that are not active. No limit. Unset: it reserves none.",
    )
