"""Checks of where instances start: placement groups and the zones that they allow."""

from __future__ import annotations

from collections.abc import Iterator

from batchyard.settings.deployment import Deployment
from batchyard.settings.problems import Path, Problem


def placement(deployment: Deployment) -> Iterator[Problem]:
    """One placement group, and that of a cluster in one zone (EC2 User Guide, "Placement strategies")."""
    for name, environment in deployment.compute_environments.items():
        here: Path = ("compute_environments", name)
        if environment.cluster_placement and environment.placement_group is not None:
            yield Problem(
                (*here, "placement_group"),
                "instances start in one placement group",
                f"{environment.placement_group}, and cluster_placement",
                "one of placement_group and cluster_placement",
                others=((*here, "cluster_placement"),),
            )
        existing = deployment.network.vpc_id is not None
        field = "subnet_ids" if existing else "availability_zones"
        chosen = getattr(environment, field) or (deployment.network.subnet_ids if existing else ())
        if environment.cluster_placement and len(chosen) != 1:
            yield Problem(
                (*here, "cluster_placement"),
                "a cluster placement group lies in one availability zone",
                f"{field}: {', '.join(chosen) or 'all'}",
                f"exactly one of this environment's {field}",
                others=((*here, field), ("network",)),
            )
