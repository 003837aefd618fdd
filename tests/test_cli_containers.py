"""`batchyard` and jobs of several containers: submitted, waited for, their logs, what they were."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from batchyard.platform import parameter_name
from tests.support.command import Command
from tests.support.platform import Platform

DEPLOYMENT = ("--deployment", "several")


@pytest.fixture(scope="module")
def definition(platform: Platform) -> str:
    """A deployment of its own with a definition `pair`; its ARN. Its main container ends with the parameter `code`."""
    scripts = {
        "prepare": 'echo preparing; echo 1 > "$WORK/input"',
        "main": 'cat "$WORK/input"; echo wrong >&2; exit "$1"',
    }
    log = {"awslogs-group": platform.record.log_group, "awslogs-stream-prefix": "pair"}
    containers: list[Any] = [
        {
            "name": name,
            "image": "public.example/tools:1",
            "command": ["sh", "-c", script, name, "Ref::code"],
            "essential": name == "main",
            "dependsOn": [{"containerName": "prepare", "condition": "SUCCESS"}] if name == "main" else [],
            "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}],
            "environment": [{"name": "WORK", "value": "/work"}],
            "mountPoints": [{"sourceVolume": "work", "containerPath": "/work"}],
            "logConfiguration": {"logDriver": "awslogs", "options": log},
        }
        for name, script in scripts.items()
    ]
    made = platform.connection.batch.register_job_definition(
        jobDefinitionName="definition-pair",
        type="container",
        parameters={"code": "3"},
        ecsProperties={"taskProperties": [{"containers": containers, "volumes": [{"name": "work"}]}]},
    )
    arn = made["jobDefinitionArn"]
    record = dataclasses.replace(
        platform.record, deployment="several", job_definitions={"pair": arn}, own_commands=["pair"]
    )
    platform.connection.ssm.put_parameter(Name=parameter_name("several"), Value=record.to_json(), Type="String")
    return arn


@pytest.fixture
def command(platform: Platform, tmp_path: Path) -> Command:
    return platform.command(tmp_path)


@pytest.fixture(scope="module")
def job(platform: Platform, definition: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A job that has failed."""
    command = platform.command(tmp_path_factory.mktemp("job"))
    done = command("submit", "--wait", *DEPLOYMENT, "--job-definition", "pair")
    assert done.code == 3
    assert "prepare | preparing" in done.err.splitlines()
    assert "main | wrong" in done.err.splitlines()
    return done.out.strip()


def test_it_ends_as_its_essential_container_does(job: str, command: Command) -> None:
    assert command("wait", *DEPLOYMENT, job).code == 3


def test_each_line_of_the_log_names_its_container(job: str, command: Command) -> None:
    lines = command("logs", *DEPLOYMENT, job).out.splitlines()
    assert lines[0] == "prepare | preparing"
    assert sorted(lines[1:]) == ["main | 1", "main | wrong"]


def test_the_log_of_one_container_is_its_own(job: str, command: Command) -> None:
    assert command("logs", *DEPLOYMENT, "--container", "prepare", job).out == "preparing\n"
    done = command("logs", *DEPLOYMENT, "--container", "report", job)
    assert (done.code, done.out) == (1, "")
    assert "has no container 'report': it has prepare, main." in done.err


def test_show_says_what_each_was_and_how_it_ended(job: str, command: Command) -> None:
    said = "\n".join(" ".join(line.split()) for line in command("show", *DEPLOYMENT, job).out.splitlines())
    assert "exit code 3" in said
    assert "vCPUs 2" in said
    assert "container main essential, public.example/tools:1, sh -c" in said
    assert "attempt 1 exit code 3, Essential container in task exited" in said
    assert "prepare exit code 0, pair/prepare/" in said


def test_json_has_all_of_them(job: str, command: Command) -> None:
    shown = json.loads(command("show", "--json", *DEPLOYMENT, job).out)
    assert (shown["exitCode"], shown["vcpus"], shown["memoryMiB"]) == (3, 2, 1024)
    assert {each["name"]: each["exitCode"] for each in shown["containers"]} == {"prepare": 0, "main": 3}
    assert [each["essential"] for each in shown["containers"]] == [False, True]
    (attempt,) = shown["attempts"]
    assert attempt["containers"][1]["logStream"].startswith("pair/main/")
