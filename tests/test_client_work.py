"""Which job definitions can run what, and with which parameters: refused before anything is sent, or sent as it is."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import pytest
from botocore.stub import Stubber

from batchyard.client.connection import Connection, connect_to_endpoint
from batchyard.client.errors import InvalidInputError
from batchyard.client.script import from_bytes
from batchyard.client.submission import Submission, submit
from batchyard.mounted_runner import RUNNER, RUNNER_FOLDER
from batchyard.platform import PlatformRecord
from tests.support.platform import Platform
from tests.support.records import REGION, record

SCRIPT = from_bytes("job.sh", b"#!/bin/sh\n", ["Ref::greeting"])
BATCH = record().job_queues["default"].rpartition(":")[0]
ARN = f"{BATCH}:job-definition/Tools-1a2b:4"


def known(**changes: Any) -> PlatformRecord:
    """A record with a definition `tools` beside fetch-and-run."""
    definitions = {**record().job_definitions, "tools": ARN}
    return dataclasses.replace(record(), **{"job_definitions": definitions, "own_commands": ["tools"], **changes})


@pytest.mark.parametrize(
    ("submission", "said"),
    [
        (
            Submission(SCRIPT, job_definition="count"),
            "'count' runs a command of its own and takes no script, but job.sh was given. Leave it out, put --command "
            "before a command of the image, or name a job definition that takes scripts: fetch-and-run.",
        ),
        (
            Submission(()),
            "'fetch-and-run' has no command of its own: give a SCRIPT, or name a job definition that has one: count.",
        ),
        (
            Submission(("wc", "-l", "a b")),
            "'fetch-and-run' runs scripts only, but the command `wc -l 'a b'` was given: its image's ENTRYPOINT takes "
            "no command. Put it into a script (`echo 'COMMAND' | batchyard submit -`), or name a job definition that "
            "takes commands: count.",
        ),
        (
            Submission((), job_definition="count"),
            "the command `echo Ref::input Ref::unit` has no value for input: give --parameter input=VALUE",
        ),
        (
            Submission(("echo", "Ref::a", "Ref::b"), job_definition="count"),
            "no value for a, b: give --parameter a=VALUE --parameter b=VALUE",
        ),
        (
            Submission((), job_definition="count", parameters={"input": "1", "units": "KiB"}),
            "parameter 'units': no argument of the command is Ref::units; it has input, unit",
        ),
        (
            Submission(SCRIPT, parameters={"x": "1"}),
            "parameter 'x': no argument of the command is Ref::x; it has greeting",
        ),
        (
            Submission((), job_definition="count:7"),
            "'count' has no active revision 7; it has 2, 1. `batchyard definitions` lists them.",
        ),
        (
            Submission((), job_definition="count:new"),
            "'count:new': after the colon stands a revision's number, as in count:1",
        ),
        (Submission((), job_definition="counts:1"), "there is no job definition 'counts' in this deployment; it has "),
    ],
)
def test_what_does_not_fit_is_refused(platform: Platform, submission: Submission, said: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        submit(platform.connection, platform.record, submission)
    assert said in str(refused.value)


def described(**members: Any) -> dict[str, Any]:
    """An answer of DescribeJobDefinitions."""
    name, _, revision = ARN.rpartition("/")[2].partition(":")
    return {
        "jobDefinitions": [
            {
                "jobDefinitionName": name,
                "jobDefinitionArn": ARN,
                "revision": int(revision),
                "type": "container",
                "status": "ACTIVE",
                **members,
            }
        ]
    }


CONTAINER = {"image": "debian:13", "command": ["wc", "-l"]}
SEVERAL = {
    "taskProperties": [
        {"containers": [{"image": "a", "command": ["serve", "Ref::port"]}, {"image": "b", "command": ["ask"]}]}
    ]
}


@cache
def offline() -> Connection:
    """A connection that leads nowhere; its clients take a moment to make."""
    return connect_to_endpoint("http://127.0.0.1:9", region=REGION, access_key_id="test", secret_access_key="test")


def sent(known: PlatformRecord, submission: Submission, *descriptions: dict[str, Any]) -> dict[str, Any]:
    """The request that a submission becomes; `descriptions` are what Batch is asked for before."""
    request: dict[str, Any] = {}

    def keep(params: dict[str, Any], **_: Any) -> None:
        request.update(params)

    connection = offline()
    with Stubber(connection.batch) as batch, Stubber(connection.s3) as s3:
        for each in descriptions:
            batch.add_response("describe_job_definitions", each)
        if submission.work == SCRIPT:
            s3.add_response("head_object", {"ContentLength": SCRIPT.size})
        batch.add_response("submit_job", {"jobId": "id-1", "jobName": "job"})
        connection.batch.meta.events.register("provide-client-params.batch.SubmitJob", keep, unique_id="keep")
        submit(connection, known, submission)
        connection.batch.meta.events.unregister("provide-client-params.batch.SubmitJob", unique_id="keep")
        batch.assert_no_pending_responses()
    return request


def refusal(known: PlatformRecord, submission: Submission, *descriptions: dict[str, Any]) -> str:
    """Why a submission is refused, after Batch was asked for `descriptions`."""
    connection = offline()
    with Stubber(connection.batch) as batch:
        for each in descriptions:
            batch.add_response("describe_job_definitions", each)
        with pytest.raises(InvalidInputError) as refused:
            submit(connection, known, submission)
        batch.assert_no_pending_responses()
    return str(refused.value)


def test_a_job_of_several_containers_takes_parameters_and_no_overrides() -> None:
    several = Submission((), job_definition="tools", parameters={"port": "80"})
    answer = described(ecsProperties=SEVERAL)
    assert sent(known(), several, answer) == {
        "jobName": "tools",
        "jobQueue": record().job_queues["default"],
        "jobDefinition": ARN,
        "parameters": {"port": "80"},
    }
    overriding: tuple[dict[str, Any], ...] = (
        {"work": ("sh",), "parameters": {}},
        {"vcpus": 2},
        {"environment": {"A": "1"}},
    )
    for changes in overriding:
        assert "has several containers" in refusal(known(), dataclasses.replace(several, **changes), answer)
    assert "no value for port" in refusal(known(), dataclasses.replace(several, parameters={}), answer)


def test_a_mounted_runner_runs_scripts_in_an_image_whose_own_command_is_another() -> None:
    request = sent(known(mounted_runners={"tools": RUNNER}), Submission(SCRIPT, job_definition="tools"))
    assert request["containerOverrides"]["command"] == [RUNNER, "job.sh", "Ref::greeting"]


PLATFORMS = f"{record().repository_uri}:0123456789abcdef"
MOUNT = {"mountPoints": [{"containerPath": RUNNER_FOLDER}]}


@pytest.mark.parametrize(
    ("container", "command"),
    [
        ({"image": PLATFORMS}, ["job.sh", "Ref::greeting"]),
        ({"image": "python:3.13", "command": [RUNNER], **MOUNT}, [RUNNER, "job.sh", "Ref::greeting"]),
        ({**CONTAINER, **MOUNT}, [RUNNER, "job.sh", "Ref::greeting"]),
    ],
    ids=["platforms-image", "mounted-runner", "mounted-runner-beside-a-command"],
)
def test_an_older_revision_takes_a_script_as_it_did_though_the_newest_one_takes_none(
    container: dict[str, Any], command: list[str]
) -> None:
    request = sent(known(), Submission(SCRIPT, job_definition="tools:1"), described(containerProperties=container))
    assert request["jobDefinition"] == f"{ARN.rpartition(':')[0]}:1"
    assert request["containerOverrides"]["command"] == command


def test_an_older_revision_runs_its_command_though_the_newest_one_is_for_scripts() -> None:
    answer = described(containerProperties=CONTAINER)
    for_scripts = known(own_commands=[], mounted_runners={"tools": RUNNER})
    assert "containerOverrides" not in sent(for_scripts, Submission((), job_definition="tools:1"), answer)
    said = refusal(for_scripts, Submission(SCRIPT, job_definition="tools:4"), answer)
    assert "'tools:4' runs a command of its own and takes no script, but job.sh was given" in said
    said = refusal(
        known(), Submission((), job_definition="tools:4"), described(containerProperties={"image": PLATFORMS})
    )
    assert "'tools:4' has no command of its own: give a SCRIPT" in said


def test_what_an_older_image_runs_by_itself_is_what_the_newest_one_does() -> None:
    answer = described(containerProperties={"image": "debian:13"})
    assert "containerOverrides" not in sent(known(), Submission((), job_definition="tools:1"), answer)
    request = sent(known(own_commands=[]), Submission(SCRIPT, job_definition="tools:1"), answer)
    assert request["containerOverrides"]["command"] == ["job.sh", "Ref::greeting"]


def test_a_revision_that_was_deregistered_is_refused() -> None:
    gone = described(containerProperties=CONTAINER, status="INACTIVE")
    said = refusal(known(), Submission((), job_definition="tools"), gone, {"jobDefinitions": []})
    assert "'tools' has no active revision 4; it has none." in said


def test_the_variables_that_name_a_script_may_be_given_to_a_command() -> None:
    environment = {"BATCH_FILE_S3_URL": "s3://b/job.sh", "BATCH_FILE_TYPE": "script"}
    submission = Submission(("job.sh", "60"), job_definition="tools", environment=environment)
    overrides = sent(known(), submission, described(containerProperties=CONTAINER))["containerOverrides"]
    assert overrides["command"] == ["job.sh", "60"]
    assert {each["name"]: each["value"] for each in overrides["environment"]} == environment
