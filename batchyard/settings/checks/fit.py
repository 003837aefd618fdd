"""Checks that what is asked for can be had: jobs fit on instances."""

from __future__ import annotations

from collections.abc import Iterator

from batchyard.settings.deployment import Deployment
from batchyard.settings.problems import Problem


def size(deployment: Deployment) -> Iterator[Problem]:
    """A job must fit into an environment at all."""
    largest = max(environment.max_vcpus for environment in deployment.compute_environments.values())
    for name, definition in deployment.job_definitions.items():
        if definition.vcpus > largest:
            yield Problem(
                ("job_definitions", name, "vcpus"),
                "no compute environment may have that many vCPUs",
                str(definition.vcpus),
                f"at most {largest}, the largest max_vcpus",
                others=(("compute_environments",),),
            )
