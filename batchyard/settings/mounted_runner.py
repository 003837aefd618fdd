"""Which containers get the runner from their instance (`image.mount_runner`), and which jobs need none."""

from __future__ import annotations

from batchyard.mounted_runner import RUNNER
from batchyard.settings.container import Container
from batchyard.settings.deployment import Deployment


def mounts_runner(deployment: Deployment, container: Container) -> bool:
    """Whether the runner is mounted: into every image but the platform's, which has it already, as its ENTRYPOINT."""
    return deployment.image.mount_runner and (container.image or deployment.image.uri) is not None


def command_of(deployment: Deployment, container: Container) -> tuple[str, ...]:
    """The command of a container; without `image` and `command` it is the mounted runner's."""
    if container.command or container.image is not None or not mounts_runner(deployment, container):
        return container.command
    return (RUNNER,)


def mounted_runners(deployment: Deployment) -> dict[str, str]:
    """The definitions that the runner is mounted into, and its path: their jobs name it before a script."""
    return {
        name: RUNNER
        for name, definition in deployment.job_definitions.items()
        if not definition.containers and mounts_runner(deployment, definition)
    }


def own_commands(deployment: Deployment) -> list[str]:
    """The definitions whose jobs need no script: they run a command of their own, or their images'."""
    return [
        name
        for name, definition in deployment.job_definitions.items()
        if definition.containers
        or ((definition.command or definition.image is not None) and definition.command[:1] != (RUNNER,))
    ]
