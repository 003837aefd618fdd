"""From what a user asks for to one SubmitJob request."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from botocore.stub import ANY

from batchyard.client.checks import name_from, parse_environment
from batchyard.client.errors import InvalidInputError
from batchyard.client.script import from_bytes
from batchyard.client.submission import Submission, check, submit
from tests.support.records import record
from tests.support.stubbed import stubbed

SCRIPT = from_bytes("job.sh", b"#!/bin/sh\n", ["--name", "x y"])
PLAIN = Submission(work=SCRIPT, name="job")


def test_what_the_deployment_knows_passes() -> None:
    check(dataclasses.replace(PLAIN, queue="high", job_definition="fetch-and-run", attempts=10, vcpus=1), record())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"queue": "urgent"}, "there is no job queue 'urgent' in this deployment; it has default, high, low"),
        ({"queue": ""}, "there is no job queue '' in this deployment"),
        ({"job_definition": ""}, "there is no job definition '' in this deployment"),
        ({"job_definition": "gpu"}, "there is no job definition 'gpu' in this deployment; it has fetch-and-run"),
        ({"name": "my job"}, "job name 'my job'"),
        ({"name": "-job"}, "job name '-job'"),
        ({"name": "j" * 129}, "1 to 128 letters"),
        ({"name": ""}, "job name ''"),
        ({"environment": {"AWS_BATCH_JOB_ID": "x"}}, "belong to AWS Batch"),
        ({"environment": {"BATCH_FILE_S3_URL": "x"}}, "set by the submission itself"),
        ({"environment": {"": "x"}}, "a name without spaces is needed"),
        ({"depends_on": tuple("abcdefghijklmnopqrstu")}, "21 dependencies were given; a job may have 20"),
        ({"attempts": 11}, "11 attempts were asked for; 1 to 10 are allowed"),
        ({"vcpus": 0}, "the least is 1"),
        ({"queue": "low"}, "'low' shares fairly: say whose job it is with --share NAME"),
        ({"queue": "low", "share": "team-a"}, "share 'team-a': 1 to 255 letters and digits are allowed"),
        (
            {"share": "green"},
            "--share green: the job queue 'default' is first in, first out. Queues with fair share: low",
        ),
        ({"priority": 3}, "--priority 3: the job queue 'default' is first in, first out"),
    ],
)
def test_what_batch_would_refuse_is_refused_first(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check(dataclasses.replace(PLAIN, **changes), record())
    assert said in str(refused.value)


def test_overrides_that_are_too_long_are_refused_before_anything_is_sent() -> None:
    long = dataclasses.replace(PLAIN, environment={"LIST": "x" * 8192})
    with stubbed("batch") as (connection, _), pytest.raises(InvalidInputError, match="Batch takes 8192"):
        submit(connection, record(), long)


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("hello.sh", "hello"),
        ("2nd run.v2.sh", "2nd-run-v2"),
        ("tool", "tool"),
        (".hidden", "hidden"),
        ("__main__.py", "main"),
        ("été.sh", "t"),
        ("日本.sh", "job"),
        ("x" * 200 + ".sh", "x" * 128),
    ],
)
def test_a_job_is_named_after_its_file(file_name: str, name: str) -> None:
    assert name_from(file_name) == name
    check(dataclasses.replace(PLAIN, name=name_from(file_name)), record())


def test_environment_pairs_are_split_at_the_first_equals_sign_and_the_last_one_holds() -> None:
    assert parse_environment(["A=1", "B=x=y", "C=", "A=2"]) == {"A": "2", "B": "x=y", "C": ""}


@pytest.mark.parametrize("pair", ["A", "", "=x", "A B=x"])
def test_other_environment_pairs_are_refused(pair: str) -> None:
    with pytest.raises(InvalidInputError, match="environment"):
        parse_environment([pair])


@pytest.mark.parametrize(("definition", "first"), [("mounting", ["/bin/runner"]), ("fetch-and-run", [])])
def test_a_mounted_runner_is_named_before_the_script(definition: str, first: list[str]) -> None:
    definitions = {**record().job_definitions, "mounting": "arn:mounting:1"}
    known = dataclasses.replace(record(), job_definitions=definitions, mounted_runners={"mounting": "/bin/runner"})
    request = {
        "jobName": "job",
        "jobQueue": known.job_queues["default"],
        "jobDefinition": definitions[definition],
        "containerOverrides": {"command": [*first, "job.sh", "--name", "x y"], "environment": ANY},
    }
    with stubbed("batch") as (connection, batch), stubbed("s3") as (storing, s3):
        connection.__dict__["s3"] = storing.s3
        s3.add_response("head_object", {"ContentLength": SCRIPT.size})
        batch.add_response("submit_job", {"jobId": "id-1", "jobName": "job"}, request)
        submit(connection, known, dataclasses.replace(PLAIN, job_definition=definition))


def test_only_what_was_asked_for_is_overridden() -> None:
    definition = record().job_definitions["fetch-and-run"]
    url = f"s3://jobs/scripts/{SCRIPT.sha256}/job.sh"
    ours = [
        {"name": "BATCH_FILE_TYPE", "value": "script"},
        {"name": "BATCH_FILE_S3_URL", "value": url},
        {"name": "BATCH_FILE_SHA256", "value": SCRIPT.sha256},
    ]
    plain = {
        "jobName": "job",
        "jobQueue": record().job_queues["default"],
        "jobDefinition": definition,
        "containerOverrides": {"command": ["job.sh", "--name", "x y"], "environment": ours},
    }
    full = {
        "jobName": "job",
        "jobQueue": record().job_queues["high"],
        "jobDefinition": definition,
        "containerOverrides": {
            "command": ["job.sh", "--name", "x y"],
            "environment": [{"name": "STAGE", "value": "test"}, *ours],
            "resourceRequirements": [{"type": "VCPU", "value": "4"}, {"type": "MEMORY", "value": "8192"}],
        },
        "timeout": {"attemptDurationSeconds": 5400},
        "retryStrategy": {"attempts": 3},
    }
    everything = dataclasses.replace(
        PLAIN,
        queue="high",
        environment={"STAGE": "test"},
        vcpus=4,
        memory_mib=8192,
        timeout_seconds=5400,
        attempts=3,
    )
    for submission, request in ((PLAIN, plain), (everything, full)):
        with stubbed("batch") as (connection, batch):
            with stubbed("s3") as (storing, s3):
                s3.add_response("head_object", {"ContentLength": SCRIPT.size})
                connection.__dict__["s3"] = storing.s3
                batch.add_response("submit_job", {"jobId": "id-1", "jobName": "job"}, request)
                submitted = submit(connection, record(), submission)
            assert (submitted.id, submitted.script_url, submitted.uploaded) == ("id-1", url, False)
