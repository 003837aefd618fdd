"""The default template against other people's rules: cdk-nag, cfn-lint, and CDK's own validation as errors."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import cdk_nag
import pytest

from batchyard.toolchain import ROOT
from tests.support.synthesis import ACCOUNT, REGION, context, default_template, platform, template

MORE_BUCKETS = {"job_role": {"buckets": {"reference-data": {"read": ["genomes/"]}, "outbox": {"write": ["*"]}}}}


def findings(settings: dict[str, Any], output: Path, *, break_it: bool = False) -> list[str]:
    """What cdk-nag's AwsSolutions finds that is not acknowledged, in an output folder of its own.

    A report that is left in a folder would fail the next synthesis into it.
    """
    stack = platform(settings, outdir=str(output))
    if break_it:
        cdk.aws_s3.Bucket(stack, "Careless")
    cdk.Validations.of(stack.node.root).add_plugins(cdk_nag.AwsSolutionsChecks())
    # It fails where there are findings; the report says which.
    with contextlib.suppress(RuntimeError):
        stack.node.root.synth()  # type: ignore[attr-defined]  # the root is the App
    report = json.loads((output / "validation-report.json").read_text())
    (nag,) = [each for each in report["pluginReports"] if each["pluginName"] == "AwsSolutions"]
    return [each["ruleName"] for each in nag["violations"]]


PRIVATE = {"network": {"type": "private-endpoints"}}
MOUNTED_RUNNER = {"image": {"source": "external", "uri": "debian:13", "mount_runner": True}}
UNMANAGED = {"unmanaged_environments": {"nodes": {}, "lab": {"instances": "none"}}}
NAT = {"network": {"type": "private-nat-per-zone"}}
BUILT = {"image": {"build": "codebuild", "platforms": ["linux/amd64", "linux/arm64"]}}


@pytest.mark.parametrize(
    "settings",
    [{}, MORE_BUCKETS, PRIVATE, NAT, MOUNTED_RUNNER, BUILT, UNMANAGED],
    ids=["default", "more-buckets", "private-endpoints", "private-nat", "mounted-runner", "image-built", "unmanaged"],
)
def test_cdk_nag_finds_nothing_that_is_not_acknowledged(settings: dict[str, Any], tmp_path: Path) -> None:
    assert findings(settings, tmp_path / "nag") == []


def test_cdk_nag_would_find_something(tmp_path: Path) -> None:
    assert "AwsSolutions-S1" in findings({}, tmp_path / "nag", break_it=True)


def lint(made: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "template.json"
    file.write_text(json.dumps(made))
    return subprocess.run(
        [Path(sys.prefix) / "bin" / "cfn-lint", "--regions", REGION, "--template", file],
        cwd=ROOT,  # where .cfnlintrc.yaml is
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize(
    "settings",
    [{}, PRIVATE, MOUNTED_RUNNER, BUILT],
    ids=["default", "private-endpoints", "mounted-runner", "image-built"],
)
def test_cfn_lint_finds_nothing(settings: dict[str, Any], tmp_path: Path) -> None:
    done = lint(template(settings), tmp_path)
    assert (done.returncode, done.stdout) == (0, "")


def test_cfn_lint_would_find_something(tmp_path: Path) -> None:
    broken = json.loads(json.dumps(default_template()))
    (group,) = [each for each in broken["Resources"].values() if each["Type"] == "AWS::Logs::LogGroup"]
    group["Properties"]["RetentionInDays"] = 31
    assert lint(broken, tmp_path).returncode != 0


@pytest.mark.slow
def test_the_strict_synthesis_finds_nothing(tmp_path: Path) -> None:
    strict = {**context(), "@aws-cdk/core:validateAgainstDefaultRules": True}
    environment = {
        **os.environ,
        "CDK_CONTEXT_JSON": json.dumps(strict),
        "CDK_DEFAULT_ACCOUNT": ACCOUNT,
        "CDK_DEFAULT_REGION": REGION,
        "CDK_OUTDIR": str(tmp_path),
        "CDK_VALIDATION": "true",
    }
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads((tmp_path / "validation-report.json").read_text())
    assert [each["violations"] for each in report["pluginReports"]] == [[]] * len(report["pluginReports"])
    assert report["pluginReports"]
