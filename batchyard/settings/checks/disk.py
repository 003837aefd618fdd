"""Checks of the instances' disks."""

from __future__ import annotations

from collections.abc import Iterator

from batchyard.settings.deployment import Deployment
from batchyard.settings.disk import IOPS_PER_GIB, IOPS_PER_MIB_PER_SECOND, Disk
from batchyard.settings.problems import Path, Problem


def disks(deployment: Deployment) -> Iterator[Problem]:
    """The deployment's disk, and those of single environments."""
    yield from _disk(("disk",), deployment.disk)
    for name, environment in deployment.compute_environments.items():
        if environment.disk is not None:
            yield from _disk(("compute_environments", name, "disk"), environment.disk)


def _disk(here: Path, settings: Disk) -> Iterator[Problem]:
    """The ratios of gp3 (Amazon EBS User Guide, "General Purpose SSD volumes")."""
    most_iops = settings.size_gib * IOPS_PER_GIB
    if settings.iops > most_iops:
        yield Problem(
            (*here, "iops"),
            f"gp3 has at most {IOPS_PER_GIB} IOPS a GiB",
            f"{settings.iops} on {settings.size_gib} GiB",
            f"at most {most_iops} with this size",
            others=((*here, "size_gib"),),
        )
    most_throughput = settings.iops // IOPS_PER_MIB_PER_SECOND
    if settings.throughput_mib_per_second > most_throughput:
        yield Problem(
            (*here, "throughput_mib_per_second"),
            f"gp3 needs {IOPS_PER_MIB_PER_SECOND} IOPS for each MiB a second",
            f"{settings.throughput_mib_per_second} with {settings.iops} IOPS",
            f"at most {most_throughput} with these IOPS, or more IOPS",
            others=((*here, "iops"),),
        )
