"""Checks of job definitions with several containers: that these are all there is, and can come and go together.

Source: AWS Batch API reference, TaskContainerProperties and TaskContainerDependency.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

from batchyard.settings.container import Container
from batchyard.settings.deployment import Deployment
from batchyard.settings.job_definition import JobDefinition
from batchyard.settings.problems import Path, Problem
from batchyard.settings.task_container import TaskContainer

#: What says something of several containers, and nothing of one.
ONLY_WITH_SEVERAL = ("shared_folders", "ipc_mode", "pid_mode")

#: What of a dependency can be waited for if it is essential: with its end everything ends.
ANY_TIME = "START"


def several_containers(deployment: Deployment) -> Iterator[Problem]:
    """Everything that is wrong with a definition's containers as a whole, for each definition."""
    for name, definition in deployment.job_definitions.items():
        here: Path = ("job_definitions", name)
        if not definition.containers:
            yield from _needless(here, definition)
            continue
        for find in _CHECKS:
            yield from find(here, definition)


def _needless(here: Path, definition: JobDefinition) -> Iterator[Problem]:
    for field in ONLY_WITH_SEVERAL:
        given = getattr(definition, field)
        if given:
            yield Problem(
                (*here, field),
                "it says what several containers have in common, and the job has one",
                given if isinstance(given, str) else ", ".join(given),
                "nothing, or containers as well",
                others=((*here, "containers"),),
            )


def _both_forms(here: Path, definition: JobDefinition) -> Iterator[Problem]:
    """What a container has stands in the containers alone."""
    for field in Container.model_fields:
        if field in definition.model_fields_set:
            yield Problem(
                (*here, field),
                "the job has several containers, and this would be a further one's",
                f"{field} beside containers",
                f"{field} in each container that needs it",
                others=((*here, "containers"),),
            )


def _essential(here: Path, definition: JobDefinition) -> Iterator[Problem]:
    if not any(each.essential for each in definition.containers.values()):
        yield Problem(
            (*here, "containers"),
            "none is essential, so none decides how the job ends",
            "essential: false in each",
            "at least one that is essential",
            others=tuple((*here, "containers", name, "essential") for name in definition.containers),
        )


def _dependencies(here: Path, definition: JobDefinition) -> Iterator[Problem]:
    """A dependency is another container, and what is waited for can happen while the job goes on."""
    known = definition.containers
    for name, container in known.items():
        for other, condition in container.depends_on.items():
            path: Path = (*here, "containers", name, "depends_on", other)
            if other == name:
                yield Problem(path, "it would wait for itself", repr(other), "another container")
            elif other not in known:
                yield Problem(
                    path,
                    "there is no such container in this job definition",
                    repr(other),
                    ", ".join(each for each in known if each != name) or "nothing: it is the only one",
                    others=((*here, "containers", other),),
                )
            elif known[other].essential and condition != ANY_TIME:
                yield Problem(
                    path,
                    f"{other} is essential: when it ends, all others are stopped",
                    condition,
                    f"{ANY_TIME}, or essential: false for {other}",
                    others=((*here, "containers", other, "essential"),),
                )


def _cycles(here: Path, definition: JobDefinition) -> Iterator[Problem]:
    """Of containers that wait for each other none ever starts."""
    circle = _circle(definition.containers)
    if circle:
        names = (*circle, circle[0])
        yield Problem(
            (*here, "containers", circle[0], "depends_on", names[1]),
            "these wait for each other, and none would start",
            " → ".join(names),
            "dependencies without a circle",
            others=tuple((*here, "containers", one, "depends_on", next_) for one, next_ in pairwise(names)),
        )


def _start_timeouts(here: Path, definition: JobDefinition) -> Iterator[Problem]:
    """There is a limit to waiting for an end only where somebody waits for it."""
    awaited = {
        other
        for container in definition.containers.values()
        for other, condition in container.depends_on.items()
        if condition != ANY_TIME
    }
    for name, container in definition.containers.items():
        if container.start_timeout_seconds is not None and name not in awaited:
            yield Problem(
                (*here, "containers", name, "start_timeout_seconds"),
                "no container waits for the end of this one",
                str(container.start_timeout_seconds),
                f"nothing, or {name}: SUCCESS (or COMPLETE) in depends_on of another container",
                others=tuple((*here, "containers", other, "depends_on") for other in definition.containers),
            )


def _circle(containers: Mapping[str, TaskContainer]) -> tuple[str, ...]:
    """Containers of which each waits for the next and the last for the first; more than one, or none."""
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> tuple[str, ...]:
        if name in trail:
            return trail[trail.index(name) :]
        if name in done or name not in containers:
            return ()
        for other in containers[name].depends_on:
            found = walk(other, (*trail, name)) if other != name else ()
            if found:
                return found
        done.add(name)
        return ()

    return next((found for name in containers if (found := walk(name, ()))), ())


def _folders(here: Path, definition: JobDefinition) -> Iterator[Problem]:
    """A shared folder is mounted once in each container, and nothing else at its path."""
    for position, folder in enumerate(definition.shared_folders):
        path: Path = (*here, "shared_folders", position)
        if folder in definition.shared_folders[:position]:
            yield Problem(path, "it is listed twice", repr(folder), "each once")
        for name, container in definition.containers.items():
            scratch = [] if container.scratch is None else [container.scratch]
            taken = {"scratch": scratch, "mounts": list(container.mounts), "efs": list(container.efs)}
            for field in (field for field, paths in taken.items() if folder in paths):
                yield Problem(
                    path,
                    f"{field} of {name} is mounted at the same path",
                    folder,
                    "a path at which no container has anything else",
                    others=((*here, "containers", name, field),),
                )


_CHECKS: tuple[Callable[[Path, JobDefinition], Iterator[Problem]], ...] = (
    _both_forms,
    _essential,
    _dependencies,
    _cycles,
    _start_timeouts,
    _folders,
)
