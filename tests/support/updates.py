"""Changes that users make to a deployment, and what each must do to the stack: the table behind docs/updates.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from batchyard.review.effects import Change, Effect, effects
from tests.support.synthesis import IMAGE_TAG, templates

Settings = dict[str, Any]

SPOT = {"type": "SPOT", "min_vcpus": 0, "max_vcpus": 256, "instance_types": ["default_x86_64"]}
ON_DEMAND = {**SPOT, "type": "EC2"}
ONE_ZONE = {**SPOT, "availability_zones": ["us-east-1a"]}
FAST = {**SPOT, "instance_types": ["i4i"]}
QUEUE = {"priority": 10, "compute_environments": ["spot", "on-demand"]}
JOB: Settings = {"vcpus": 1, "memory_mib": 2048}

VERSION, REVISION = Effect.NEW_VERSION, Effect.NEW_REVISION
IN_PLACE, ADDED, REMOVED, REPLACED = Effect.IN_PLACE, Effect.ADDED, Effect.REMOVED, Effect.REPLACED

#: What tells clients of new ARNs.
RECORD = {"PlatformParameter": IN_PLACE}
BOTH_ENVIRONMENTS = {"SpotEnvironment": IN_PLACE, "OnDemandEnvironment": IN_PLACE}
BOTH_BY_TEMPLATE = {"InstancesTemplate": VERSION, **BOTH_ENVIRONMENTS}


@dataclass(frozen=True, eq=False)
class Update:
    """One change of a deployment file (or of container/), and what it must do."""

    title: str
    after: Settings
    expected: Mapping[str, Effect]
    """The effect on each resource, by its logical id without the hash; a `*` stands for any further text."""
    before: Settings = field(default_factory=dict)
    image_tag_after: str = IMAGE_TAG
    note: str = ""


def environments(**more: Settings) -> Settings:
    """The default's two environments, and changed or further ones."""
    return {"compute_environments": {"spot": SPOT, "on-demand": ON_DEMAND, **more}}


def queues(**more: Settings) -> Settings:
    """A deployment with one queue, and changed or further ones."""
    return {"queues": {"default": QUEUE, **more}}


def definition(**more: Any) -> Settings:
    """A deployment whose one job definition says this."""
    return {"job_definitions": {"fetch-and-run": {**JOB, **more}}}


def definition_of_containers(count: int) -> Settings:
    """A deployment whose one job definition has so many containers."""
    containers = {f"part{number}": {"image": "debian:13", **JOB} for number in range(count)}
    return {"job_definitions": {"fetch-and-run": {"containers": containers, "shared_folders": ["/work"]}}}


def consuming(quantity: int, **more: Any) -> Settings:
    """A deployment whose one job definition consumes a licence."""
    return {**definition(consumes={"licence": 1}), "consumable_resources": {"licence": {"quantity": quantity, **more}}}


def unmanaged(**group: Any) -> Settings:
    """A deployment with one unmanaged environment besides the default's."""
    return {"unmanaged_environments": {"nodes": {"instance_types": ["m6i.xlarge"], **group}}}


def budget(**more: Any) -> Settings:
    """A deployment with a monthly budget."""
    return {"budget": {"monthly_usd": 500, "emails": ["me@example.com"], **more}}


LAB: Settings = {"instances": "none"}
BUILT: Settings = {"image": {"build": "codebuild"}}
GREEN: Settings = {"tags": {"team": "green"}}
RED: Settings = {"tags": {"team": "red"}}
TAGGED = {
    "StorageBucket": IN_PLACE,
    "ImagesRepository": IN_PLACE,
    "LogsLogGroup": IN_PLACE,
    "JobRole": IN_PLACE,
    "InstanceRole": IN_PLACE,
    "ExecutionRole": IN_PLACE,
    "NetworkVpc*": IN_PLACE,
    "NetworkSecurityGroup": IN_PLACE,
    **BOTH_BY_TEMPLATE,
    **RECORD,
}

EXISTING_IMAGE: Settings = {"source": "external", "uri": "quay.io/biocontainers/samtools:1.21"}
ENDPOINTS: Settings = {"network": {"type": "private-endpoints"}}
NAT: Settings = {"network": {"type": "private-nat"}}
NEW_SUBNETS = "The VPC stays. Batch replaces the instances, by the environments' update policy."

BUILT_AMI: Settings = {"ami": {"build": {}}}
NEW_IMAGE = {
    "X8664ImageRecipe": REPLACED,
    "X8664Image": REPLACED,
    "X8664ImagePipeline": IN_PLACE,
}
TAKEN_UP = "The new image is built first; the environments take it up in the same `cdk deploy --all`."

