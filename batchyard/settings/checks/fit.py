"""Checks that jobs can run: an environment of some queue has the processors and an instance that is large enough.

What an instance has for jobs: its vCPUs and GPUs, and its memory less 1/64, which Linux keeps to describe the memory
itself, and less 32 MiB, which the ECS agent keeps (AWS Batch User Guide, "Compute resource memory management"). That
is the least that is kept: an m4.large has 7,985 of its 8,192 MiB left, so a job close to the limit may still not fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from batchyard.settings.compute_environment import ComputeEnvironment
from batchyard.settings.containers import containers_of
from batchyard.settings.deployment import Deployment
from batchyard.settings.environments import AnyEnvironment, all_environments, by_name
from batchyard.settings.instance_types import InstanceType
from batchyard.settings.instances import UNKNOWN, all_startable, brings_none
from batchyard.settings.job_definition import JobDefinition
from batchyard.settings.problems import Path, Problem

#: The processors that a platform of the image is for.
ARCHITECTURES = {"linux/amd64": "x86_64", "linux/arm64": "arm64"}
PLATFORMS = {architecture: platform for platform, architecture in ARCHITECTURES.items()}

KEPT_SHARE, KEPT_MIB = 64, 32
ENVIRONMENTS: Path = ("compute_environments",)


@dataclass(frozen=True)
class Need:
    """What a job asks for, of one instance: all its containers run on the same."""

    vcpus: int
    memory_mib: int
    gpus: int


@dataclass(frozen=True)
class Room:
    """What one instance has for jobs."""

    instance: str
    architecture: str
    vcpus: int
    memory_mib: int
    gpus: int

    def holds(self, need: Need, *fields: str) -> bool:
        """Whether it has as much as a job asks for, of each of these fields."""
        return all(getattr(self, field) >= getattr(need, field) for field in fields)


#: The fields of Need, which Room has too, with words for them.
ASKED = {"vcpus": "vCPUs", "memory_mib": "MiB of memory", "gpus": "GPUs"}


def need_of(definition: JobDefinition) -> Need:
    """What a job of this definition asks for: the sum of its containers."""
    containers = containers_of(definition).values()
    return Need(**{field: sum(getattr(each, field) for each in containers) for field in ASKED})


def memory_for_jobs(instance_type: InstanceType) -> int:
    """The most memory, in MiB, that an instance can have for jobs."""
    if instance_type.memory_mib == UNKNOWN:
        return UNKNOWN
    return instance_type.memory_mib - instance_type.memory_mib // KEPT_SHARE - KEPT_MIB


def rooms(deployment: Deployment, names: Iterable[str]) -> list[Room]:
    """The instances that these environments have. One has no more vCPUs for jobs than `max_vcpus` allows."""
    environments = by_name(deployment)
    return [room for name in names for room in _rooms(deployment, environments[name])]


def _rooms(deployment: Deployment, environment: AnyEnvironment) -> Iterator[Room]:
    if brings_none(environment):
        # Nothing is known of instances that come from elsewhere.
        yield from (Room("any", architecture, UNKNOWN, UNKNOWN, UNKNOWN) for architecture in PLATFORMS)
    most = environment.max_vcpus if isinstance(environment, ComputeEnvironment) else UNKNOWN
    for each in all_startable(deployment, environment):
        yield Room(each.name, each.architecture, min(each.vcpus, most), memory_for_jobs(each), each.gpus)


def used_environments(deployment: Deployment) -> list[str]:
    """The environments that a queue names."""
    used = {name for queue in deployment.queues.values() for name in queue.compute_environments}
    return [name for name in by_name(deployment) if name in used]


def processors(deployment: Deployment, definition: JobDefinition) -> frozenset[str] | None:
    """The architectures that a definition's images are for; None where only the images themselves know."""
    others = all(each.image is not None for each in containers_of(definition).values())
    if others or deployment.image.source == "external":
        return None
    return frozenset(ARCHITECTURES[platform] for platform in deployment.image.platforms)


def fit(deployment: Deployment) -> Iterator[Problem]:
    """Every job definition can run in some queue, and the default one in the default queue."""
    everywhere = rooms(deployment, used_environments(deployment))
    for name in deployment.job_definitions:
        misfit = _misfit(deployment, name, everywhere)
        if misfit is not None:
            yield misfit
        elif name == deployment.default_job_definition and deployment.default_queue in deployment.queues:
            yield from _default(deployment)


