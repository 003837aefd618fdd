"""The most that a deployment can cost an hour: every environment at its max_vcpus, on its dearest instances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from batchyard.cost.prices import HOURS_A_MONTH, PUBLIC_ADDRESS, REGION, disk_a_month
from batchyard.settings.compute_environment import ComputeEnvironment
from batchyard.settings.deployment import Deployment
from batchyard.settings.instance_types import InstanceType, meant, priced_on


@dataclass(frozen=True)
class Most:
    """The most that one environment can cost, in USD an hour, with the instances' disks and public addresses."""

    environment: str
    max_vcpus: int
    #: None where no allowed type has a known price.
    usd_per_hour: float | None
    #: The dearest allowed type by the vCPU.
    dearest: str | None
    #: Batch may go beyond max_vcpus by one instance (API reference, ComputeResource, `maxvCpus`): the dearest one.
    one_instance_more: float
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
    return [_most(name, each, besides) for name, each in deployment.compute_environments.items()]


def described(found: Sequence[Most]) -> Iterator[str]:
    """The most of a deployment, as lines for people: the sum, its parts, what the prices are."""
    known = [each for each in found if each.usd_per_hour is not None]
    total = sum(each.usd_per_hour or 0 for each in known)
    yield f"at max_vcpus it costs at most {total:,.2f} USD an hour"
    for each in known:
        yield (
            f"    {each.environment}: {each.usd_per_hour:,.2f} for {each.max_vcpus:,} vCPUs, the dearest as "
            f"{each.dearest}; the one instance that Batch may add beyond them, {each.one_instance_more:,.2f}"
        )
    for each in found:
        if each.unpriced:
            yield f"    {each.environment}: may cost more, no price is known for all of {', '.join(each.unpriced)}"
    yield (
        f"    instances with disks and public addresses, at on-demand prices of {REGION} on {priced_on()}; Spot at the "
        "bid's share of them"
    )


def _most(name: str, environment: ComputeEnvironment, besides: float) -> Most:
    share = (environment.bid_percentage or 100) / 100
    types = [each for word in environment.instance_types for each in meant(word)]
    hourly = {each: each.usd_per_hour * share + besides for each in types if each.usd_per_hour is not None}
    dearest = max(hourly, key=lambda each: hourly[each] / each.vcpus, default=None)
    return Most(
        environment=name,
        max_vcpus=environment.max_vcpus,
        usd_per_hour=None if dearest is None else hourly[dearest] / dearest.vcpus * environment.max_vcpus,
        dearest=None if dearest is None else dearest.name,
        one_instance_more=max(hourly.values(), default=0.0),
        unpriced=tuple(word for word in environment.instance_types if _unpriced(meant(word))),
    )


def _unpriced(types: Sequence[InstanceType]) -> bool:
    return not types or any(each.usd_per_hour is None for each in types)
