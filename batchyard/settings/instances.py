"""Which instances Batch may start for an environment's words: from the table, and from the file's newer types."""

from __future__ import annotations

import sys

from batchyard.settings.deployment import Deployment
from batchyard.settings.environments import AnyEnvironment
from batchyard.settings.instance_types import InstanceType, meant
from batchyard.settings.newer_instance_type import NewerInstanceType
from batchyard.settings.unmanaged_environment import UnmanagedEnvironment

#: More than any job asks for: how large a newer type is is not known.
UNKNOWN = sys.maxsize


def startable(deployment: Deployment, word: str) -> tuple[InstanceType, ...]:
    """The types that a word of `instance_types` means; empty where neither table nor file knows it."""
    found = meant(word)
    if found:
        return found
    newer = deployment.newer_instance_types
    described = newer.get(word) or newer.get(word.partition(".")[0])
    return () if described is None else (_newer(word, described),)


def all_startable(deployment: Deployment, environment: AnyEnvironment) -> tuple[InstanceType, ...]:
    """The types that all words of an environment mean together; none where instances come from elsewhere."""
    if brings_none(environment):
        return ()
    return tuple(each for word in environment.instance_types for each in startable(deployment, word))


def brings_none(environment: AnyEnvironment) -> bool:
    """Whether an environment's instances come from elsewhere: nothing is known of them."""
    return isinstance(environment, UnmanagedEnvironment) and environment.instances == "none"


def have_gpus(deployment: Deployment, environment: AnyEnvironment) -> bool:
    """Whether an environment's instances have GPUs."""
    return any(each.gpus for each in all_startable(deployment, environment))


def _newer(name: str, described: NewerInstanceType) -> InstanceType:
    return InstanceType(
        name=name,
        vcpus=UNKNOWN,
        memory_mib=UNKNOWN,
        architecture=described.architecture,
        gpus=UNKNOWN if described.gpus else 0,
        gpu_model="NVIDIA" if described.gpus else "",
        gpu_memory_mib=0,
        instance_store_gb=UNKNOWN if described.instance_store else 0,
        instance_store_nvme=described.instance_store,
        usd_per_hour=None,
    )
