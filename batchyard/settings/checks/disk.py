"""Checks of the instances' disk."""

from __future__ import annotations

from collections.abc import Iterator

from batchyard.settings.deployment import Deployment
from batchyard.settings.disk import IOPS_PER_GIB, IOPS_PER_MIB_PER_SECOND
from batchyard.settings.problems import Problem


def disk(deployment: Deployment) -> Iterator[Problem]:
    """The ratios of gp3 (Amazon EBS User Guide, "General Purpose SSD volumes")."""
    settings = deployment.disk
    most_iops = settings.size_gib * IOPS_PER_GIB
    if settings.iops > most_iops:
        yield Problem(
            ("disk", "iops"),
            f"gp3 has at most {IOPS_PER_GIB} IOPS a GiB",
            f"{settings.iops} on {settings.size_gib} GiB",
            f"at most {most_iops} with this size",
            others=(("disk", "size_gib"),),
        )
    most_throughput = settings.iops // IOPS_PER_MIB_PER_SECOND
    if settings.throughput_mib_per_second > most_throughput:
        yield Problem(
            ("disk", "throughput_mib_per_second"),
            f"gp3 needs {IOPS_PER_MIB_PER_SECOND} IOPS for each MiB a second",
            f"{settings.throughput_mib_per_second} with {settings.iops} IOPS",
            f"at most {most_throughput} with these IOPS, or more IOPS",
            others=(("disk", "iops"),),
        )
