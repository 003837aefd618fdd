"""Jobs that run no script: commands of job definitions, of their images, and of older revisions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from batchyard.cli.definitions import ranges
from tests.support.command import Command, Done
from tests.support.platform import Platform


@pytest.fixture
def command(platform: Platform, tmp_path: Path) -> Command:
    (tmp_path / "job.sh").write_text("#!/bin/sh\necho script\n")
    return platform.command(tmp_path)


def log_lines(done: Done) -> list[str]:
    """What stands on stderr and is not ours."""
    return [line for line in done.err.splitlines() if not line.startswith("batchyard: ")]


def run(platform: Platform, command: Command, *arguments: str) -> tuple[list[str], Any]:
    """The log of a job that succeeds, and the job as Batch describes it."""
    done = command("submit", "--wait", *arguments)
    assert done.code == 0, done.err
    return log_lines(done), platform.job(done.out.strip())


def test_a_definitions_own_command_runs_with_its_parameters_and_without_a_script(
    platform: Platform, command: Command
) -> None:
    said, job = run(platform, command, "--job-definition", "count", "--parameter", "input=s3://b/k 1")
    assert said == ["s3://b/k 1 bytes"]
    assert (job["jobName"], job["parameters"]) == ("count", {"unit": "bytes", "input": "s3://b/k 1"})
    assert job["jobDefinition"] == platform.record.job_definitions["count"]
    # Nothing was overridden: the job has what its definition says.
    assert job["container"]["command"] == ["echo", "Ref::input", "Ref::unit"]
    assert [each["name"] for each in job["container"]["environment"]] == ["AWS_DEFAULT_REGION"]


def test_any_command_of_the_image_can_be_run_with_other_resources_and_keeps_what_looks_like_options(
    platform: Platform, command: Command
) -> None:
    options = ["--parameter", "input=x", "--parameter", "unit=KiB", "--env", "STAGE=test", "--vcpus", "2"]
    words = ["printf", "<%s>\\n", "--name", "mine", "--help", "", "a  b", "$HOME", "Ref::unit", "Ref::input"]
    said, job = run(platform, command, "--job-definition", "count", *options, "--name", "any", "--command", *words)
    assert said == ["<--name>", "<mine>", "<--help>", "<>", "<a  b>", "<$HOME>", "<KiB>", "<x>"]
    assert (job["jobName"], job["container"]["command"]) == ("any", words)
    assert {"name": "STAGE", "value": "test"} in job["container"]["environment"]
    assert {"type": "VCPU", "value": "2"} in job["container"]["resourceRequirements"]


def test_an_older_revision_is_submitted_to_and_told_in_the_form_that_submit_takes(
    platform: Platform, command: Command
) -> None:
    said, job = run(platform, command, "--job-definition", "count:1", "--parameter", "input=2")
    assert said == ["old 2 bytes"]
    assert job["jobDefinition"].endswith(":1")
    assert json.loads(command("show", "--json", job["jobId"]).out)["jobDefinition"] == "count:1"


def test_a_script_where_none_can_run_is_refused(command: Command) -> None:
    done = command("submit", "--job-definition", "count", "job.sh")
    assert (done.code, done.out) == (2, "")
    assert "'count' runs a command of its own and takes no script, but job.sh was given" in done.err.splitlines()[-1]


def test_definitions_are_listed_with_their_revisions(platform: Platform, command: Command) -> None:
    lines = command("definitions").out.splitlines()
    assert [line.split() for line in lines[2:]] == [
        ["fetch-and-run", "(default)", "1", "a", "script", "the", "platform's", "1", "512", "-"],
        ["count", "2-1", "echo", "Ref::input", "Ref::unit", "public.example/tools:1", "1", "512", "-"],
    ]
    _, count = json.loads(command("definitions", "--json").out)
    assert count == {
        "name": "count",
        "default": False,
        "arn": platform.record.job_definitions["count"],
        "revisions": [2, 1],
        "takesScript": False,
        "commands": [["echo", "Ref::input", "Ref::unit"]],
        "parameters": {"unit": "bytes"},
        "image": "public.example/tools:1",
        "vcpus": 1,
        "memoryMiB": 512,
        "gpus": None,
    }


def test_neighbouring_revisions_are_one_range() -> None:
    assert ranges([9, 7, 6, 5, 1]) == "9, 7-5, 1"
    assert ranges([]) == ""
