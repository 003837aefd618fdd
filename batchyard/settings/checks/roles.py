"""The job roles of a deployment, by their place in the file."""

from __future__ import annotations

from collections.abc import Iterator

from batchyard.settings.deployment import Deployment
from batchyard.settings.job_role import JobRole
from batchyard.settings.problems import Path


def job_roles(deployment: Deployment) -> Iterator[tuple[Path, JobRole]]:
    """The role of all jobs, then those of single job definitions."""
    yield ("job_role",), deployment.job_role
    for name, definition in deployment.job_definitions.items():
        if definition.job_role is not None:
            yield ("job_definitions", name, "job_role"), definition.job_role
