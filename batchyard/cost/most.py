"""The most that a deployment can cost an hour: every environment at its largest, on its dearest instances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from batchyard.cost.prices import HOURS_A_MONTH, PUBLIC_ADDRESS, REGION, disk_a_month
from batchyard.settings.compute_environment import ComputeEnvironment
from batchyard.settings.deployment import Deployment
from batchyard.settings.instance_types import InstanceType, meant, priced_on
from batchyard.settings.unmanaged_environment import UnmanagedEnvironment


@dataclass(frozen=True)
class Most:
    """The most that one environment can cost, in USD an hour, with the instances' disks and public addresses."""

    environment: str
    #: How large it can be, in words: `256 vCPUs`, `4 instances`.
    limit: str
    #: None where no allowed type has a known price.
    usd_per_hour: float | None
    #: The dearest allowed type: by the vCPU where vCPUs are the limit.
    dearest: str | None
    #: Batch may go beyond max_vcpus by one instance (API reference, ComputeResource, `maxvCpus`): the dearest one.
    #: None for an Auto Scaling group, which does not go beyond its size.
    one_instance_more: float | None
    #: Words among its instance types of which some types have no known price, so that it may cost more.
    unpriced: tuple[str, ...]


def most_of(deployment: Deployment) -> list[Most]:
    """The most of each compute environment, in the order of the file."""
    disk = deployment.disk
    besides = (
        disk_a_month(size_gib=disk.size_gib, iops=disk.iops, throughput=disk.throughput_mib_per_second) / HOURS_A_MONTH
    )
    # Of the subnets of an existing VPC nothing is known here; where they are public, an address is what it costs.
    if deployment.network.vpc_id is not None or deployment.network.type == "public":
        besides += PUBLIC_ADDRESS.usd
    return [
        *(_most(name, each, besides) for name, each in deployment.compute_environments.items()),
        *(
            _most_of_group(name, each, besides)
            for name, each in deployment.unmanaged_environments.items()
            if each.instances == "auto-scaling-group"
        ),
    ]


def total(found: Sequence[Most]) -> float:
    """The most that all of them cost together, in USD an hour; without those of which no price is known."""
    return sum(each.usd_per_hour or 0 for each in found)


def described(found: Sequence[Most]) -> Iterator[str]:
    """The most of a deployment, as lines for people: the sum, its parts, what the prices are."""
    yield f"at its largest it costs at most {total(found):,.2f} USD an hour"
    for each in found:
        if each.usd_per_hour is None:
            continue
        line = f"    {each.environment}: {each.usd_per_hour:,.2f} for {each.limit}, the dearest as {each.dearest}"
        if each.one_instance_more is not None:
            line += f"; the one instance that Batch may add beyond them, {each.one_instance_more:,.2f}"
        yield line
    for each in found:
        if each.unpriced:
            yield f"    {each.environment}: may cost more, no price is known for all of {', '.join(each.unpriced)}"
    yield (
        f"    instances with disks and public addresses, at on-demand prices of {REGION} on {priced_on()}; Spot at the "
        "bid's share of them"
    )


def _hourly(words: Sequence[str], share: float, besides: float) -> dict[InstanceType, float]:
    """What an instance of each type that the words mean costs, for those whose price is known."""
    types = [each for word in words for each in meant(word)]
    return {each: each.usd_per_hour * share + besides for each in types if each.usd_per_hour is not None}


def _most(name: str, environment: ComputeEnvironment, besides: float) -> Most:
    hourly = _hourly(environment.instance_types, (environment.bid_percentage or 100) / 100, besides)
    dearest = max(hourly, key=lambda each: hourly[each] / each.vcpus, default=None)
    return Most(
        environment=name,
        limit=f"{environment.max_vcpus:,} vCPUs",
        usd_per_hour=None if dearest is None else hourly[dearest] / dearest.vcpus * environment.max_vcpus,
        dearest=None if dearest is None else dearest.name,
        one_instance_more=max(hourly.values(), default=0.0),
        unpriced=_unpriced(environment.instance_types),
    )


def _most_of_group(name: str, environment: UnmanagedEnvironment, besides: float) -> Most:
    hourly = _hourly(environment.instance_types, 1, besides)
    dearest = max(hourly, key=lambda each: hourly[each], default=None)
    return Most(
        environment=name,
        limit=f"{environment.max_instances:,} instances",
        usd_per_hour=None if dearest is None else hourly[dearest] * environment.max_instances,
        dearest=None if dearest is None else dearest.name,
        one_instance_more=None,
        unpriced=_unpriced(environment.instance_types),
    )


def _unpriced(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for word in words if not meant(word) or any(each.usd_per_hour is None for each in meant(word)))
