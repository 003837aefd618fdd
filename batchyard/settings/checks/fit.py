"""Checks that what is asked for can be had: jobs fit on instances."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from batchyard.settings.compute_environment import ComputeEnvironment
from batchyard.settings.deployment import Deployment
from batchyard.settings.environments import all_environments
from batchyard.settings.instance_types import known
from batchyard.settings.problems import Problem
from batchyard.settings.unmanaged_environment import UnmanagedEnvironment

#: More than any job asks for.
UNKNOWN = sys.maxsize


def size(deployment: Deployment) -> Iterator[Problem]:
    """A job must fit into an environment at all."""
    largest = max((_most_vcpus(environment) for _, environment in all_environments(deployment)), default=UNKNOWN)
    for name, definition in deployment.job_definitions.items():
        if definition.vcpus > largest:
            yield Problem(
                ("job_definitions", name, "vcpus"),
                "no compute environment may have that many vCPUs",
                str(definition.vcpus),
                f"at most {largest}, the largest max_vcpus",
                others=(("compute_environments",),),
            )


def _most_vcpus(environment: ComputeEnvironment | UnmanagedEnvironment) -> int:
    """How many vCPUs a job can have in an environment at the most."""
    if isinstance(environment, ComputeEnvironment):
        return environment.max_vcpus
    if environment.instances == "none":
        return UNKNOWN
    return max(known()[name].vcpus if name in known() else UNKNOWN for name in environment.instance_types)
