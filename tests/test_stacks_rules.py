"""Kinds of settings that no deployment file has, against other people's rules: cdk-nag and cfn-lint."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import cdk_nag
import pytest

from tests.support.linting import linted
from tests.support.synthesis import platform, template, templates

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
BUILT_AMI = {"ami": {"build": {"commands": ["dnf install --assumeyes htop"]}}}
CONTAINERS = {
    "job_definitions": {
        "fetch-and-run": {"containers": {"main": {"image": "debian:13"}}, "shared_folders": ["/work"]},
    }
}


@pytest.mark.parametrize(
    "settings",
    [{}, MORE_BUCKETS, PRIVATE, NAT, MOUNTED_RUNNER, BUILT, UNMANAGED, BUILT_AMI, CONTAINERS],
    ids=[
        "default",
        "more-buckets",
        "private-endpoints",
        "private-nat",
        "mounted-runner",
        "image-built",
        "unmanaged",
        "built-ami",
        "several-containers",
    ],
)
def test_cdk_nag_finds_nothing_that_is_not_acknowledged(settings: dict[str, Any], tmp_path: Path) -> None:
    assert findings(settings, tmp_path / "nag") == []


def test_cdk_nag_would_find_something(tmp_path: Path) -> None:
    assert "AwsSolutions-S1" in findings({}, tmp_path / "nag", break_it=True)


@pytest.mark.parametrize(
    "settings",
    [{}, PRIVATE, MOUNTED_RUNNER, BUILT, UNMANAGED],
    ids=["no-settings", "private-endpoints", "mounted-runner", "image-built", "unmanaged"],
)
def test_cfn_lint_finds_nothing(settings: dict[str, Any]) -> None:
    assert linted(template(settings)) == []


def test_cfn_lint_finds_nothing_in_the_stack_of_the_images() -> None:
    assert linted(templates(BUILT_AMI)["BatchyardAmi-default"]) == []
