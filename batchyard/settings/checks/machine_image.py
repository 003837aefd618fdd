"""Checks of the machine image."""

from __future__ import annotations

from collections.abc import Iterator

from batchyard.settings.deployment import Deployment
from batchyard.settings.problems import Problem


def machine_image(deployment: Deployment) -> Iterator[Problem]:
    """An AMI is named once."""
    settings = deployment.ami
    if settings.id is not None and settings.ssm_parameter is not None:
        yield Problem(
            ("ami", "ssm_parameter"),
            "the AMI is named twice",
            f"{settings.ssm_parameter}, and {settings.id} as id",
            "one of id and ssm_parameter",
            others=(("ami", "id"),),
        )
