"""The monthly budget in a deployment file: what is taken, what is refused and where, and in which regions."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cfnlint.helpers import REGIONS
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from batchyard.settings.budget import Budget
from batchyard.settings.budget_place import WITHOUT_BUDGETS, require_budget_place
from batchyard.settings.deployment import Deployment
from batchyard.settings.problems import DeploymentError
from batchyard.toolchain import ROOT
from tests.support.settings import told

ME = "me@example.com"
TOPIC = "arn:aws:sns:us-east-1:123456789012:costs"


def budget(**fields: Any) -> dict[str, Any]:
    """A deployment with a budget of 500 USD that tells one person, and what else is said."""
    return {"budget": {"monthly_usd": 500, "emails": [ME], **fields}}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"monthly_usd": 0.01},
        {"monthly_usd": 1_000_000_000},
        {"emails": [], "sns_topic_arn": TOPIC},
        {"sns_topic_arn": "arn:aws-cn:sns:cn-north-1:123456789012:costs_1"},
        {"emails": [f"o.{number}+costs@mail.example.co.uk" for number in range(10)]},
        {"actual_percent": [50, 80, 100, 120], "forecast_percent": [100]},
        {"actual_percent": [], "forecast_percent": [1_000_000]},
        {"actual_percent": [1], "forecast_percent": []},
    ],
)
def test_what_is_taken(fields: dict[str, Any]) -> None:
    assert told(budget(**fields)) == {}


def test_a_deployment_has_no_budget_unless_it_says_so() -> None:
    assert Deployment().budget is None
    assert told({"budget": None}) == {}
    assert (Budget().actual_percent, Budget().forecast_percent) == ((80, 100), (100,))


REFUSED: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "no-amount": ({"budget": {"emails": [ME]}}, "budget.monthly_usd", ["needs an amount", "|nothing|", "0.01 to"]),
    "nobody": (budget(emails=[]), "budget.emails", ["nobody would be told", "sns_topic_arn", "1 to 10 e-mail"]),
    "never": (
        budget(actual_percent=[], forecast_percent=[]),
        "budget.actual_percent",
        ["nobody would ever be told", "1 to 5 percentages"],
    ),
    "six-notifications": (
        budget(actual_percent=[50, 80, 100, 120], forecast_percent=[90, 100]),
        "budget.actual_percent",
        ["|6 percentages: 4 actual, 2 forecast|", "1 to 5"],
    ),
    "percentage-twice": (budget(actual_percent=[80, 80]), "budget.actual_percent[1]", ["listed twice", "|80|"]),
    "forecast-twice": (budget(forecast_percent=[90, 90]), "budget.forecast_percent[1]", ["listed twice"]),
    "address-twice": (budget(emails=[ME, ME]), "budget.emails[1]", ["listed twice", ME]),
    "eleven-addresses": (
        budget(emails=[f"{number}@example.com" for number in range(11)]),
        "budget.emails",
        ["a list of 0 to 10, each an e-mail address"],
    ),
    "no-address": (budget(emails=["me@localhost"]), "budget.emails[0]", ["'me@localhost'", "an e-mail address"]),
    "two-lines": (budget(emails=[f"{ME}\n"]), "budget.emails[0]", ["an e-mail address"]),
    "nothing-a-month": (budget(monthly_usd=0), "budget.monthly_usd", ["|0|", "a number from 0.01 to 1,000,000,000"]),
    "endless": (budget(monthly_usd=float("inf")), "budget.monthly_usd", ["a number from"]),
    "text": (budget(monthly_usd="500"), "budget.monthly_usd", ["'500'", "a number from"]),
    "no-percent": (budget(actual_percent=[0]), "budget.actual_percent[0]", ["|0|", "from 1 to 1,000,000"]),
    "half-a-percent": (budget(forecast_percent=[99.5]), "budget.forecast_percent[0]", ["|99.5|", "a whole number"]),
    "a-queue": (
        budget(sns_topic_arn="arn:aws:sqs:us-east-1:123456789012:costs"),
        "budget.sns_topic_arn",
        ["standard SNS topic"],
    ),
    "first-in-first-out": (budget(sns_topic_arn=f"{TOPIC}.fifo"), "budget.sns_topic_arn", ["standard SNS topic"]),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused(what: str) -> None:
    settings, path, words = REFUSED[what]
    found = told(settings)
    assert list(found) == [path]
    for word in words:
        assert word in found[path]


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert list(told({"budget": {"actual_percent": [], "forecast_percent": []}})) == [
        "budget.monthly_usd",
        "budget.emails",
        "budget.actual_percent",
    ]


def test_the_regions_without_budgets_are_those_whose_cloudformation_does_not_know_them() -> None:
    lacking = {
        each for each in REGIONS if "AWS::Budgets::Budget" not in PROVIDER_SCHEMA_MANAGER.get_resource_types(each)
    }
    assert lacking == WITHOUT_BUDGETS


@pytest.mark.parametrize(
    ("region", "words"),
    [("eu-north-1", "no AWS::Budgets::Budget"), ("us-gov-west-1", "AWS::Budgets"), ("cn-north-1", "billed in CNY")],
)
def test_a_budget_in_a_region_that_cannot_have_it_is_refused(region: str, words: str) -> None:
    with pytest.raises(DeploymentError, match=words) as refused:
        require_budget_place(Deployment.model_validate(budget()), region)
    assert region in str(refused.value)
    require_budget_place(Deployment(), region)


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "xx-new-1", None])
def test_any_other_region_has_budgets(region: str | None) -> None:
    require_budget_place(Deployment.model_validate(budget()), region)


def test_the_app_says_so_without_a_traceback(tmp_path: Path) -> None:
    code = (
        "import sys, app, batchyard.settings.load as load; from batchyard.settings.deployment import Deployment;"
        f"load.load_named = lambda name: Deployment.model_validate({budget()!r}); sys.exit(app.main())"
    )
    environment = {**os.environ, "CDK_OUTDIR": str(tmp_path), "CDK_DEFAULT_REGION": "eu-north-1"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("budget: the region eu-north-1 cannot have it")
    assert not list(tmp_path.iterdir())