def _default(deployment: Deployment) -> Iterator[Problem]:
    queue = deployment.queues[deployment.default_queue]
    known = [name for name in queue.compute_environments if name in by_name(deployment)]
    misfit = _misfit(deployment, deployment.default_job_definition, rooms(deployment, known))
    if misfit is not None:
        yield Problem(
            ("default_queue",),
            "the default job definition cannot run in it, because its compute environments are too small or have "
            "other processors",
            f"{deployment.default_queue}, with {misfit.given} of {deployment.default_job_definition}",
            f"a queue that can run it; this one: {misfit.allowed}",
            others=(("default_job_definition",), misfit.path, *misfit.others),
        )


def _misfit(deployment: Deployment, name: str, available: list[Room]) -> Problem | None:
    """Why a definition fits into none of these rooms; None if it does, or if there are none to judge by."""
    definition = deployment.job_definitions[name]
    need, runs_on = need_of(definition), processors(deployment, definition)
    fitting = [each for each in available if runs_on is None or each.architecture in runs_on]
    if any(each.holds(need, *ASKED) for each in fitting) or not available:
        return None
    if not fitting:
        return Problem(
            ("image", "platforms"),
            "no compute environment of a queue has such processors",
            ", ".join(deployment.image.platforms),
            ", ".join(sorted({PLATFORMS[each.architecture] for each in available})),
            others=(ENVIRONMENTS,),
        )
    here: Path = ("job_definitions", name)
    for field, unit in ASKED.items():
        most = max(getattr(each, field) for each in fitting)
        if getattr(need, field) > most:
            return Problem(
                (*here, "containers" if definition.containers else field),
                f"no instance that a queue's compute environments may start has so many {unit} for a job",
                f"{getattr(need, field)} {unit}{' in all containers' if definition.containers else ''}",
                f"at most {most}" if most else "0, or a compute environment with GPU instance types, for example g6",
                others=(ENVIRONMENTS,),
            )
    fields: list[Path] = [(*here, *place, field) for place in containers_of(definition) for field in ASKED]
    return _together(here, need, fitting, fields)


def _together(path: Path, need: Need, fitting: list[Room], fields: list[Path]) -> Problem:
    """Each amount can be had, but not all at once."""
    choices = []
    for field, unit in ASKED.items():
        others = [other for other in ASKED if other != field]
        most = max((getattr(each, field) for each in fitting if each.holds(need, *others)), default=None)
        if most is not None:
            kept = " and ".join(f"{getattr(need, other)} {ASKED[other]}" for other in others)
            choices.append(f"at most {most} {unit} with {kept}")
    return Problem(
        path,
        "no instance that a queue's compute environments may start has all that it asks for at once",
        ", ".join(f"{getattr(need, field)} {unit}" for field, unit in ASKED.items()),
        "; or ".join(choices) or "less of each, or larger instance types",
        others=(*fields, ENVIRONMENTS),
    )


def processors_without_image(deployment: Deployment) -> Iterator[Problem]:
    """Some job can run on each environment of a queue: its image is built for the processors."""
    used = used_environments(deployment)
    wanted = [processors(deployment, definition) for definition in deployment.job_definitions.values()]
    if None in wanted:
        return
    built_for = frozenset[str]().union(*(each for each in wanted if each is not None))
    if not built_for & {each.architecture for each in rooms(deployment, used)}:
        return  # told once, by `fit`
    for path, environment in all_environments(deployment):
        if path[-1] not in used or brings_none(environment):
            continue
        found = {each.architecture for each in all_startable(deployment, environment)}
        lacking = found - built_for
        if lacking and len(found) == 1:  # that one has several is told by itself
            yield Problem(
                (*path, "instance_types"),
                "no job can run on it: no job definition's image is for its processors",
                f"{', '.join(sorted(lacking))}, and image.platforms is {', '.join(deployment.image.platforms)}",
                f"{', '.join(PLATFORMS[each] for each in sorted(lacking))} in image.platforms as well, or a job "
                "definition with an image of its own",
                others=(("image",), ("job_definitions",)),
            )
