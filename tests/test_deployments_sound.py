"""Every deployment that ships, before anybody pays for it: other people's rules, permissions, limits."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import aws_cdk as cdk
import cdk_nag
import pytest

from batchyard.platform import MOST_CHARACTERS
from batchyard.settings.load import deployment_names
from batchyard.toolchain import ROOT
from tests.support import golden
from tests.support.linting import linted
from tests.support.permissions import permission_faults, roles, statements
from tests.support.synthesis import ACCOUNT, REGION, context, deployment_app, deployment_templates, template
from tests.support.written_record import written_record

pytestmark = pytest.mark.slow

DEPLOYMENTS = deployment_names()

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MOST_RESOURCES = 500
MOST_BYTES = 1_000_000


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_cfn_lint_finds_nothing_in_three_regions(name: str) -> None:
    assert [found for made in deployment_templates(name).values() for found in linted(made)] == []


def test_cfn_lint_would_find_something() -> None:
    broken = template()
    (group,) = [each for each in broken["Resources"].values() if each["Type"] == "AWS::Logs::LogGroup"]
    group["Properties"]["RetentionInDays"] = 31
    assert len(linted(broken)) == 1


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_cdk_nag_finds_nothing_that_is_not_acknowledged(name: str, tmp_path: Path) -> None:
    app, _ = deployment_app(name, outdir=str(tmp_path / "nag"))
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks())
    # It fails where there are findings; the report says which.
    with contextlib.suppress(RuntimeError):
        app.synth()
    report = json.loads((tmp_path / "nag" / "validation-report.json").read_text())
    (nag,) = [each for each in report["pluginReports"] if each["pluginName"] == "AwsSolutions"]
    assert [each["ruleName"] for each in nag["violations"]] == []


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_the_strict_synthesis_finds_nothing(name: str, tmp_path: Path) -> None:
    strict = {**context(), "@aws-cdk/core:validateAgainstDefaultRules": True, "deployment": name}
    environment = {
        **os.environ,
        "CDK_CONTEXT_JSON": json.dumps(strict),
        "CDK_DEFAULT_ACCOUNT": ACCOUNT,
        "CDK_DEFAULT_REGION": REGION,
        "CDK_OUTDIR": str(tmp_path),
        "CDK_VALIDATION": "true",
    }
    done = subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads((tmp_path / "validation-report.json").read_text())
    assert [each["violations"] for each in report["pluginReports"]] == [[]] * len(report["pluginReports"])
    assert report["pluginReports"]


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_no_role_has_data_or_power_over_everything_nor_may_others_be_it(name: str) -> None:
    for made in deployment_templates(name).values():
        assert permission_faults(made) == []
        assert list(statements(made)), "no statement was read"
        assert list(roles(made)), "no role was read"


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_the_templates_are_the_accepted_ones(name: str) -> None:
    made = golden.made(name)
    accepted({stack: text for stack, text in golden.accepted().items() if stack in made}, made)


def test_no_template_is_accepted_of_a_stack_that_is_gone() -> None:
    made = golden.all_made()
    accepted({stack: text for stack, text in golden.accepted().items() if stack not in made}, {})


def accepted(before: dict[str, str], now: dict[str, str]) -> None:
    """Fail with the difference and what to do about it, and nothing around it."""
    told = golden.unaccepted(before, now)
    if told:
        pytest.fail(told, pytrace=False)


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_every_template_is_under_the_limits(name: str) -> None:
    for made in deployment_templates(name).values():
        assert len(made["Resources"]) < MOST_RESOURCES
        assert len(json.dumps(made, indent=1)) < MOST_BYTES


def test_fifty_queues_and_fifty_job_definitions_are_under_the_limits_and_clean() -> None:
    queues = {f"queue-{number}": {"priority": number, "compute_environments": ["spot"]} for number in range(50)}
    definitions = {
        f"job-{number}": {"image": "public.ecr.aws/docker/library/debian:12", "command": ["true"]}
        for number in range(50)
    }
    made = template({"queues": queues, "default_queue": "queue-0", "job_definitions": definitions})
    kinds = [each["Type"] for each in made["Resources"].values()]
    assert kinds.count("AWS::Batch::JobQueue") == 50
    assert kinds.count("AWS::Batch::JobDefinition") >= 50
    assert len(kinds) < MOST_RESOURCES
    assert len(json.dumps(made, indent=1)) < MOST_BYTES
    assert len(written_record(made)) <= MOST_CHARACTERS
    assert linted(made) == []
