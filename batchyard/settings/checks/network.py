"""Checks of the network, and of the environments' places in it."""

from __future__ import annotations

from collections.abc import Iterator

from batchyard.ecr_image import ecr_image
from batchyard.settings.containers import all_containers
from batchyard.settings.deployment import Deployment
from batchyard.settings.environments import all_environments
from batchyard.settings.problems import Path, Problem, shown

VPC: Path = ("network", "vpc_id")
TYPE: Path = ("network", "type")

#: Fields that say how the deployment's own VPC is made.
OWN_VPC = ("type", "zones", "endpoints", "cidr")


def network(deployment: Deployment) -> Iterator[Problem]:
    """Fields for an existing VPC and fields for an own one exclude each other."""
    settings = deployment.network
    if settings.vpc_id is None and settings.subnet_ids:
        yield Problem(
            ("network", "subnet_ids"),
            "subnets are named, but network.vpc_id is not",
            ", ".join(settings.subnet_ids),
            "nothing, or network.vpc_id as well",
            others=(VPC,),
        )
    if settings.vpc_id is not None:
        for field in OWN_VPC:
            if field in settings.model_fields_set:
                yield Problem(
                    ("network", field),
                    "it is about a VPC that the deployment makes, and an existing one is as it is",
                    shown(getattr(settings, field)),
                    "nothing, together with network.vpc_id",
                    others=(VPC,),
                )
    elif settings.endpoints and settings.type != "private-endpoints":
        yield Problem(
            ("network", "endpoints"),
            f"with type {settings.type} every service is reached over the internet",
            ", ".join(settings.endpoints),
            "nothing, or type private-endpoints",
            others=(TYPE,),
        )


def places(deployment: Deployment) -> Iterator[Problem]:
    """An environment chooses subnets of an existing VPC, or zones of the own one."""
    existing = deployment.network.vpc_id is not None
    for here, environment in all_environments(deployment):
        if not existing and environment.subnet_ids:
            yield Problem(
                (*here, "subnet_ids"),
                "subnets are named, but network.vpc_id is not",
                ", ".join(environment.subnet_ids),
                "nothing (see availability_zones), or network.vpc_id as well",
                others=(VPC,),
            )
        if existing and environment.availability_zones:
            yield Problem(
                (*here, "availability_zones"),
                "zones choose among the subnets of the deployment's own VPC, and network.vpc_id names another",
                ", ".join(environment.availability_zones),
                "nothing (see subnet_ids)",
                others=(VPC,),
            )


def reachable_images(deployment: Deployment) -> Iterator[Problem]:
    """Without a way to the internet an image comes from ECR, through its endpoints."""
    if deployment.network.type != "private-endpoints":
        return
    images: dict[Path, str | None] = {("image", "uri"): deployment.image.uri} | {
        (*here, "image"): container.image for here, container in all_containers(deployment)
    }
    for path, image in images.items():
        if image is not None and not ecr_image(image):
            yield Problem(
                path,
                "it cannot be pulled: with network type private-endpoints instances reach Amazon ECR only",
                image,
                "an image in a private ECR repository of the deployment's region, a pull through cache included "
                "(ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME), or another network.type",
                others=(TYPE,),
            )
