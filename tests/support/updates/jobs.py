"""Changes of what runs, and in which order: the image, queues, job definitions, consumable resources."""

from __future__ import annotations

from typing import Any

from batchyard.review.effects import Effect
from tests.support.updates.update import (
    ADDED,
    BOTH_BY_TEMPLATE,
    IN_PLACE,
    RECORD,
    REMOVED,
    REVISION,
    Settings,
    Update,
)

QUEUE = {"priority": 10, "compute_environments": ["spot", "on-demand"]}
JOB: Settings = {"vcpus": 1, "memory_mib": 2048}
BUILT: Settings = {"image": {"build": "codebuild"}}
EXISTING_IMAGE: Settings = {"source": "external", "uri": "quay.io/biocontainers/samtools:1.21"}


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


UPDATES = (
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
        "a command of a job definition's own, in an image of its own",
        definition(image="public.ecr.aws/docker/library/debian:13", command=["wc", "Ref::file"]),
        {"FetchAndRunDefinition": REVISION, **RECORD},
        before=definition(),
        note="Scripts run in the old revision: `batchyard submit --job-definition fetch-and-run:1`.",
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
)
