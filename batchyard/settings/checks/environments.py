"""Checks between the fields of a compute environment."""

from __future__ import annotations

from collections.abc import Iterator

from batchyard.settings.compute_environment import ALLOCATION_STRATEGIES
from batchyard.settings.deployment import Deployment
from batchyard.settings.problems import Path, Problem


def vcpus(deployment: Deployment) -> Iterator[Problem]:
    """0 ≤ min ≤ desired ≤ max (API reference, ComputeResource)."""
    for name, environment in deployment.compute_environments.items():
        here: Path = ("compute_environments", name)
        least, most = environment.min_vcpus, environment.max_vcpus
        if least > most:
            yield Problem(
                (*here, "min_vcpus"),
                "it is more than max_vcpus",
                str(least),
                f"at most {most}, which is max_vcpus",
                others=((*here, "max_vcpus"),),
            )
        elif environment.desired_vcpus is not None and not least <= environment.desired_vcpus <= most:
            yield Problem(
                (*here, "desired_vcpus"),
                "it is not between min_vcpus and max_vcpus",
                str(environment.desired_vcpus),
                f"{least} to {most}",
                others=((*here, "min_vcpus"), (*here, "max_vcpus")),
            )


def purchase(deployment: Deployment) -> Iterator[Problem]:
    """Allocation strategy and bid percentage must suit the environment's type."""
    for name, environment in deployment.compute_environments.items():
        here: Path = ("compute_environments", name)
        kind: Path = (*here, "type")
        suitable = ALLOCATION_STRATEGIES[environment.type]
        if environment.allocation_strategy is not None and environment.allocation_strategy not in suitable:
            yield Problem(
                (*here, "allocation_strategy"),
                f"an environment of type {environment.type} cannot have it",
                environment.allocation_strategy,
                ", ".join(suitable),
                others=(kind,),
            )
        if environment.bid_percentage is not None and environment.type != "SPOT":
            yield Problem(
                (*here, "bid_percentage"),
                "on-demand instances have one price",
                f"{environment.bid_percentage} with type {environment.type}",
                "nothing, or type SPOT",
                others=(kind,),
            )
