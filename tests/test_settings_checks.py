"""Checks between fields, and that all problems of a file are told at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from batchyard.settings.deployment import Deployment
from batchyard.settings.lookups import require_account
from batchyard.settings.problems import DeploymentError, DeploymentFileError, dotted
from batchyard.settings.validation import validated
from batchyard.settings.yaml_file import Document, parse

VPC = "vpc-0123456789abcdef0"
SUBNET = "subnet-0123456789abcdef0"
ACCOUNT = "123456789012"
PRIVATE = {"type": "private-endpoints"}


def environments(**spot: Any) -> dict[str, Any]:
    return {"compute_environments": {"spot": {"type": "SPOT", **spot}, "on-demand": {}}}


def on_demand(**fields: Any) -> dict[str, Any]:
    return {"compute_environments": {"spot": {"type": "SPOT"}, "on-demand": fields}}


def told(settings: dict[str, Any]) -> dict[str, str]:
    try:
        validated(Document(settings, {}), "file.yaml")
    except DeploymentFileError as error:
        return {dotted(each.path): f"{each.message}|{each.given}|{each.allowed}" for each in error.problems}
    return {}


REFUSED: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    # what: settings, path, words
    "record-too-long": (
        {
            "job_definitions": {f"definition-{number}": {} for number in range(140)},
            "default_job_definition": "definition-0",
        },
        "job_definitions",
        ["3 queues, 140 job definitions", "8,192"],
    ),
    "more-queues-than-an-account-has": (
        {"queues": {f"queue-{number}": {} for number in range(51)}, "default_queue": "queue-0"},
        "queues",
        ["51", "at most 50"],
    ),
    "more-environments-than-an-account-has": (
        {
            **environments(),
            "unmanaged_environments": {f"lab-{number}": {"instances": "none"} for number in range(49)},
        },
        "compute_environments",
        ["2, and 49 unmanaged ones", "at most 50"],
    ),
    "min-above-max": (
        environments(min_vcpus=20, max_vcpus=10),
        "compute_environments.spot.min_vcpus",
        ["more than max_vcpus", "20", "at most 10"],
    ),
    "desired-above": (
        environments(desired_vcpus=300),
        "compute_environments.spot.desired_vcpus",
        ["300", "0 to 256"],
    ),
    "desired-below": (
        environments(min_vcpus=8, desired_vcpus=4),
        "compute_environments.spot.desired_vcpus",
        ["4", "8 to 256"],
    ),
    "spot-strategy-on-demand": (
        on_demand(allocation_strategy="SPOT_PRICE_CAPACITY_OPTIMIZED"),
        "compute_environments.on-demand.allocation_strategy",
        ["type EC2", "BEST_FIT_PROGRESSIVE"],
    ),
    "bid-on-demand": (
        on_demand(bid_percentage=50),
        "compute_environments.on-demand.bid_percentage",
        ["one price", "50", "type SPOT"],
    ),
    "architectures": (
        environments(instance_types=["default_arm64", "optimal"]),
        "compute_environments.spot.instance_types",
        ["architectures"],
    ),
    "queue-without-environment": (
        {"queues": {"default": {"compute_environments": ["spot", "gpu"]}}},
        "queues.default.compute_environments[1]",
        ["no such compute environment", "'gpu'", "spot, on-demand"],
    ),
    "environment-twice": (
        {"queues": {"default": {"compute_environments": ["spot", "spot"]}}},
        "queues.default.compute_environments[1]",
        ["listed twice"],
    ),
    "default-queue": ({"default_queue": "fast"}, "default_queue", ["'fast'", "high, default, low"]),
    "default-definition": ({"default_job_definition": "x"}, "default_job_definition", ["fetch-and-run"]),
    "iops-for-size": (
        {"disk": {"size_gib": 30, "iops": 15001}},
        "disk.iops",
        ["500 IOPS a GiB", "15001 on 30 GiB", "at most 15000"],
    ),
    "throughput-for-iops": (
        {"disk": {"throughput_mib_per_second": 751}},
        "disk.throughput_mib_per_second",
        ["751 with 3000", "at most 750"],
    ),
    "job-larger-than-any-environment": (
        {"job_definitions": {"fetch-and-run": {"vcpus": 257}}},
        "job_definitions.fetch-and-run.vcpus",
        ["257", "at most 192"],
    ),
    "ami-twice": (
        {"ami": {"id": "ami-01234567", "ssm_parameter": "/a"}},
        "ami.ssm_parameter",
        ["named twice", "ami-01234567"],
    ),
    "subnets-without-vpc": ({"network": {"subnet_ids": [SUBNET]}}, "network.subnet_ids", ["vpc_id"]),
    "cidr-with-vpc": ({"network": {"vpc_id": VPC, "cidr": "10.0.0.0/16"}}, "network.cidr", ["existing one"]),
    "type-with-vpc": ({"network": {"vpc_id": VPC, "type": "public"}}, "network.type", ["existing one", "vpc_id"]),
    "zones-of-the-network-with-vpc": ({"network": {"vpc_id": VPC, "zones": 2}}, "network.zones", ["|2|"]),
    "endpoints-with-vpc": ({"network": {"vpc_id": VPC, "endpoints": ["sts"]}}, "network.endpoints", ["['sts']"]),
    "endpoints-without-need": (
        {"network": {"type": "private-nat", "endpoints": ["sts", "batch"]}},
        "network.endpoints",
        ["over the internet", "sts, batch", "private-endpoints"],
    ),
    "endpoint-twice": (
        {"network": {"type": "private-endpoints", "endpoints": ["sts", "sts"]}},
        "network.endpoints[1]",
        ["listed twice"],
    ),
    "image-out-of-reach": (
        {"network": PRIVATE, "job_definitions": {"fetch-and-run": {}, "other": {"image": "public.ecr.aws/a/b"}}},
        "job_definitions.other.image",
        ["cannot be pulled", "public.ecr.aws/a/b", "dkr.ecr"],
    ),
    "external-image-out-of-reach": (
        {"network": PRIVATE, "image": {"source": "external", "uri": "quay.io/a/b:1"}},
        "image.uri",
        ["cannot be pulled", "quay.io/a/b:1"],
    ),
    "environment-subnets-without-vpc": (
        environments(subnet_ids=[SUBNET]),
        "compute_environments.spot.subnet_ids",
        ["vpc_id"],
    ),
    "zones-with-vpc": (
        {"network": {"vpc_id": VPC}, **environments(availability_zones=["us-east-1a"])},
        "compute_environments.spot.availability_zones",
        ["vpc_id"],
    ),
    "same-ids": (
        {"queues": {"default": {}, "De-fault": {}, "Default": {}}},
        "queues.Default",
        ["capitals"],
    ),
    "prefix-in-prefix": (
        {"storage": {"scratch_prefixes": {"results/tmp/": 1}}},
        "storage.scratch_prefixes.results/tmp/",
        ["overlaps storage.results_prefix", "'results/'"],
    ),
    "same-prefix": ({"storage": {"results_prefix": "scripts/"}}, "storage.results_prefix", ["overlaps"]),
    "bucket-for-nothing": ({"job_role": {"buckets": {"data": {}}}}, "job_role.buckets.data", ["neither"]),
    "prefix-twice": (
        {"job_role": {"buckets": {"data": {"read": ["a/", "a/"]}}}},
        "job_role.buckets.data.read[1]",
        ["listed twice"],
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused(what: str) -> None:
    settings, path, words = REFUSED[what]
    found = told(settings)
    assert list(found) == [path]
    for word in words:
        assert word in found[path]


ALLOWED: dict[str, dict[str, Any]] = {
    "fifty-environments": {
        **environments(),
        "unmanaged_environments": {f"lab-{number}": {"instances": "none"} for number in range(48)},
    },
    "equal-vcpus": environments(min_vcpus=256, desired_vcpus=256, max_vcpus=256),
    "spot-with-any-strategy": environments(allocation_strategy="BEST_FIT_PROGRESSIVE", bid_percentage=100),
    "ratios-at-their-limit": {"disk": {"size_gib": 32, "iops": 16000, "throughput_mib_per_second": 2000}},
    "existing-vpc": {"network": {"vpc_id": VPC, "subnet_ids": [SUBNET]}, **environments(subnet_ids=[SUBNET])},
    "private-network": {
        "network": {**PRIVATE, "zones": 8, "endpoints": ["sts", "ecr.api"]},
        "job_definitions": {"fetch-and-run": {"image": f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/team/tool:1"}},
    },
    "no-scratch": {"storage": {"scratch_prefixes": {}}},
    "similar-prefixes": {"storage": {"scripts_prefix": "a/", "results_prefix": "ab/"}},
    "buckets": {"job_role": {"buckets": {"data": {"read": ["*"]}, "out": {"write": ["x/"]}}}},
}


@pytest.mark.parametrize("what", ALLOWED)
def test_what_is_allowed(what: str) -> None:
    assert told(ALLOWED[what]) == {}


WRONG = """\
disk:
  size_gib: 3.5
  colour: red
  throughput_mib_per_second: 5000
