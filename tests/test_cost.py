"""What deployments cost: idle, by their templates, and at most, by their settings."""

from __future__ import annotations

import re
from typing import Any

import pytest
from typer.testing import CliRunner

from batchyard.cli.deployment import app
from batchyard.cost import prices
from batchyard.cost.idle import UnpricedTypeError, idle
from batchyard.cost.most import Most, most_of
from batchyard.settings.deployment import Deployment
from batchyard.toolchain import DEPLOYMENTS
from scripts import cost_table
from tests.support.synthesis import template

HOURS = 730
#: One r6i.large of the default deployment an hour: its price, its disk of 200 GiB, its address.
R6I_LARGE = 0.126 + 200 * 0.08 / HOURS + 0.005


def stack(**resources: dict[str, Any]) -> dict[str, Any]:
    return {"Resources": resources}


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def total(made: dict[str, Any]) -> float:
    return sum(line.usd_a_month for line in idle(made))


# Idle


def test_the_page_is_current() -> None:
    page = cost_table.PART.page.read_text()
    assert cost_table.PART.remade(page) == page, "run scripts/cost_table.py"


def test_the_default_deployment_costs_less_than_a_dollar_a_month_while_idle() -> None:
    assert 0 < sum(line.usd_a_month for line in cost_table.costs()["default"]) < 1


NETWORKS = {"public": 0, "private-endpoints": 87.60, "private-nat": 36.50, "private-nat-per-zone": 73.00}


@pytest.mark.parametrize("kind", NETWORKS)
def test_the_file_of_the_private_deployment_says_what_its_network_costs(kind: str) -> None:
    network = total(template({"network": {"type": kind}})) - total(template())
    assert network == pytest.approx(NETWORKS[kind])
    (row,) = re.findall(rf"^#   {kind} .*", (DEPLOYMENTS / "private.yaml").read_text(), re.MULTILINE)
    assert f" {NETWORKS[kind]:.2f} " in row


def test_one_more_endpoint_costs_what_the_file_says() -> None:
    more = {"network": {"type": "private-endpoints", "endpoints": ["sts"]}}
    assert total(template(more)) - total(template({"network": {"type": "private-endpoints"}})) == pytest.approx(14.60)


def test_an_image_built_in_the_account_costs_its_log_while_idle() -> None:
    assert total(template({"image": {"build": "codebuild"}})) - total(template()) == pytest.approx(0.03)


def test_instances_that_are_kept_running_cost_with_their_disks() -> None:
    keep = {"compute_environments": {"spot": {"type": "SPOT"}, "on-demand": {"min_vcpus": 4}}}
    more = total(template(keep)) - total(template())
    assert more == pytest.approx(2 * R6I_LARGE * HOURS)


TEMPLATE = resource(
    "EC2::LaunchTemplate",
    LaunchTemplateData={"InstanceType": "m6i.large", "BlockDeviceMappings": [{"Ebs": {"VolumeSize": 100}}]},
)
SOURCE = {"LaunchTemplateId": {"Ref": "Template"}, "Version": "1"}
MIXED = {"LaunchTemplate": {"LaunchTemplateSpecification": SOURCE, "Overrides": [{"InstanceType": "c6i.large"}]}}


@pytest.mark.parametrize(
    ("group", "cost"),
    [
        ({"MinSize": "0", "LaunchTemplate": SOURCE}, 0),
        ({"MinSize": "1", "DesiredCapacity": "2", "LaunchTemplate": SOURCE}, 2 * ((0.096 + 0.005) * HOURS + 8)),
        ({"MinSize": "1", "MixedInstancesPolicy": MIXED}, (0.085 + 0.005) * HOURS + 8),
    ],
)
def test_a_group_of_instances(group: dict[str, Any], cost: float) -> None:
    made = stack(Template=TEMPLATE, Group=resource("AutoScaling::AutoScalingGroup", **group))
    assert total(made) == pytest.approx(cost)


def test_what_nobody_has_priced_is_named() -> None:
    with pytest.raises(UnpricedTypeError, match=r"Table is an AWS::DynamoDB::Table"):
        idle(stack(Table=resource("DynamoDB::Table")))


def test_a_budget_costs_nothing() -> None:
    budget = {"monthly_usd": 500, "emails": ["me@example.com"]}
    assert idle(template({"budget": budget})) == idle(template())


def test_every_price_has_its_source_and_date() -> None:
    named = {name: each for name, each in vars(prices).items() if isinstance(each, prices.Price)}
    assert set(named.values()) == set(prices.PRICES)
    for each in named.values():
        assert each.page.startswith("https://aws.amazon.com/")
        assert f"/aws/{each.source.service}/current/us-east-1/" in each.source.url
        assert f"| {each.source.published.isoformat()} | <{each.page}> |" in cost_table.PART.page.read_text()


