"""What is refused of compute environments that no linter would find: each where it stands, with what is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.settings import told

SPOT = "compute_environments.spot"


def only(queues: dict[str, Any] | None = None, **environments: dict[str, Any]) -> dict[str, Any]:
    """A deployment with these environments, and a queue on the first one."""
    first = next(iter(environments))
    return {
        "compute_environments": environments,
        "queues": queues or {"default": {"compute_environments": [first]}},
    }


def spot(**more: Any) -> dict[str, Any]:
    return only(spot={"type": "SPOT", **more})


BOTH = {"image": {"platforms": ["linux/amd64", "linux/arm64"]}}

#: The faults that were planted in a template, of which cfn-lint found eight: those that a deployment file can say.
PLANTED: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "unknown-instance-type": (
        spot(instance_types=["m6i.17xlarge"]),
        f"{SPOT}.instance_types[0]",
        ["no such instance type", "m6i.16xlarge", "newer_instance_types"],
    ),
    "least-above-most": (spot(min_vcpus=300), f"{SPOT}.min_vcpus", ["|300|", "at most 256"]),
    "spot-strategy-on-demand": (
        only(spot={"type": "EC2", "allocation_strategy": "SPOT_CAPACITY_OPTIMIZED"}),
        f"{SPOT}.allocation_strategy",
        ["type EC2 cannot have it", "BEST_FIT_PROGRESSIVE"],
    ),
    "throughput": ({"disk": {"throughput_mib_per_second": 5000}}, "disk.throughput_mib_per_second", ["5000", "2,000"]),
    "ecs-image-type": (
        only(spot={"image_type": "ECS_AL2077"}),
        f"{SPOT}.image_type",
        ["there is no such field"],
    ),
    "priority-as-text": ({"queues": {"default": {"priority": "high"}}}, "queues.default.priority", ["whole number"]),
    "missing-environment": (
        {"queues": {"default": {"compute_environments": ["spott"]}}},
        "queues.default.compute_environments[0]",
        ["no such compute environment", "spot, on-demand"],
    ),
    "bid-above-100": (spot(bid_percentage=101), f"{SPOT}.bid_percentage", ["101", "1 to 100"]),
    "retention": ({"logs": {"retention_days": 31}}, "logs.retention_days", ["31"]),
    "attempts": (
        {"job_definitions": {"fetch-and-run": {"attempts": 11}}},
        "job_definitions.fetch-and-run.attempts",
        ["11"],
    ),
    "timeout-below-60": (
        {"job_definitions": {"fetch-and-run": {"timeout_seconds": 59}}},
        "job_definitions.fetch-and-run.timeout_seconds",
        ["59", "60"],
    ),
    "runnable-limit": (
        {"queues": {"default": {"runnable_limits": {"insufficient_capacity_seconds": 599}}}},
        "queues.default.runnable_limits.insufficient_capacity_seconds",
        ["599", "600"],
    ),
    "unknown-field": (spot(max_vcpu=4), f"{SPOT}.max_vcpu", ["did you mean max_vcpus?"]),
}

REFUSED: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "unknown-family": (spot(instance_types=["m66i"]), f"{SPOT}.instance_types[0]", ["m66i", "newer_instance_types"]),
    "burstable": (spot(instance_types=["t3.large"]), f"{SPOT}.instance_types[0]", ["burstable"]),
    "two-architectures": (
        {**spot(instance_types=["m6i", "m7g.large"]), **BOTH},
        f"{SPOT}.instance_types",
        ["cannot mix architectures", "arm64: m7g.large; x86_64: m6i"],
    ),
    "with-gpus-and-without": (
        spot(instance_types=["m6i", "g6"]),
        f"{SPOT}.instance_types",
        ["with GPUs: g6; without: m6i"],
    ),
    "no-image-for-it": (spot(instance_types=["p3.2xlarge"]), f"{SPOT}.instance_types[0]", ["p3.2xlarge"]),
    "no-instance-store": (
        {**spot(instance_types=["m6i"]), "disk": {"scratch": "instance-store"}},
        f"{SPOT}.instance_types[0]",
        ["m6i", "instance store"],
    ),
    "queue-of-two-architectures": (
        {
            **only(
                {"default": {"compute_environments": ["spot", "arm"]}},
                spot={},
                arm={"instance_types": ["default_arm64"]},
            ),
            **BOTH,
        },
        "queues.default.compute_environments",
        ["mixes no architectures", "spot (x86_64), arm (arm64)"],
    ),
    "image-for-other-processors": (spot(instance_types=["m7g"]), "image.platforms", ["linux/amd64", "linux/arm64"]),
    "more-memory-than-any-instance": (
        {
            **spot(instance_types=["m6i.large"]),
            "job_definitions": {"fetch-and-run": {"memory_mib": 8192}},
        },
        "job_definitions.fetch-and-run.memory_mib",
        ["8192 MiB of memory", "at most 8032"],
    ),
    "gpus-without-gpus": (
        {"job_definitions": {"fetch-and-run": {"gpus": 1}}},
        "job_definitions.fetch-and-run.gpus",
        ["1 GPUs", "GPU instance types"],
    ),
    "two-placement-groups": (
        spot(cluster_placement=True, placement_group="lab", availability_zones=["us-east-1a"]),
        f"{SPOT}.placement_group",
        ["one of placement_group and cluster_placement"],
    ),
    "cluster-in-all-zones": (spot(cluster_placement=True), f"{SPOT}.cluster_placement", ["one availability zone"]),
    "delay-too-short": (spot(scale_down_delay_minutes=5), f"{SPOT}.scale_down_delay_minutes", ["20"]),
    "disk-of-ones-own": (
        spot(disk={"iops": 3000, "throughput_mib_per_second": 900}),
        f"{SPOT}.disk.throughput_mib_per_second",
        ["at most 750"],
    ),
}


@pytest.mark.parametrize("what", [*PLANTED, *REFUSED])
def test_what_is_refused(what: str) -> None:
    settings, path, words = {**PLANTED, **REFUSED}[what]
    found = told(settings)
    assert path in found, found
    for word in words:
        assert word in found[path], found[path]


@pytest.mark.parametrize(
    "settings",
    [
        {**spot(instance_types=["i4i", "m6id.large"]), "disk": {"scratch": "instance-store"}},
        {**spot(instance_types=["z99.large"]), "newer_instance_types": {"z99": {}}},
        {
            **spot(instance_types=["z99g.large"]),
            "newer_instance_types": {"z99g": {"architecture": "arm64"}},
            "image": {"platforms": ["linux/arm64"]},
        },
        {**spot(instance_types=["g6"]), "job_definitions": {"fetch-and-run": {"gpus": 1}}},
        {**spot(instance_types=["m6i.large"]), "job_definitions": {"fetch-and-run": {"memory_mib": 8032}}},
        spot(cluster_placement=True, availability_zones=["us-east-1a"]),
        spot(scale_down_delay_minutes=0),
    ],
)
def test_what_is_taken(settings: dict[str, Any]) -> None:
    assert told(settings) == {}
