"""The monthly budget in the template: what it counts, whom it tells when."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import cdk_nag
import pytest
from aws_cdk import aws_s3 as s3
from constructs.monthly_budget import MonthlyBudget
from constructs.tagging import tag

from tests.support.linting import linted
from tests.support.synthesis import default_template, properties, resources, template

TOPIC = "arn:aws:sns:us-east-1:123456789012:costs"
SETTINGS: dict[str, Any] = {
    "budget": {
        "monthly_usd": 1234.5,
        "actual_percent": [100, 50],
        "forecast_percent": [110],
        "emails": ["b@example.com", "a@example.com"],
        "sns_topic_arn": TOPIC,
    },
    "tags": {"team": "red"},
}
BUDGET = "AWS::Budgets::Budget"


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return template(SETTINGS, name="lab")


def test_it_counts_what_carries_the_deployments_tag(made: dict[str, Any]) -> None:
    budget = properties(made, BUDGET)["Budget"]
    assert budget == {
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": 1234.5, "Unit": "USD"},
        "CostFilters": {"TagKeyValue": ["user:batchyard:deployment$lab"]},
        "CostTypes": {"IncludeCredit": False, "IncludeRefund": False},
    }


def test_what_costs_the_most_carries_that_tag(made: dict[str, Any]) -> None:
    mine = {"Key": "batchyard:deployment", "Value": "lab"}
    data = properties(made, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    tagged = {each["ResourceType"] for each in data["TagSpecifications"] if mine in each["Tags"]}
    assert tagged == {"instance", "volume"}
    for kind in ("AWS::S3::Bucket", "AWS::ECR::Repository", "AWS::Logs::LogGroup"):
        assert mine in properties(made, kind)["Tags"]


def test_each_threshold_tells_everybody(made: dict[str, Any]) -> None:
    found = properties(made, BUDGET)["NotificationsWithSubscribers"]
    notifications = [each["Notification"] for each in found]
    assert [(each["NotificationType"], each["Threshold"]) for each in notifications] == [
        ("ACTUAL", 50),
        ("ACTUAL", 100),
        ("FORECASTED", 110),
    ]
    assert {(each["ComparisonOperator"], each["ThresholdType"]) for each in notifications} == {
        ("GREATER_THAN", "PERCENTAGE")
    }
    for each in found:
        assert [(one["SubscriptionType"], one["Address"]) for one in each["Subscribers"]] == [
            ("EMAIL", "a@example.com"),
            ("EMAIL", "b@example.com"),
            ("SNS", TOPIC),
        ]


def test_it_has_no_name_of_its_own_and_carries_the_tags(made: dict[str, Any]) -> None:
    assert "BudgetName" not in properties(made, BUDGET)["Budget"]
    assert properties(made, BUDGET)["ResourceTags"] == [
        {"Key": "batchyard:deployment", "Value": "lab"},
        {"Key": "team", "Value": "red"},
    ]


def test_the_output_says_that_the_tag_must_be_activated(made: dict[str, Any]) -> None:
    (budget,) = resources(made, BUDGET)
    output = made["Outputs"]["BudgetName"]
    assert output["Value"] == {"Ref": budget}
    assert "batchyard:deployment is activated as a cost allocation tag" in output["Description"]


def test_cfn_lint_finds_nothing(made: dict[str, Any]) -> None:
    assert linted(made) == []


def test_a_deployment_without_a_budget_has_none() -> None:
    assert not resources(default_template(), BUDGET)
    assert "BudgetName" not in default_template()["Outputs"]


def test_cdk_nag_finds_nothing_in_it(tmp_path: Path) -> None:
    app = cdk.App(outdir=str(tmp_path), analytics_reporting=False)
    stack = cdk.Stack(app, "Only")
    MonthlyBudget(
        stack,
        "Budget",
        monthly_usd=5,
        tag_key="a",
        tag_value="b",
        actual_percent=[80],
        forecast_percent=[],
        emails=["a@example.com"],
        sns_topic_arn=None,
    )
    tag(stack, deployment_name="lab", tags={})
    s3.Bucket(stack, "Bare")  # so that there is a report
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks())
    with contextlib.suppress(RuntimeError):
        app.synth()
    report = json.loads((tmp_path / "validation-report.json").read_text())
    (nag,) = report["pluginReports"]
    assert {each["constructPath"] for found in nag["violations"] for each in found["violatingConstructs"]} == {
        "Only/Bare/Resource"
    }
