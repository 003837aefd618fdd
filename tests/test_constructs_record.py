"""The platform record: what the stack writes is what the client reads."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from typing import Any

import pytest

from batchyard.platform import VERSION, PlatformRecord, PlatformRecordError, parameter_name
from batchyard.toolchain import ROOT

RECORD = PlatformRecord(
    deployment="default",
    account="123456789012",
    region="us-east-1",
    bucket="bucket",
    scripts_prefix="scripts/",
    results_prefix="results/",
    repository_uri="repository",
    image="repository:tag",
    log_group="group",
    job_role_arn="arn:role",
    default_queue="default",
    default_job_definition="fetch-and-run",
    job_queues={"default": "arn:queue"},
    job_definitions={"fetch-and-run": "arn:definition:1"},
    compute_environments={"spot": "arn:environment"},
)


def changed(**fields: Any) -> str:
    return json.dumps({**RECORD.to_fields(), **fields})


def test_there_and_back() -> None:
    assert PlatformRecord.from_json(RECORD.to_json()) == RECORD


def test_what_few_deployments_have_is_left_out_of_the_others() -> None:
    assert "own_commands" not in RECORD.to_fields()
    several = dataclasses.replace(RECORD, own_commands=["fetch-and-run"])
    assert PlatformRecord.from_json(several.to_json()) == several


def test_what_a_stack_shortens_is_whole_again_when_it_is_read() -> None:
    batch = "arn:aws-us-gov:batch:us-east-1:123456789012"
    whole = dataclasses.replace(
        RECORD,
        job_role_arn="arn:aws-us-gov:iam::123456789012:role/job",
        job_queues={"default": f"{batch}:job-queue/Default-1"},
        job_definitions={"fetch-and-run": f"{batch}:job-definition/FetchAndRun-1:7"},
        compute_environments={"spot": f"{batch}:compute-environment/Spot-1"},
    )
    written = whole.to_fields(shortened=lambda arn: arn.partition("/")[2])
    assert written["job_definitions"] == {"fetch-and-run": "FetchAndRun-1:7"}
    assert PlatformRecord.from_json(json.dumps(written)) == whole


def test_the_parameter_names_the_deployment() -> None:
    assert parameter_name("mine") == "/batchyard/mine/platform"


def test_a_field_of_a_later_version_does_no_harm() -> None:
    assert PlatformRecord.from_json(changed(later="x")) == RECORD


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", ["not JSON"]),
        ("[]", ["not a JSON object"]),
        ("{}", ["version None", "deploy the platform again"]),
        (changed(version=VERSION + 1), [f"version {VERSION + 1}", "update this checkout"]),
        (changed(version=0), ["version 0", "deploy the platform again"]),
        (changed(version=True), ["version True"]),
        (changed(bucket=5), ["bucket", "not of the right type"]),
        (changed(job_queues={"a": 1}), ["job_queues", "not of the right type"]),
    ],
)
def test_what_cannot_be_read_is_told(text: str, words: list[str]) -> None:
    with pytest.raises(PlatformRecordError) as caught:
        PlatformRecord.from_json(text)
    for word in words:
        assert word in str(caught.value)


def test_a_missing_field_is_named() -> None:
    fields = RECORD.to_fields()
    del fields["bucket"], fields["image"]
    with pytest.raises(PlatformRecordError, match="lacks bucket, image"):
        PlatformRecord.from_json(json.dumps(fields))


@pytest.mark.parametrize("field", ["fair_share_queues", "mounted_runners", "own_commands"])
def test_an_older_record_has_nothing_in_newer_fields(field: str) -> None:
    fields = RECORD.to_fields()
    fields.pop(field, None)
    assert PlatformRecord.from_json(json.dumps(fields)) == RECORD


def test_a_client_that_reads_it_loads_neither_cdk_nor_pydantic() -> None:
    code = "import sys, batchyard.platform; sys.exit(len({'aws_cdk', 'jsii', 'pydantic'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
