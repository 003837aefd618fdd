"""Checks of machine images: the deployment's, and those of single environments."""

from __future__ import annotations

from collections.abc import Iterator

from batchyard.settings.deployment import Deployment
from batchyard.settings.instances import all_startable
from batchyard.settings.machine_image import MachineImage
from batchyard.settings.problems import Path, Problem


def machine_images(deployment: Deployment) -> Iterator[Problem]:
    """An AMI is named once, and is for one architecture."""
    yield from _named_once(("ami",), deployment.ami)
    for name, environment in deployment.compute_environments.items():
        if environment.ami is not None:
            yield from _named_once(("compute_environments", name, "ami"), environment.ami)
    if not deployment.ami.ecs_optimized:
        yield from _one_architecture(deployment)


def _named_once(here: Path, settings: MachineImage) -> Iterator[Problem]:
    if settings.id is not None and settings.ssm_parameter is not None:
        yield Problem(
            (*here, "ssm_parameter"),
            "the AMI is named twice",
            f"{settings.ssm_parameter}, and {settings.id} as id",
            "one of id and ssm_parameter",
            others=((*here, "id"),),
        )


def _one_architecture(deployment: Deployment) -> Iterator[Problem]:
    found = {
        name: instance_type.architecture
        for name, environment in deployment.compute_environments.items()
        if environment.ami is None
        for instance_type in all_startable(deployment, environment)
    }
    if len(set(found.values())) > 1:
        yield Problem(
            ("ami",),
            "an AMI is for one architecture, and environments of both would start from it",
            ", ".join(f"{name} ({architecture})" for name, architecture in found.items()),
            "an ami of its own for the environments of one architecture",
            others=(("compute_environments",),),
        )
