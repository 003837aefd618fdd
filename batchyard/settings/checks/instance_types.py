"""Checks of instance types: that they exist, go together, and have the image and the disks that are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from batchyard.settings.compute_environment import ComputeEnvironment
from batchyard.settings.deployment import Deployment
from batchyard.settings.instance_types import InstanceType, families, known
from batchyard.settings.instances import all_startable, startable
from batchyard.settings.problems import Path, Problem

#: Families that the ECS-optimized Amazon Linux 2023 does not run on, with or without NVIDIA's driver (API reference,
#: Ec2Configuration, `imageType`). p2 and g2 are older than any of its drivers.
WITHOUT_IMAGE = frozenset({"a1", "g2", "g3", "g3s", "p2", "p3", "p3dn"})


def unknown_types(deployment: Deployment) -> Iterator[Problem]:
    """Every word is in the table, or among the newer ones of the file, and Batch starts what it means."""
    for path, word, found in _words(deployment):
        if not found:
            yield Problem(
                path,
                "there is no such instance type in the table of this version",
                repr(word),
                f"{_near(word)}, or a type that is newer than the table: name it in newer_instance_types as well",
                others=(("newer_instance_types",),),
            )
        elif all(each.burstable for each in found):
            yield Problem(path, "Batch starts no burstable instances", repr(word), "types of any other family")


def _near(word: str) -> str:
    family = families().get(word.partition(".")[0])
    if family is not None:
        return ", ".join(each.name for each in family)
    close = get_close_matches(word, [*families(), *known()], n=5, cutoff=0.5)
    return ", ".join(close) if close else "a family (m6i) or an exact size (c5.2xlarge)"


def architecture(deployment: Deployment) -> Iterator[Problem]:
    """An environment has one architecture (API reference, ComputeResource, `instanceTypes`)."""
    for name, environment in deployment.compute_environments.items():
        by_architecture: dict[str, list[str]] = {}
        for word in environment.instance_types:
            for each in {each.architecture for each in startable(deployment, word)}:
                by_architecture.setdefault(each, []).append(word)
        if len(by_architecture) > 1:
            yield Problem(
                ("compute_environments", name, "instance_types"),
                "one compute environment cannot mix architectures",
                _listed(by_architecture),
                "types of one architecture; an environment of each may stand beside the other",
            )


def gpus(deployment: Deployment) -> Iterator[Problem]:
    """An environment's instances have GPUs, and then NVIDIA's image, or they have none."""
    for name, environment in deployment.compute_environments.items():
        by_gpus: dict[str, list[str]] = {}
        for word in environment.instance_types:
            for each in {bool(each.gpus) for each in startable(deployment, word)}:
                by_gpus.setdefault("with GPUs" if each else "without", []).append(word)
        if len(by_gpus) > 1:
            yield Problem(
                ("compute_environments", name, "instance_types"),
                "instances with GPUs and without need different images, and jobs without need would take the dear ones",
                _listed(by_gpus),
                "all with GPUs or all without; an environment of each may stand beside the other",
            )


def _listed(groups: dict[str, list[str]]) -> str:
    return "; ".join(f"{name}: {', '.join(words)}" for name, words in sorted(groups.items()))


def images(deployment: Deployment) -> Iterator[Problem]:
    """Batch's own image runs on the types, unless the environment has another."""
    for path, word, found in _words(deployment):
        environment = deployment.compute_environments[str(path[1])]
        reasons = {reason for each in found if (reason := _no_image(each)) is not None}
        ami = deployment.ami if environment.ami is None else environment.ami
        if reasons and ami.ecs_optimized:
            yield Problem(
                path,
                " and ".join(sorted(reasons)),
                repr(word),
                "other types, or an ami of your own for this environment",
                others=(("ami",), (*path[:2], "ami")),
            )


def _no_image(instance_type: InstanceType) -> str | None:
    if instance_type.family in WITHOUT_IMAGE:
        return "the ECS-optimized Amazon Linux 2023 does not run on it"
    if instance_type.gpus and not instance_type.gpu_model.startswith("NVIDIA"):
        return f"jobs get NVIDIA GPUs only, and it has {instance_type.gpu_model}"
    if instance_type.gpus and instance_type.architecture == "arm64":
        return "the ECS-optimized image with NVIDIA's driver does not run on Graviton"
    return None


def instance_store(deployment: Deployment) -> Iterator[Problem]:
    """Where scratch is on the instance store, every instance has one."""
    for path, word, found in _words(deployment):
        environment = deployment.compute_environments[str(path[1])]
        disk = deployment.disk if environment.disk is None else environment.disk
        without = [each.name for each in found if not each.instance_store_nvme]
        if disk.scratch == "instance-store" and without:
            of_its_disk: Path = ("disk",) if environment.disk is None else (*path[:2], "disk")
            yield Problem(
                path,
                "scratch is to lie on NVMe instance store disks, and it has none",
                repr(word) if len(without) == len(found) else f"{word!r}: {', '.join(without)}",
                f"families that have some, for example {', '.join(_with_store(deployment, environment))}; or scratch: "
                "root in a disk of this environment's own",
                others=((*of_its_disk, "scratch"),),
            )


def _with_store(deployment: Deployment, environment: ComputeEnvironment) -> list[str]:
    """Families of general use, of the environment's architecture."""
    arm = any(each.architecture == "arm64" for each in all_startable(deployment, environment))
    return ["c7gd", "m7gd", "r7gd"] if arm else ["c6id", "m6id", "r6id"]


def _words(deployment: Deployment) -> Iterator[tuple[Path, str, tuple[InstanceType, ...]]]:
    """Every word of every environment, with its place and what it means."""
    for name, environment in deployment.compute_environments.items():
        for position, word in enumerate(environment.instance_types):
            yield ("compute_environments", name, "instance_types", position), word, startable(deployment, word)
