"""Checks between the fields of the image: an existing image is neither built nor for other platforms than it is."""

from __future__ import annotations

from collections.abc import Iterator

from batchyard.mounted_runner import RUNNER_FOLDER
from batchyard.settings.containers import all_containers
from batchyard.settings.deployment import Deployment
from batchyard.settings.mounted_runner import mounts_runner
from batchyard.settings.problems import Path, Problem

SOURCE: Path = ("image", "source")
MOUNT_RUNNER: Path = ("image", "mount_runner")
#: What says how the platform's image is made, and so says nothing about an existing one.
ONLY_WHERE_IT_IS_BUILT = ("build", "base_image", "platforms")


def image(deployment: Deployment) -> Iterator[Problem]:
    """The image is built, or it is there already."""
    settings = deployment.image
    uri: Path = ("image", "uri")
    if settings.source == "platform" and settings.uri is not None:
        yield Problem(
            uri,
            "an image is named, and image.source says that the platform's own is used",
            settings.uri,
            "nothing, or source: external",
            others=(SOURCE,),
        )
    if settings.source == "external":
        if settings.uri is None:
            yield Problem(
                SOURCE, "an external image is used, but image.uri names none", "no uri", "image.uri", others=(uri,)
            )
        for field in ONLY_WHERE_IT_IS_BUILT:
            given = getattr(settings, field)
            if field in settings.model_fields_set and given is not None:
                yield Problem(
                    ("image", field),
                    "an external image is used as it is, not built",
                    _words(given),
                    "nothing, or source: platform",
                    others=(SOURCE,),
                )
    if settings.mount_runner:
        yield from _mounted_runner(deployment)


def _mounted_runner(deployment: Deployment) -> Iterator[Problem]:
    """It is for images that lack it, and its place in the container is free."""
    mounting = {here: each for here, each in all_containers(deployment) if mounts_runner(deployment, each)}
    if not mounting:
        yield Problem(
            MOUNT_RUNNER,
            "every job runs the platform's image, which has the runner in it",
            "true",
            "false, or source: external, or a job definition with an image",
            others=(SOURCE,),
        )
    paths: dict[Path, str] = {}
    for here, container in mounting.items():
        paths |= {} if container.scratch is None else {(*here, "scratch"): container.scratch}
        paths |= {(*here, "mounts", path): path for path in container.mounts}
        paths |= {(*here, "efs", path): path for path in container.efs}
        # Of all containers, so here once for each of them that mounts the runner.
        shared = deployment.job_definitions[str(here[1])].shared_folders
        paths |= {(*here[:2], "shared_folders", position): path for position, path in enumerate(shared)}
    for place, path in paths.items():
        if f"{RUNNER_FOLDER}/".startswith(f"{path}/") or path.startswith(f"{RUNNER_FOLDER}/"):
            yield Problem(
                place,
                "the runner is mounted there",
                path,
                f"a path that neither lies in {RUNNER_FOLDER} nor holds it",
                others=(MOUNT_RUNNER,),
            )


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
