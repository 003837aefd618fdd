"""Containers that run the fetch-and-run runner must be told what to fetch: by a submission, or by a variable."""

from __future__ import annotations

from collections.abc import Iterator

from batchyard.mounted_runner import RUNNER
from batchyard.settings.container import Container
from batchyard.settings.deployment import Deployment
from batchyard.settings.job_definition import JobDefinition
from batchyard.settings.mounted_runner import command_of, mounts_runner
from batchyard.settings.problems import Path, Problem

#: The variable by which the runner knows what to fetch.
WHAT_TO_FETCH = "BATCH_FILE_S3_URL"


def fetching(deployment: Deployment) -> Iterator[Problem]:
    """Every container that would run the runner with nothing to fetch."""
    for name, definition in deployment.job_definitions.items():
        here: Path = ("job_definitions", name)
        if definition.containers:
            yield from _several(here, definition, deployment)
        elif definition.command and _is_platforms(deployment, definition) and not _is_told(definition):
            yield Problem(
                (*here, "command"),
                "it runs the platform's image, which runs nothing but the script that it fetches",
                " ".join(definition.command),
                f"nothing, so that scripts can be submitted; or an image as well; or {WHAT_TO_FETCH} in environment, "
                "the script whose arguments these are",
                others=((*here, "image"),),
            )


def _several(here: Path, definition: JobDefinition, deployment: Deployment) -> Iterator[Problem]:
    """No submission says what the runner shall fetch in one of several containers."""
    for name, container in definition.containers.items():
        mounted = mounts_runner(deployment, container) and command_of(deployment, container)[:1] == (RUNNER,)
        if (mounted or _is_platforms(deployment, container)) and not _is_told(container):
            yield Problem(
                (*here, "containers", name),
                "it fetches and runs a script, and nobody submits one to several containers",
                "the mounted runner" if mounted else "the platform's image",
                f"an image and its command, or {WHAT_TO_FETCH} in its environment",
                others=((*here, "containers", name, "image"),),
            )


def _is_platforms(deployment: Deployment, container: Container) -> bool:
    """Whether it runs the platform's image; what another image's ENTRYPOINT does, only that image knows."""
    return container.image is None and deployment.image.uri is None


def _is_told(container: Container) -> bool:
    return WHAT_TO_FETCH in {*container.environment, *container.secrets}