compute_environments:
  spot:
    min_vcpus: 20
    max_vcpus: 10
  gpu:
    bid_percentage: 50
    instance_types: []
queues:
  default:
    priorty: 4
    compute_environments: [spot, nowhere]
"""


def test_all_problems_of_a_file_are_told_at_once_with_their_lines() -> None:
    with pytest.raises(DeploymentFileError) as caught:
        validated(parse(WRONG, "deployments/mine.yaml"), "deployments/mine.yaml")
    assert [(dotted(each.path), each.line) for each in caught.value.problems] == [
        ("disk.size_gib", 2),
        ("disk.colour", 3),
        ("disk.throughput_mib_per_second", 4),
        ("compute_environments.spot.min_vcpus", 7),
        ("compute_environments.gpu.bid_percentage", 10),
        ("compute_environments.gpu.instance_types", 11),
        ("queues.default.priorty", 14),
        ("queues.default.compute_environments[1]", 15),
    ]
    text = str(caught.value)
    assert "deployments/mine.yaml:2: disk.size_gib: the value is not allowed" in text
    assert "    given:   3.5" in text
    assert "    allowed: a whole number from 30 to 65,536" in text
    assert text.endswith("8 problems in deployments/mine.yaml: nothing was done.")


def test_a_wrong_field_is_told_once_and_not_compared_with_others() -> None:
    assert list(told(environments(min_vcpus="many", max_vcpus=1))) == ["compute_environments.spot.min_vcpus"]
    assert list(told({"disk": {"size_gib": 1, "iops": 80_000}})) == ["disk.size_gib"]
    settings = {"compute_environments": {"spot": 5, "on-demand": {}}}
    assert list(told(settings)) == ["compute_environments.spot"]


def test_several_wrong_items_of_one_list_are_each_told() -> None:
    found = told(environments(instance_types=["m6i", "X", "c6i", 7, "c6i"]))
    assert list(found) == [
        "compute_environments.spot.instance_types[1]",
        "compute_environments.spot.instance_types[3]",
    ]


def test_a_wrong_file_is_never_repaired_in_silence(tmp_path: Path) -> None:
    document = parse("disk: {size_gib: 0}\n", "x")
    before = dict(document.value["disk"])
    with pytest.raises(DeploymentFileError):
        validated(document, "x")
    assert document.value["disk"] == before


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"network": {"vpc_id": VPC}}, "network.vpc_id"),
        (environments(availability_zones=["us-east-1a"]), "compute_environments.spot.availability_zones"),
    ],
)
def test_what_must_be_looked_up_needs_an_account(settings: dict[str, Any], field: str) -> None:
    deployment = Deployment.model_validate(settings)
    for account, region in ((None, None), ("123456789012", None), (None, "us-east-1")):
        with pytest.raises(DeploymentError, match=field):
            require_account(deployment, account, region)
    require_account(deployment, "123456789012", "us-east-1")
    require_account(Deployment(), None, None)


def test_a_list_whose_only_item_is_wrong_is_told_once() -> None:
    assert list(told(environments(instance_types=["X"]))) == ["compute_environments.spot.instance_types[0]"]
    assert list(told(environments(instance_types=[]))) == ["compute_environments.spot.instance_types"]
