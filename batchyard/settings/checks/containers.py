"""Checks between the fields of one container: a job's only one, or one of several."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from batchyard.ecr_image import ecr_image
from batchyard.settings.container import Container
from batchyard.settings.containers import all_containers
from batchyard.settings.deployment import Deployment
from batchyard.settings.problems import Path, Problem
from batchyard.settings.volumes import EfsMount

#: An ulimit that limits nothing.
UNLIMITED = -1


def containers(deployment: Deployment) -> Iterator[Problem]:
    """Everything that is wrong between the fields of one container, for each of them."""
    for here, container in all_containers(deployment):
        yield from _registry(here, container, container.image or deployment.image.uri)
        for find in _CHECKS:
            yield from find(here, container)


def _registry(here: Path, container: Container, image: str | None) -> Iterator[Problem]:
    """A registry's secret is for an image of that registry, and ECR takes roles instead.

    `image` is what the container runs; None: the deployment's own.
    """
    if container.registry_secret is None:
        return
    if image is None:
        yield Problem(
            (*here, "registry_secret"),
            "the platform's image lies in ECR, which needs no secret",
            container.registry_secret,
            "nothing, or image as well",
            others=((*here, "image"),),
        )
    elif ecr_image(image):
        yield Problem(
            (*here, "registry_secret"),
            "ECR takes the execution role and no secret",
            f"a secret for {image}",
            "nothing",
            others=((*here, "image"),),
        )


def _variables(here: Path, container: Container) -> Iterator[Problem]:
    """A variable has one source."""
    for name in container.secrets:
        if name in container.environment:
            yield Problem(
                (*here, "secrets", name),
                "environment sets the same variable",
                repr(name),
                "a name that environment does not have",
                others=((*here, "environment", name),),
            )


def _paths(here: Path, container: Container) -> Iterator[Problem]:
    """One thing is mounted at a path."""
    taken: dict[str, Path] = {} if container.scratch is None else {container.scratch: (*here, "scratch")}
    for section, paths in (("mounts", container.mounts), ("efs", container.efs)):
        for path in paths:
            place: Path = (*here, section, path)
            if path in taken:
                yield Problem(
                    place,
                    f"{taken[path][2]} is mounted at the same path",
                    path,
                    "a path at which nothing else is mounted",
                    others=(taken[path],),
                )
            else:
                taken[path] = place


def _file_systems(here: Path, container: Container) -> Iterator[Problem]:
    for path, mount in container.efs.items():
        yield from _file_system((*here, "efs", path), mount)


def _file_system(here: Path, mount: EfsMount) -> Iterator[Problem]:
    """The rules of AWS Batch API reference, EFSVolumeConfiguration and EFSAuthorizationConfig."""
    if mount.file_system_id is None:
        allowed = "a file system's id, for example fs-0123456789abcdef0"
        yield Problem((*here, "file_system_id"), "a file system must be named", None, allowed)
    if mount.access_point_id is not None and mount.root_directory != "/":
        yield Problem(
            (*here, "root_directory"),
            "the access point decides the folder",
            mount.root_directory,
            "nothing, together with access_point_id",
            others=((*here, "access_point_id"),),
        )
    encrypted_only = [
        *(["iam"] if mount.iam else []),
        *(["access_point_id"] if mount.access_point_id is not None else []),
    ]
    if encrypted_only and not mount.transit_encryption:
        yield Problem(
            (*here, "transit_encryption"),
            f"{' and '.join(encrypted_only)} cannot be had without it",
            "false",
            "true, or iam: false and no access_point_id",
            others=tuple((*here, field) for field in encrypted_only),
        )


def _ulimits(here: Path, container: Container) -> Iterator[Problem]:
    for name, limit in container.ulimits.items():
        if limit.hard != UNLIMITED and (limit.soft == UNLIMITED or limit.soft > limit.hard):
            yield Problem(
                (*here, "ulimits", name, "soft"),
                "it is more than hard",
                str(limit.soft),
                f"at most {limit.hard}, which is hard",
                others=((*here, "ulimits", name, "hard"),),
            )


def _log(here: Path, container: Container) -> Iterator[Problem]:
    log = container.log
    if log.multiline_pattern is not None and log.datetime_format is not None:
        yield Problem(
            (*here, "log", "datetime_format"),
            "the begin of an event is said twice",
            f"{log.datetime_format}, and {log.multiline_pattern} as multiline_pattern",
            "one of multiline_pattern and datetime_format",
            others=((*here, "log", "multiline_pattern"),),
        )
    if log.max_buffer_mib is not None and log.mode != "non-blocking":
        yield Problem(
            (*here, "log", "max_buffer_mib"),
            "there is a buffer in mode non-blocking only",
            f"{log.max_buffer_mib} with mode {log.mode or 'unset'}",
            "nothing, or mode non-blocking",
            others=((*here, "log", "mode"),),
        )


def _memory(here: Path, container: Container) -> Iterator[Problem]:
    shared = container.shared_memory_mib
    if shared is not None and shared > container.memory_mib:
        yield Problem(
            (*here, "shared_memory_mib"),
            "it is more than the container's memory, of which it is a part",
            str(shared),
            f"at most {container.memory_mib}, which is memory_mib",
            others=((*here, "memory_mib"),),
        )


_CHECKS: tuple[Callable[[Path, Container], Iterator[Problem]], ...] = (
    _variables,
    _paths,
    _file_systems,
    _ulimits,
    _log,
    _memory,
)