UPDATES = (
    Update("the AMI: another id", {"ami": {"id": "ami-0123456789abcdef0"}}, BOTH_ENVIRONMENTS),
    Update(
        "the AMI: an SSM parameter instead of the default",
        {"ami": {"ssm_parameter": "/images/batch"}},
        BOTH_ENVIRONMENTS,
        note="A new value of the parameter is taken up by the next deployment, without a change of the file.",
    ),
    Update(
        "the AMI: one that is built, instead of the default",
        BUILT_AMI,
        {"Machine*": ADDED, "*Component": ADDED, "X8664Image*": ADDED, "LifecycleRole": ADDED, **BOTH_ENVIRONMENTS},
        note="A stack of its own is made first, which takes as long as the build.",
    ),
    Update(
        "the built AMI: a team's own commands",
        {"ami": {"build": {"commands": ["dnf install --assumeyes htop"]}}},
        {"CommandsComponent": ADDED, **NEW_IMAGE},
        before=BUILT_AMI,
        note=TAKEN_UP,
    ),
    Update(
        "the built AMI: other commands",
        {"ami": {"build": {"commands": ["dnf install --assumeyes htop"]}}},
        {"CommandsComponent": REPLACED, **NEW_IMAGE},
        before={"ami": {"build": {"commands": ["dnf install --assumeyes tmux"]}}},
        note=TAKEN_UP,
    ),
    Update(
        "the built AMI, and the disk: another size",
        {**BUILT_AMI, "disk": {"size_gib": 500}},
        {**NEW_IMAGE, **BOTH_BY_TEMPLATE},
        before=BUILT_AMI,
        note=TAKEN_UP,
    ),
    Update(
        "the built AMI: when it is built anew",
        {"ami": {"build": {"schedule": None}}},
        {"X8664ImagePipeline": IN_PLACE},
        before=BUILT_AMI,
    ),
    Update(
        "the built AMI: how many are kept",
        {"ami": {"build": {"keep_images": 2}}},
        {"X8664ImageLifecycle": IN_PLACE},
        before=BUILT_AMI,
    ),
    Update(
        "a Graviton environment beside, with a built AMI",
        {**BUILT_AMI, **environments(graviton={**SPOT, "instance_types": ["default_arm64"]})},
        {"Arm64Image*": ADDED, "GravitonEnvironment*": ADDED, **RECORD},
        before=BUILT_AMI,
    ),
    Update("the disk: size, IOPS or throughput", {"disk": {"size_gib": 500, "iops": 6000}}, BOTH_BY_TEMPLATE),
    Update(
        "an environment's instance types",
        environments(spot={**SPOT, "instance_types": ["m7i", "c7i.4xlarge"]}),
        {"SpotEnvironment": IN_PLACE},
    ),
    Update("an environment's max_vcpus", environments(spot={**SPOT, "max_vcpus": 512}), {"SpotEnvironment": IN_PLACE}),
    Update("an environment's min_vcpus", environments(spot={**SPOT, "min_vcpus": 8}), {"SpotEnvironment": IN_PLACE}),
    Update(
        "an environment's allocation strategy or bid",
        environments(spot={**SPOT, "allocation_strategy": "SPOT_CAPACITY_OPTIMIZED", "bid_percentage": 70}),
        {"SpotEnvironment": IN_PLACE},
    ),
    Update(
        "an environment from Spot to on-demand",
        environments(spot=ON_DEMAND),
        {"SpotEnvironment": IN_PLACE},
    ),
    Update(
        "how long an update waits for jobs",
        environments(spot={**SPOT, "update_timeout_minutes": 60}),
        {"SpotEnvironment": IN_PLACE},
    ),
    Update(
        "a new compute environment",
        environments(large=ON_DEMAND),
        {"LargeEnvironment*": ADDED, **RECORD},
    ),
    Update(
        "a removed compute environment, which no queue names any more",
        environments(),
        {"LargeEnvironment*": REMOVED, **RECORD},
        before=environments(large=ON_DEMAND),
    ),
    Update(
        "an environment's zones",
        environments(spot={**SPOT, "availability_zones": ["us-east-1a", "us-east-1b"]}),
        {"SpotEnvironment": IN_PLACE},
    ),
    Update(
        "an environment's scale-down delay, or container insights",
        environments(spot={**SPOT, "scale_down_delay_minutes": 30, "container_insights": "ENABLED"}),
        {"SpotEnvironment": IN_PLACE},
    ),
    Update(
        "an environment that takes no more jobs",
        environments(spot={**SPOT, "enabled": False}),
        {"SpotEnvironment": IN_PLACE},
    ),
    Update(
        "an environment's own disk or tags",
        environments(spot={**SPOT, "disk": {"size_gib": 500}, "tags": {"team": "green"}}),
        {"SpotEnvironment": IN_PLACE, "SpotInstancesTemplate": ADDED},
    ),
    Update(
        "a cluster placement group for an environment",
        environments(spot={**ONE_ZONE, "cluster_placement": True}),
        {"SpotEnvironment": IN_PLACE, "SpotEnvironmentPlacementGroup": ADDED},
        before=environments(spot=ONE_ZONE),
    ),
    Update(
        "scratch on the instances' own disks instead of the root disk",
        {**environments(spot=FAST, **{"on-demand": FAST}), "disk": {"scratch": "instance-store"}},
        BOTH_BY_TEMPLATE,
        before=environments(spot=FAST, **{"on-demand": FAST}),
    ),
    Update(
        "an environment from instances without GPUs to instances with GPUs",
        environments(spot={**SPOT, "instance_types": ["g6"]}),
        {"SpotEnvironment": IN_PLACE},
    ),
    Update(
        "a new unmanaged environment",
        unmanaged(),
        {
            "NodesEnvironment": ADDED,
            "NodesInstances*": ADDED,
            "NodesGroup*": ADDED,
            "ClusterLookup*": ADDED,
            "BatchServiceRole": ADDED,
            "InstanceProfile": ADDED,
            **RECORD,
        },
    ),
    Update(
        "the sizes of an unmanaged environment's group",
        unmanaged(min_instances=1, max_instances=8),
        {"NodesGroup*": IN_PLACE},
        before=unmanaged(),
        note="A smaller size ends no instance: take those away first, as docs/unmanaged.md says.",
    ),
    Update(
        "one of two unmanaged environments removed, which no queue names any more",
        {"unmanaged_environments": {"lab": LAB}},
        {
            "NodesEnvironment": REMOVED,
            "NodesInstances*": REMOVED,
            "NodesGroup*": REMOVED,
            "ClusterLookupNodesEnvironment*": REMOVED,
            **RECORD,
        },
        before={"unmanaged_environments": {**unmanaged()["unmanaged_environments"], "lab": LAB}},
        note="It fails while the group has instances, which are protected, so that no job is lost. With the last one "
        "the function that looks clusters up goes, and its log.",
    ),
    Update(
        "an unmanaged environment's instance types, or on-demand to Spot",
        unmanaged(instance_types=["m7i.xlarge"]),
        {"NodesGroup*": IN_PLACE},
        before=unmanaged(),
        note="For instances that start from then on.",
    ),
    Update(
        "the disk, with an unmanaged environment",
        {**unmanaged(), "disk": {"size_gib": 500}},
        {**BOTH_BY_TEMPLATE, "NodesInstances*": VERSION, "NodesGroup*": IN_PLACE},
        before=unmanaged(),
        note="In the unmanaged environment for instances that start from then on: none that runs is ended.",
    ),
    Update(
        "the image: anything in container/",
        {},
        {"FetchAndRunDefinition": REVISION, **RECORD},
        image_tag_after="fedcba9876543210",
        note="Jobs that wait keep the revision, and the image, that they were submitted with.",
    ),
    Update(
        "the image: an existing one instead of the platform's",
        {"image": EXISTING_IMAGE},
        {"FetchAndRunDefinition": REVISION, **RECORD},
        note="The repository stays, and jobs that wait can still pull from it.",
    ),
    Update(
        "the runner mounted into an existing image",
        {"image": {**EXISTING_IMAGE, "mount_runner": True}},
        {"MountedRunner*": ADDED, **BOTH_BY_TEMPLATE, "FetchAndRunDefinition": REVISION, **RECORD},
        before={"image": EXISTING_IMAGE},
        note="Instances that have the runner come by the environments' updates: a job that needs it and lands on an "
        "older one meanwhile fails.",
    ),
    Update(
        "a queue's priority",
        queues(default={**QUEUE, "priority": 50}),
        {"DefaultQueue": IN_PLACE},
        before=queues(),
    ),
    Update(
        "the order of a queue's environments",
        queues(default={**QUEUE, "compute_environments": ["on-demand", "spot"]}),
        {"DefaultQueue": IN_PLACE},
        before=queues(),
    ),
    Update(
        "a queue's limits for jobs that cannot start",
        queues(default={**QUEUE, "runnable_limits": {"insufficient_capacity_seconds": 600}}),
        {"DefaultQueue": IN_PLACE},
        before=queues(),
    ),
    Update("a new queue", queues(urgent=QUEUE), {"UrgentQueue": ADDED, **RECORD}, before=queues()),
    Update(
        "a removed queue",
        queues(),
        {"UrgentQueue": REMOVED, **RECORD},
        before=queues(urgent=QUEUE),
        note="Batch cancels the jobs that wait in it.",
    ),
    Update(
        "a fair-share queue's weights, decay or reservation",
        queues(default={**QUEUE, "fair_share": {"shares": {"a": 0.5}, "share_decay_seconds": 60}}),
        {"DefaultQueueFairSharePolicy": IN_PLACE},
        before=queues(default={**QUEUE, "fair_share": {"shares": {"a": 1}}}),
    ),
    Update(
        "a queue from first in, first out to fair share, or back",
        queues(default={**QUEUE, "fair_share": {}}),
        {
            "DefaultQueue": REMOVED,
            "DefaultQueueFairShareQueue": ADDED,
            "DefaultQueueFairSharePolicy": ADDED,
            **RECORD,
        },
        before=queues(),
        note="Batch cannot change a queue so: a new one takes its place, and the jobs that wait in the old one are "
        "cancelled. Let them end first, or give the new queue another name.",
    ),
    Update(
        "a queue that takes no more jobs",
        queues(default={**QUEUE, "enabled": False}),
        {"DefaultQueue": IN_PLACE},
        before=queues(),
    ),
    Update("a new tag", GREEN, TAGGED, note="Compute environments, queues and job definitions have no such tags."),
    Update("another value of a tag", RED, TAGGED, before=GREEN),
    Update("a tag taken away", {}, TAGGED, before=GREEN),
    Update(
        "a job definition's memory or vCPUs",
        definition(memory_mib=4096, vcpus=2),
        {"FetchAndRunDefinition": REVISION, **RECORD},
        before=definition(),
    ),
    Update(
        "a job definition's environment, scratch, attempts or timeout",
        definition(environment={"MODE": "fast"}, scratch="/data", attempts=2, timeout_seconds=600),
        {"FetchAndRunDefinition": REVISION, **RECORD},
        before=definition(),
    ),
    Update(
        "several containers of a job instead of one",
        definition_of_containers(2),
        {"FetchAndRunDefinition": REVISION, **RECORD},
        before=definition(),
    ),
    Update(
        "a new job definition",
        {"job_definitions": {"fetch-and-run": JOB, "large": {**JOB, "memory_mib": 64000}}},
        {"LargeDefinition": ADDED, **RECORD},
        before=definition(),
    ),
    Update(
        "a removed job definition",
        definition(),
        {"LargeDefinition": REMOVED, **RECORD},
        before={"job_definitions": {"fetch-and-run": JOB, "large": {**JOB, "memory_mib": 64000}}},
    ),
    Update(
        "a job definition's scheduling priority",
        definition(scheduling_priority=5),
        {"FetchAndRunDefinition": REVISION, **RECORD},
        before=definition(),
    ),
    Update(
        "a new consumable resource, and what consumes it",
        consuming(2),
        {"LicenceConsumable*": ADDED, "FetchAndRunDefinition": REVISION, **RECORD},
        before=definition(),
    ),
    Update(
        "the quantity of a consumable resource",
        consuming(5),
        {"LicenceConsumable*": IN_PLACE},
        before=consuming(2),
        note="Sets the quantity anew, whatever was used up.",
    ),
    Update(
        "the type of a consumable resource",
        consuming(2, type="NON_REPLENISHABLE"),
        {
            "LicenceConsumableReplenishable": REMOVED,
            "LicenceConsumableNonReplenishable": ADDED,
            "FetchAndRunDefinition": REVISION,
            **RECORD,
        },
        before=consuming(2),
        note="Jobs that wait need the old one, which is gone: let them end first.",
    ),
    Update("which queue is the default one", {"default_queue": "low"}, RECORD),
    Update("how long logs are kept", {"logs": {"retention_days": 365}}, {"LogsLogGroup": IN_PLACE}),
    Update(
        "scratch prefixes and their lifetime",
        {"storage": {"scratch_prefixes": {"scratch/": 30, "tmp/": 1}}},
        {"StorageBucket": IN_PLACE, "JobRoleDefaultPolicy": IN_PLACE},
    ),
    Update(
        "the prefix of results",
        {"storage": {"results_prefix": "out/"}},
        {"JobRoleDefaultPolicy": IN_PLACE, **RECORD},
        note="What lies under the old prefix stays there; jobs can no longer reach it.",
    ),
    Update("how many images are kept", {"repository": {"keep_images": 5}}, {"ImagesRepository": IN_PLACE}),
    Update(
        "the image built in the account",
        BUILT,
        {"ImageBuild*": ADDED},
    ),
    Update(
        "a file in container/, with the image built in the account",
        BUILT,
        {
            "ImageBuild*": IN_PLACE,
            "ImageBuildAmd64Image": Effect.MAY_BE_REPLACED,
            "FetchAndRunDefinition": REVISION,
            **RECORD,
        },
        before=BUILT,
        image_tag_after="fedcba9876543210",
        note="The new revision is made when its image is there; if the build fails, the old one stays. The image's "
        "custom resource keeps its id, so it is not replaced.",
    ),
    Update(
        "what jobs may reach",
        {"job_role": {"buckets": {"reference-data": {"read": ["genomes/"]}}}},
        {"JobRoleDefaultPolicy": IN_PLACE},
    ),
    Update("a monthly budget", budget(), {"MonthlyBudget": ADDED}),
    Update("the amount of the budget", budget(monthly_usd=900), {"MonthlyBudget": IN_PLACE}, before=budget()),
    Update(
        "whom the budget tells, or when",
        budget(emails=["you@example.com"], actual_percent=[50, 100]),
        {"MonthlyBudget": REPLACED},
        before=budget(),
        note="The new one counts the whole month too, and may tell again what the old one has told.",
    ),
    Update("the budget taken away", {}, {"MonthlyBudget": REMOVED}, before=budget()),
    Update(
        "the network's address range",
        {"network": {"cidr": "172.20.0.0/16"}},
        {
            "NetworkVpc": REPLACED,
            "NetworkVpc*": REPLACED,
            "NetworkSecurityGroup": REPLACED,
            **BOTH_ENVIRONMENTS,
        },
        note="Nothing else moves the network of a stack that stands: choose the range before the first deployment.",
    ),
    Update(
        "the network from public to private-endpoints",
        ENDPOINTS,
        {
            "NetworkVpcPublic*": REMOVED,
            "NetworkVpcIGW": REMOVED,
            "NetworkVpcVPCGW": REMOVED,
            "NetworkVpcPrivate*": ADDED,
            "NetworkEndpoints*": ADDED,
            "NetworkVpcS3Endpoint": IN_PLACE,
            **BOTH_ENVIRONMENTS,
        },
        note=NEW_SUBNETS,
    ),
    Update(
        "the network from public to private-nat",
        NAT,
        {
            "NetworkVpcPublicSubnet1EIP": ADDED,
            "NetworkVpcPublicSubnet1NATGateway": ADDED,
            "NetworkVpcPrivate*": ADDED,
            "NetworkVpcS3Endpoint": IN_PLACE,
            **BOTH_ENVIRONMENTS,
        },
        note=NEW_SUBNETS,
    ),
    Update(
        "the network from private-endpoints to private-nat in as many zones",
        {"network": {"type": "private-nat", "zones": 2}},
        {
            "NetworkEndpoints*": REMOVED,
            "NetworkVpcPublic*": ADDED,
            "NetworkVpcIGW": ADDED,
            "NetworkVpcVPCGW": ADDED,
            "NetworkVpcPrivateSubnet?Subnet": IN_PLACE,
            "NetworkVpcPrivateSubnet?DefaultRoute": ADDED,
            "NetworkVpcS3Endpoint": IN_PLACE,
        },
        before=ENDPOINTS,
        note="The subnets stay, their routes change.",
    ),
    Update(
        "one more zone for the network",
        {"network": {"type": "private-endpoints", "zones": 3}},
        {
            "NetworkVpcPrivateSubnet3*": ADDED,
            "NetworkEndpoints*": IN_PLACE,
            "NetworkVpcS3Endpoint": IN_PLACE,
            **BOTH_ENVIRONMENTS,
        },
        before=ENDPOINTS,
    ),
    Update(
        "one more service with an endpoint",
        {"network": {"type": "private-endpoints", "endpoints": ["sts"]}},
        {"NetworkEndpointsSts": ADDED},
        before=ENDPOINTS,
    ),
)


@cache
def changes(update: Update) -> tuple[Change, ...]:
    """What CloudFormation would do for an update."""
    before, after = templates(update.before), templates(update.after, image_tag=update.image_tag_after)
    none: dict[str, Any] = {"Resources": {}}
    stacks = sorted(before.keys() | after.keys())
    return tuple(each for name in stacks for each in effects(before.get(name, none), after.get(name, none)))
