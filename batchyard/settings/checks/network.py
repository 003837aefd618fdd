"""Checks of the network, and of the environments' places in it."""

from __future__ import annotations

from collections.abc import Iterator

from batchyard.settings.deployment import Deployment
from batchyard.settings.problems import Path, Problem


def network(deployment: Deployment) -> Iterator[Problem]:
    """Fields for an existing VPC and fields for an own one exclude each other."""
    settings = deployment.network
    vpc = ("network", "vpc_id")
    if settings.vpc_id is None and settings.subnet_ids:
        yield Problem(
            ("network", "subnet_ids"),
            "subnets are named, but network.vpc_id is not",
            ", ".join(settings.subnet_ids),
            "nothing, or network.vpc_id as well",
            others=(vpc,),
        )
    if settings.vpc_id is not None and "cidr" in settings.model_fields_set:
        yield Problem(
            ("network", "cidr"),
            "an existing VPC has its address range already",
            settings.cidr,
            "nothing, together with network.vpc_id",
            others=(vpc,),
        )
    for name, environment in deployment.compute_environments.items():
        here: Path = ("compute_environments", name)
        if settings.vpc_id is None and environment.subnet_ids:
            yield Problem(
                (*here, "subnet_ids"),
                "subnets are named, but network.vpc_id is not",
                ", ".join(environment.subnet_ids),
                "nothing (see availability_zones), or network.vpc_id as well",
                others=(vpc,),
            )
        if settings.vpc_id is not None and environment.availability_zones:
            yield Problem(
                (*here, "availability_zones"),
                "zones choose among the subnets of the deployment's own VPC, and network.vpc_id names another",
                ", ".join(environment.availability_zones),
                "nothing (see subnet_ids)",
                others=(vpc,),
            )
