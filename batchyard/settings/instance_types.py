"""The EC2 instance types: what each has and costs, and which of them Batch's words for instance types mean.

The table is instance_types.csv; scripts/instance_types_table.py makes it, and its head says from what. It is read
when it is first asked for.
"""

from __future__ import annotations

import csv
import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

TABLE = Path(__file__).with_suffix(".csv")

#: The line of the table's head that says when its prices were read.
PRICES_FROM = "# Prices read on "

#: Batch's own words, and the families that each means (API reference, ComputeResource, `instanceTypes`; `optimal`
#: means the same as `default_x86_64` since November 2025).
CLASSES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "optimal": ("m6i", "c6i", "r6i", "c7i"),
        "default_x86_64": ("m6i", "c6i", "r6i", "c7i"),
        "default_arm64": ("m6g", "c6g", "r6g", "c7g"),
    }
)


@dataclass(frozen=True)
class InstanceType:
    """One instance type, as EC2's DescribeInstanceTypes answers."""

    name: str
    vcpus: int
    memory_mib: int
    #: x86_64 or arm64.
    architecture: str
    #: GPUs that its system sees; a slice of one (g6f) counts as one.
    gpus: int
    #: Maker and model (`NVIDIA A10G`); empty without GPUs.
    gpu_model: str
    #: Of each GPU.
    gpu_memory_mib: int
    #: All instance store disks together, in GB (10^9 bytes); 0: it has EBS disks only.
    instance_store_gb: int
    #: Whether the instance store disks are NVMe; those of the oldest families are not.
    instance_store_nvme: bool
    #: On demand, Linux, us-east-1; None where it is not sold there.
    usd_per_hour: float | None

    @property
    def family(self) -> str:
        """The word for all its sizes: `m6i`."""
        return self.name.partition(".")[0]

    @property
    def bare_metal(self) -> bool:
        """Batch takes it only by its exact name: a family's word does not mean it."""
        return self.name.partition(".")[2].startswith("metal")

    @property
    def burstable(self) -> bool:
        """Batch refuses these (t2, t3, t4g …)."""
        return self.name[0] == "t" and self.name[1].isdigit()


@cache
def known() -> Mapping[str, InstanceType]:
    """All instance types of the table, by name."""
    rows = csv.reader(line for line in TABLE.read_text().splitlines() if not line.startswith("#"))
    next(rows)  # the columns' titles
    return MappingProxyType({row[0]: _instance_type(row) for row in rows})


def _instance_type(row: list[str]) -> InstanceType:
    name, vcpus, memory, architecture, gpus, model, gpu_memory, store, nvme, price = row
    return InstanceType(
        name=name,
        vcpus=int(vcpus),
        memory_mib=int(memory),
        architecture=architecture,
        gpus=int(gpus or 0),
        gpu_model=model,
        gpu_memory_mib=int(gpu_memory or 0),
        instance_store_gb=int(store or 0),
        instance_store_nvme=nvme == "nvme",
        usd_per_hour=float(price) if price else None,
    )


@cache
def families() -> Mapping[str, tuple[InstanceType, ...]]:
    """What each family's word means: all its sizes but bare metal, the smallest first."""
    found: dict[str, list[InstanceType]] = {}
    for each in known().values():
        if not each.bare_metal:
            found.setdefault(each.family, []).append(each)
    return MappingProxyType(
        {name: tuple(sorted(found[name], key=lambda each: (each.vcpus, each.memory_mib))) for name in sorted(found)}
    )


def meant(word: str) -> tuple[InstanceType, ...]:
    """The types that Batch may start for a word: an exact size, a family, or a class. Empty: not in the table."""
    if word in CLASSES:
        return tuple(each for family in CLASSES[word] for each in families()[family])
    exact = known().get(word)
    return (exact,) if exact else families().get(word, ())


@cache
def priced_on() -> datetime.date:
    """The day on which the table's prices were read."""
    with TABLE.open() as lines:
        for line in lines:
            if line.startswith(PRICES_FROM):
                return datetime.date.fromisoformat(line[len(PRICES_FROM) :][:10])
    raise ValueError(f"{TABLE} has no line that begins with {PRICES_FROM!r}: run scripts/instance_types_table.py")
