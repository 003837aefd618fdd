"""The examples of docs/job-definitions.md: each is a deployment file, and its jobs run as the page says."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from batchyard.client.connection import Connection, connect_to_endpoint
from batchyard.client.following import follow
from batchyard.client.job_definitions import describe, find
from batchyard.client.logs import LogLine
from batchyard.client.parameters import check_given, check_used, parse_parameters
from batchyard.client.platform_record import read_platform
from batchyard.client.script import from_bytes
from batchyard.client.submission import Submission, submit
from batchyard.client.work import taken_by
from batchyard.image import content_tag
from batchyard.platform import PlatformRecord
from batchyard.settings.load import load
from batchyard.settings.yaml_file import read
from batchyard.toolchain import CONTAINER
from tests.support.documented import blocks
from tests.support.linting import linted
from tests.support.local_account import REGION, StackUnderTest, local_account
from tests.support.synthesis import properties, template

PAGE = "job-definitions.md"
EXAMPLES = blocks(PAGE, "yaml")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.split("\n")[-3].strip(" :{}")[:20])
def test_each_is_a_deployment_file(example: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(example)
    assert "fetch-and-run" in load(file).job_definitions


def everything(folder: Path) -> dict[str, Any]:
    """One deployment of all examples: what their sections name, together."""
    merged: dict[str, Any] = {}
    for number, example in enumerate(EXAMPLES):
        file = folder / f"{number}.yaml"
        file.write_text(example)
        for section, members in read(file).value.items():
            merged.setdefault(section, {}).update(members)
    return merged


@dataclass(frozen=True)
class Deployed:
    """The examples on a local account."""

    connection: Connection
    record: PlatformRecord
    template: dict[str, Any]

    def run(self, definition: str, script: str = "", **members: Any) -> tuple[list[str], Any]:
        """What a job says that runs its definition's command, or this script, and how Batch describes its end."""
        work = from_bytes("job.sh", f"#!/bin/sh\n{script}\n".encode(), []) if script else ()
        submitted = submit(
            self.connection,
            self.record,
            Submission(work, **{"job_definition": definition, "queue": "default", **members}),
        )
        events = list(follow(self.connection, submitted.id))
        (job,) = self.connection.batch.describe_jobs(jobs=[submitted.id])["jobs"]
        said = [event.message for event in events if isinstance(event, LogLine)]
        return [line for line in said if not line.startswith("fetch_and_run: ")], job


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("documented")
    settings = everything(folder)
    with local_account(folder / "account", host_images=True, max_jobs=2) as account:
        account.client("secretsmanager").create_secret(
            Name="team/database", SecretString='{"user": "reader", "password": "twelve chars"}'
        )
        account.client("ssm").put_parameter(Name="/team/token", Value="abc", Type="SecureString")
        made = template(settings, name="documented", image_tag=content_tag(CONTAINER))
        StackUnderTest(account, "documented").create(made["Resources"])
        connection = connect_to_endpoint(
            account.endpoint, region=REGION, access_key_id="test", secret_access_key="test"
        )
        yield Deployed(connection, read_platform(connection, "documented"), made)


def test_cfn_lint_finds_nothing(deployed: Deployed) -> None:
    assert linted(deployed.template) == []


def test_more_memory(deployed: Deployed) -> None:
    said, job = deployed.run("large", "echo $TMPDIR")
    asked = {each["type"]: each["value"] for each in job["container"]["resourceRequirements"]}
    assert asked == {"VCPU": "8", "MEMORY": "60000"}
    assert said[0].endswith("/scratch")


def test_a_command_with_parameters(deployed: Deployed, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("one\ntwo\n")
    assert deployed.run("count", parameters={"file": str(file)})[0] == [f"2 {file}"]
    assert deployed.run("count", parameters={"file": str(file), "unit": "--bytes"})[0] == [f"8 {file}"]


def test_gpus_and_shared_memory(deployed: Deployed) -> None:
    said, job = deployed.run("train", queue="gpu", parameters={"epochs": "20"})
    assert said == ["epochs 20"]
    assert {"type": "GPU", "value": "1"} in job["container"]["resourceRequirements"]
    assert job["container"]["linuxParameters"] == {"sharedMemorySize": 4096}
    environment = properties(deployed.template, "AWS::Batch::ComputeEnvironment", "Gpu")["ComputeResources"]
    assert environment["Ec2Configuration"][0]["ImageType"] == "ECS_AL2023_NVIDIA"


def test_mounts_and_file_systems(deployed: Deployed) -> None:
    said, job = deployed.run("align")
    assert (job["status"], len(said)) == ("SUCCEEDED", 2), said
    mounts = {each["containerPath"]: each["readOnly"] for each in job["container"]["mountPoints"]}
    assert mounts == {"/work": False, "/opt/aws-cli": True, "/reference": True}


def test_secrets_are_read_and_stand_nowhere(deployed: Deployed) -> None:
    said, job = deployed.run("report")
    assert said == ["12 and 3 characters"]
    assert "twelve" not in str(job)
    assert "twelve" not in str(deployed.template)


def test_limits_user_and_init_are_in_the_job(deployed: Deployed) -> None:
    # The local account only records them: docs/local-batch.md.
    _, job = deployed.run("index")
    container = job["container"]
    assert container["ulimits"] == [{"name": "nofile", "softLimit": 65_536, "hardLimit": 65_536}]
    assert (container["user"], container["linuxParameters"]) == ("1000:1000", {"initProcessEnabled": True})


def test_retries_and_a_time_limit(deployed: Deployed) -> None:
    said, job = deployed.run(
        "fetch", 'echo "$AWS_BATCH_JOB_ATTEMPT"; [ "$AWS_BATCH_JOB_ATTEMPT" = 1 ] && exit 75; exit 3'
    )
    assert (said, [each["container"]["exitCode"] for each in job["attempts"]]) == (["1", "2"], [75, 3])
    assert job["timeout"] == {"attemptDurationSeconds": 7200}


def test_consumable_resources_are_held_by_one_job_at_a_time(deployed: Deployed) -> None:
    batch = deployed.connection.batch
    script = from_bytes("job.sh", b"#!/bin/sh\nsleep 0.3\n", [])
    jobs = [
        submit(deployed.connection, deployed.record, Submission(script, job_definition="simulate", queue="default")).id
        for _ in range(2)
    ]
    for job_id in jobs:
        assert list(follow(deployed.connection, job_id))
    first, second = (batch.describe_jobs(jobs=[job_id])["jobs"][0] for job_id in jobs)
    assert first["stoppedAt"] <= second["startedAt"]


def test_several_containers(deployed: Deployed) -> None:
    said, job = deployed.run("pipeline", parameters={"sample": "a1"})
    assert (job["status"], said) == ("SUCCEEDED", ["a1 to genome"])


def test_the_page_submits_to_each_definition_with_its_parameters(deployed: Deployed) -> None:
    shown = [line for block in blocks(PAGE, "sh") for line in block.splitlines() if "--job-definition" in line]
    named = set()
    for words in (shlex.split(line, comments=True) for line in shown):
        reference = find(deployed.record, words[words.index("--job-definition") + 1])
        named.add(reference.name)
        if not reference.is_exact and "--command" not in words and not taken_by(deployed.record, reference.name).script:
            given = parse_parameters(words[at + 1] for at, word in enumerate(words) if word == "--parameter")
            revision = describe(deployed.connection, reference)
            check_used(revision.commands, given)
            check_given(revision.commands, {*revision.parameters, *given})
    assert named == set(deployed.record.job_definitions)