def test_a_function_behind_a_custom_resource_costs_nothing_while_idle() -> None:
    assert idle(stack(Wait={"Type": "Custom::Wait"}, Function=resource("Lambda::Function"))) == []


# At most


def most(**environment: Any) -> Most:
    deployment = Deployment.model_validate({"compute_environments": {"only": environment}})
    (found,) = most_of(deployment)
    return found


@pytest.mark.parametrize(
    ("environment", "usd_per_hour", "dearest"),
    [
        # A class means its families, and of each family all sizes: the dearest by the vCPU counts.
        ({"max_vcpus": 4}, 2 * R6I_LARGE, "r6i.large"),
        # A large instance has one disk for many vCPUs.
        ({"max_vcpus": 64, "instance_types": ["r6i.16xlarge"]}, 4.032 + R6I_LARGE - 0.126, "r6i.16xlarge"),
        ({"max_vcpus": 4, "type": "SPOT", "bid_percentage": 50}, 2 * (R6I_LARGE - 0.063), "r6i.large"),
        ({"max_vcpus": 4, "type": "SPOT"}, 2 * R6I_LARGE, "r6i.large"),
        # Bare metal is not in a family's word.
        ({"max_vcpus": 2, "instance_types": ["m6i"]}, R6I_LARGE - 0.03, "m6i.large"),
    ],
)
def test_the_most_of_an_environment(environment: dict[str, Any], usd_per_hour: float, dearest: str) -> None:
    found = most(**environment)
    assert found.usd_per_hour == pytest.approx(usd_per_hour)
    assert (found.dearest, found.unpriced) == (dearest, ())


def test_batch_may_add_one_instance_beyond_max_vcpus() -> None:
    assert most(max_vcpus=4, instance_types=["m6i.large", "r6i.16xlarge"]).one_instance_more == pytest.approx(
        4.032 + R6I_LARGE - 0.126
    )


def test_what_has_no_known_price_is_said() -> None:
    found = most(instance_types=["hpc7a", "m6i"])
    assert (found.unpriced, found.dearest) == (("hpc7a",), "m6i.large")
    assert most(instance_types=["hpc7a.12xlarge"]).usd_per_hour is None


@pytest.mark.parametrize(("network", "difference"), [("public", 0), ("private-nat", -0.005)])
def test_a_private_instance_has_no_address_to_pay(network: str, difference: float) -> None:
    settings = {"network": {"type": network}, "compute_environments": {"only": {"max_vcpus": 2}}}
    (found,) = most_of(Deployment.model_validate(settings))
    assert found.usd_per_hour == pytest.approx(R6I_LARGE + difference)


def test_an_auto_scaling_group_costs_its_largest_size_and_a_cluster_without_one_nothing() -> None:
    group = {"instance_types": ["m6i.xlarge", "m6i.large"], "max_instances": 3}
    settings = {"compute_environments": {}, "unmanaged_environments": {"nodes": group, "lab": {"instances": "none"}}}
    queues = {"default": {"compute_environments": ["nodes", "lab"]}}
    (found,) = most_of(Deployment.model_validate({**settings, "queues": queues}))
    assert (found.environment, found.limit, found.dearest, found.one_instance_more) == (
        "nodes",
        "3 instances",
        "m6i.xlarge",
        None,
    )
    assert found.usd_per_hour == pytest.approx(3 * (R6I_LARGE - 0.126 + 0.192))


def test_disks_cost_their_iops_and_throughput() -> None:
    disk = {"size_gib": 100, "iops": 4000, "throughput_mib_per_second": 225}
    settings = {"disk": disk, "compute_environments": {"only": {"max_vcpus": 2, "instance_types": ["m6i.large"]}}}
    (found,) = most_of(Deployment.model_validate(settings))
    assert found.usd_per_hour == pytest.approx(0.096 + 0.005 + (8 + 5 + 4) / HOURS)


def test_check_says_the_most_that_a_deployment_costs_and_of_when_the_prices_are() -> None:
    done = CliRunner().invoke(app, ["check", "default"])
    assert (done.exit_code, done.stderr) == (0, "")
    first, second, *_ = done.stdout.splitlines()
    assert first.endswith("default.yaml: nothing is wrong with it")
    assert second == f"at its largest it costs at most {2 * 128 * R6I_LARGE:.2f} USD an hour"
    assert "on-demand prices of us-east-1 on 2026-" in done.stdout
