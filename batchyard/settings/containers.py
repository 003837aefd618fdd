"""The containers of job definitions, whether one has a single container or several."""

from __future__ import annotations

from collections.abc import Iterator

from batchyard.settings.container import Container
from batchyard.settings.deployment import Deployment
from batchyard.settings.job_definition import JobDefinition
from batchyard.settings.problems import Path


def containers_of(definition: JobDefinition) -> dict[Path, Container]:
    """The containers of a definition, by their place in it: without `containers` it is a container itself."""
    if not definition.containers:
        return {(): definition}
    return {("containers", name): container for name, container in definition.containers.items()}


def all_containers(deployment: Deployment) -> Iterator[tuple[Path, Container]]:
    """Every container of every job definition, with its place in the file."""
    for name, definition in deployment.job_definitions.items():
        for place, container in containers_of(definition).items():
            yield ("job_definitions", name, *place), container
