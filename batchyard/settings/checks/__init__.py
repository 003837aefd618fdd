"""Checks between fields: what each allows by itself and AWS refuses together.

Each check is a function from a deployment to problems, in a file by its subject; CHECKS is all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from batchyard.settings.checks.budget import budget
from batchyard.settings.checks.containers import containers
from batchyard.settings.checks.disk import disks
from batchyard.settings.checks.duplicates import duplicates
from batchyard.settings.checks.environments import purchase, vcpus
from batchyard.settings.checks.fetching import fetching
from batchyard.settings.checks.fit import fit, processors_without_image
from batchyard.settings.checks.image import image
from batchyard.settings.checks.image_build import image_build
from batchyard.settings.checks.instance_types import architecture, gpus, images, instance_store, unknown_types
from batchyard.settings.checks.job_definitions import job_definitions
from batchyard.settings.checks.machine_image import machine_images
from batchyard.settings.checks.network import network, places, reachable_images
from batchyard.settings.checks.placement import placement
from batchyard.settings.checks.platform_record import platform_record
from batchyard.settings.checks.queues import queue_architecture
from batchyard.settings.checks.quotas import quotas
from batchyard.settings.checks.references import references
from batchyard.settings.checks.several_containers import several_containers
from batchyard.settings.checks.sharing import consumption, shares
from batchyard.settings.checks.storage import bucket_access, storage
from batchyard.settings.checks.unmanaged import some_environment, unmanaged
from batchyard.settings.deployment import Deployment
from batchyard.settings.problems import Problem

Check = Callable[[Deployment], Iterator[Problem]]

CHECKS: tuple[Check, ...] = (
    network,
    places,
    reachable_images,
    storage,
    image,
    machine_images,
    image_build,
    disks,
    vcpus,
    purchase,
    unknown_types,
    architecture,
    some_environment,
    unmanaged,
    gpus,
    images,
    instance_store,
    placement,
    references,
    queue_architecture,
    fit,
    processors_without_image,
    duplicates,
    bucket_access,
    job_definitions,
    fetching,
    containers,
    several_containers,
    shares,
    consumption,
    budget,
    quotas,
    platform_record,
)


def check(deployment: Deployment) -> list[Problem]:
    """Everything that is wrong between a deployment's fields."""
    return [problem for find in CHECKS for problem in find(deployment)]
