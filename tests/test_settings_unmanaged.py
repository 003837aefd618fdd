"""Unmanaged compute environments in a deployment file: what is refused, where, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.settings import told

QUEUE = {"queues": {"default": {"compute_environments": ["nodes"]}}}
HERE = "unmanaged_environments.nodes"


def deployment(**group: Any) -> dict[str, Any]:
    """Nothing but one unmanaged environment, and a queue on it."""
    return {"compute_environments": {}, "unmanaged_environments": {"nodes": group}, **QUEUE}


@pytest.mark.parametrize(
    "group",
    [
        {},
        {"instances": "none"},
        {"instances": "none", "unmanaged_vcpus": 64},
        {"type": "SPOT", "instance_types": ["c7i.xlarge", "m7i.large"]},
        {"min_instances": 2, "desired_instances": 3, "max_instances": 3},
        {"instance_types": ["g5.xlarge"]},
    ],
)
def test_what_is_taken(group: dict[str, Any]) -> None:
    assert told(deployment(**group)) == {}


REFUSED: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "a family": (
        deployment(instance_types=["m6i"]),
        f"{HERE}.instance_types[0]",
        ["exact instance type", "m6i.xlarge"],
    ),
    "size-of-no-group": (
        deployment(instances="none", max_instances=3),
        f"{HERE}.max_instances",
        ["instances: none makes none", "|3|", "instances: auto-scaling-group"],
    ),
    "least-above-most": (deployment(min_instances=5), f"{HERE}.min_instances", ["|5|", "at most 4"]),
    "wanted-outside": (deployment(desired_instances=9), f"{HERE}.desired_instances", ["|9|", "0 to 4"]),
    "two-architectures": (
        deployment(instance_types=["m6i.large", "m7g.large"]),
        f"{HERE}.instance_types",
        ["m6i.large (x86_64), m7g.large (arm64)", "one architecture"],
    ),
    "some-with-gpus": (
        deployment(instance_types=["m6i.large", "g5.xlarge"]),
        f"{HERE}.instance_types",
        ["another machine image", "g5.xlarge (1 GPUs)"],
    ),
    "arm64-with-gpus": (deployment(instance_types=["g5g.xlarge"]), f"{HERE}.instance_types", ["no ECS-optimized"]),
    "not-in-the-table": (
        deployment(instance_types=["x99z.large"]),
        f"{HERE}.instance_types[0]",
        ["x99z.large", "machine image of your own"],
    ),
    "the-name-of-a-managed-one": (
        {"unmanaged_environments": {"spot": {}}},
        "unmanaged_environments.spot",
        ["managed compute environment has the same name"],
    ),
    "no-environment-at-all": (
        {"compute_environments": {}, "queues": {"default": {"compute_environments": ["nodes"]}}},
        "compute_environments",
        ["no compute environment, managed or unmanaged", "at least one"],
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused(what: str) -> None:
    settings, path, words = REFUSED[what]
    found = told(settings)
    assert path in found, found
    for word in words:
        assert word in found[path]


def test_an_unknown_type_is_fine_on_a_machine_image_of_ones_own() -> None:
    settings = {**deployment(instance_types=["x99z.large"]), "ami": {"id": "ami-0123456789abcdef0"}}
    assert told(settings) == {}
