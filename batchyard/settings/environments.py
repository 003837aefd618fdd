"""The compute environments of a deployment, managed and unmanaged, by their place in the file."""

from __future__ import annotations

from collections.abc import Iterator

from batchyard.settings.compute_environment import ComputeEnvironment
from batchyard.settings.deployment import Deployment
from batchyard.settings.problems import Path
from batchyard.settings.unmanaged_environment import UnmanagedEnvironment

AnyEnvironment = ComputeEnvironment | UnmanagedEnvironment


def by_name(deployment: Deployment) -> dict[str, AnyEnvironment]:
    """Both kinds, by the names that queues use."""
    return {str(path[-1]): environment for path, environment in all_environments(deployment)}


def all_environments(deployment: Deployment) -> Iterator[tuple[Path, AnyEnvironment]]:
    """The managed ones, then the unmanaged ones."""
    for name, managed in deployment.compute_environments.items():
        yield ("compute_environments", name), managed
    for name, unmanaged in deployment.unmanaged_environments.items():
        yield ("unmanaged_environments", name), unmanaged
