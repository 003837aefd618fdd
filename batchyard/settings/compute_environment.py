"""A managed compute environment: which instances Batch may start, and how many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from batchyard.settings.disk import Disk
from batchyard.settings.machine_image import MachineImage
from batchyard.settings.network import SubnetId
from batchyard.settings.section import Items, Section
from batchyard.settings.tags import TagKey, TagValue

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

PlacementGroupName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9 +=._:/@()#,\[\]&;{}!$*-]{1,255}$",
        json_schema_extra={"x-allowed": "a placement group's name of at most 255 characters"},
    ),
]

AllocationStrategy = Literal[
    "BEST_FIT_PROGRESSIVE",
    "BEST_FIT_PROGRESSIVE_ORDERED",
    "SPOT_CAPACITY_OPTIMIZED",
    "SPOT_PRICE_CAPACITY_OPTIMIZED",
    "SPOT_CAPACITY_OPTIMIZED_PRIORITIZED",
]

#: What each type of environment may be given; the first is its default (API reference, ComputeResource,
#: `allocationStrategy`). BEST_FIT is not offered: an environment that has it cannot be updated in place.
ALLOCATION_STRATEGIES: dict[str, tuple[AllocationStrategy, ...]] = {
    "EC2": ("BEST_FIT_PROGRESSIVE", "BEST_FIT_PROGRESSIVE_ORDERED"),
    "SPOT": (
        "SPOT_PRICE_CAPACITY_OPTIMIZED",
        "SPOT_CAPACITY_OPTIMIZED",
        "SPOT_CAPACITY_OPTIMIZED_PRIORITIZED",
        "BEST_FIT_PROGRESSIVE",
    ),
}

#: API reference, ComputeScalingPolicy.
LEAST_SCALE_DOWN_DELAY, MOST_SCALE_DOWN_DELAY = 20, 10_080


def _no_delay_or_a_long_one(minutes: int) -> int:
    if 0 < minutes < LEAST_SCALE_DOWN_DELAY:
        raise ValueError(f"Batch keeps idle instances {LEAST_SCALE_DOWN_DELAY} minutes at least, or not at all")
    return minutes


class ComputeEnvironment(Section):
    """A managed compute environment. With `min_vcpus` 0, the default, it costs nothing while idle."""

    type: Literal["EC2", "SPOT"] = Field(
        default="EC2", description="EC2 for on-demand instances, SPOT for Spot instances."
    )
    enabled: bool = Field(
        default=True, description="Whether it takes jobs. false: running ones go on, and it scales down to nothing."
    )
    min_vcpus: int = Field(
        default=0, ge=0, le=1_000_000, description="vCPUs that are kept running, with or without jobs."
    )
    desired_vcpus: int | None = Field(
        default=None,
        ge=0,
        le=1_000_000,
        description="vCPUs to start with. Batch moves this number itself, and lets nobody lower it: an update of the "
        "environment that sends less than it has by then fails. Take it out of the file after the first deployment.",
    )
    max_vcpus: int = Field(default=256, ge=1, le=1_000_000, description="The most vCPUs that may run at once.")
    scale_down_delay_minutes: Annotated[int, AfterValidator(_no_delay_or_a_long_one)] | None = Field(
        default=None,
        ge=0,
        le=MOST_SCALE_DOWN_DELAY,
        description="How long, in minutes, an instance is kept, and paid for, after its last job. Unset or 0: Batch "
        "ends it soon; 0 also takes away a delay that was set before.",
        json_schema_extra={
            "x-allowed": f"0, or a whole number from {LEAST_SCALE_DOWN_DELAY} to {MOST_SCALE_DOWN_DELAY:,}"
        },
    )
    instance_types: Items[InstanceType] = Field(
        default=("default_x86_64",),
        min_length=1,
        description="Instance types that Batch may choose from: families, exact sizes, or Batch's default classes, "
        "all of one architecture, and all with GPUs or all without.",
    )
    allocation_strategy: AllocationStrategy | None = Field(
        default=None,
        description="How Batch chooses among the instance types. Unset: BEST_FIT_PROGRESSIVE for EC2, which may also "
        "have BEST_FIT_PROGRESSIVE_ORDERED; SPOT_PRICE_CAPACITY_OPTIMIZED for SPOT, which may have any but that one.",
    )
    bid_percentage: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="The most that a Spot instance may cost, in percent of the on-demand price. Unset: 100; 100 also "
        "takes away a lower one that was set before. Only for SPOT.",
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
    cluster_placement: bool = Field(
        default=False,
        description="Whether the instances stand close together, in a cluster placement group of the environment's "
        "own, for jobs on several instances that talk much. Needs exactly one zone or subnet. Batch has no way to take "
        "a placement group from an environment again: give the environment another name then.",
    )
    placement_group: PlacementGroupName | None = Field(
        default=None,
        description="An existing placement group that the instances start in. Not together with `cluster_placement`; "
        "like that it cannot be taken away again.",
    )
    ami: MachineImage | None = Field(
        default=None,
        description="The machine image of this environment's instances. Unset: the deployment's; {}: the newest "
        "ECS-optimized one.",
    )
    disk: Disk | None = Field(
        default=None, description="The disks of this environment's instances. Unset: the deployment's."
    )
    tags: Annotated[Mapping[TagKey, TagValue], Field(max_length=8)] = Field(
        default={},
        description="Tags on this environment's instances and their disks, beside the deployment's; of two with the "
        "same key this one counts.",
    )
    container_insights: Literal["DISABLED", "ENABLED", "ENHANCED"] | None = Field(
        default=None,
        description="CloudWatch Container Insights of the environment's ECS cluster, which cost by metric. Unset: "
        "none; DISABLED also takes away what was set before.",
    )
    update_timeout_minutes: int = Field(
        default=1440,
        ge=1,
        le=7200,
        description="How long, in minutes, jobs may go on when a deployment replaces the instances they run on. "
        "CloudFormation may give up a deployment that waits more than 120 for them; Batch and the jobs go on.",
    )
    terminate_jobs_on_update: bool = Field(
        default=False,
        description="Whether a deployment that replaces instances ends their jobs at once, instead of waiting.",
    )
