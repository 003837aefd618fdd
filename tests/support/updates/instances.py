"""Changes of what jobs run on: machine images, disks, compute environments."""

from __future__ import annotations

from typing import Any

from tests.support.updates.update import (
    ADDED,
    BOTH_BY_TEMPLATE,
    BOTH_ENVIRONMENTS,
    IN_PLACE,
    ON_DEMAND,
    RECORD,
    REMOVED,
    REPLACED,
    SPOT,
    VERSION,
    Settings,
    Update,
    environments,
)

ONE_ZONE = {**SPOT, "availability_zones": ["us-east-1a"]}
FAST = {**SPOT, "instance_types": ["i4i"]}
LAB: Settings = {"instances": "none"}
BUILT_AMI: Settings = {"ami": {"build": {}}}
NEW_IMAGE = {
    "X8664ImageRecipe": REPLACED,
    "X8664Image": REPLACED,
    "X8664ImagePipeline": IN_PLACE,
}
TAKEN_UP = "The new image is built first; the environments take it up in the same `cdk deploy --all`."


def unmanaged(**group: Any) -> Settings:
    """A deployment with one unmanaged environment besides the default's."""
    return {"unmanaged_environments": {"nodes": {"instance_types": ["m6i.xlarge"], **group}}}


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
        "an environment's desired_vcpus",
        environments(spot={**SPOT, "desired_vcpus": 8}),
        {"SpotEnvironment": IN_PLACE},
        note="It fails if Batch has more by then. To take the field out of the file changes nothing that runs.",
    ),
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
        note="Batch has no way to take a placement group away again: rename the environment instead.",
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
        note="Take its instances away first: while the group has any, CloudFormation cannot delete it, ends the update "
        "all the same, and leaves the group in no stack, with what runs in it (docs/unmanaged.md). With the last "
        "environment the function that looks clusters up goes, and its log.",
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
)
