"""What goes wrong before any job: one clear line on stderr, nothing on stdout, no traceback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import Command, Done

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
ID = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "job.sh"
    path.write_text("#!/bin/sh\necho hello\n")
    return path


def one_line(done: Done, code: int) -> str:
    """The only line that it said."""
    assert done.code == code, done.err
    assert done.out == ""
    lines = done.err.splitlines()
    assert len(lines) == 1, done.err
    assert lines[0].startswith("batchyard: ")
    return lines[0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--env", "STAGE"], "has no ="),
        (["--env", "AWS_BATCH_JOB_ID=1"], "belong to AWS Batch"),
        (["--memory", "2GB"], "such as 2048, 512MiB or 2GiB"),
        (["--timeout", "30"], "Batch takes 60"),
        (["--name", "my job"], "job name 'my job'"),
        (["--parameter", "input"], "parameter 'input': write NAME=VALUE"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_asked(
    tmp_path: Path, script: Path, options: list[str], said: str
) -> None:
    # No credentials, no region: whatever came after would fail differently.
    assert said in one_line(Command(tmp_path)("submit", *options, script), 2)


@pytest.mark.parametrize("options", [["--vcpus", "0"], ["--attempts", "11"], ["--unknown"], ["--wait=yes"]])
def test_options_that_the_parser_refuses_are_usage_errors(tmp_path: Path, script: Path, options: list[str]) -> None:
    done = Command(tmp_path)("submit", *options, script)
    assert (done.code, done.out) == (2, "")
    assert options[0].partition("=")[0] in done.err


def test_a_script_that_cannot_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "windows.sh").write_bytes(b"#!/bin/sh\r\necho hello\r\n")
    os.mkfifo(tmp_path / "pipe")
    command = Command(tmp_path)
    assert "pipe is not a regular file" in one_line(command("submit", "pipe"), 2)
    assert "there is no file nothing.sh" in one_line(command("submit", "nothing.sh"), 2)
    assert "CRLF" in one_line(command("submit", "windows.sh"), 2)
    assert "stdin is empty" in one_line(command("submit", "-"), 2)
    assert "SCRIPT is an empty text" in one_line(command("submit", ""), 2)


def test_a_command_needs_words(tmp_path: Path) -> None:
    assert "--command: no command follows the options" in one_line(Command(tmp_path)("submit", "--command"), 2)


def test_what_is_no_file_may_be_a_command(tmp_path: Path) -> None:
    said = one_line(Command(tmp_path)("submit", "--job-definition", "tools", "bwa", "mem"), 2)
    assert "there is no file bwa (a command of the container follows --command)" in said


def test_no_credentials(tmp_path: Path, script: Path) -> None:
    command = Command(tmp_path, {"AWS_REGION": "eu-central-1"})
    assert "Unable to locate credentials. Sign in to AWS" in one_line(command("submit", script), 1)


def test_no_region(tmp_path: Path) -> None:
    assert "give --region" in one_line(Command(tmp_path, KEYS)("list"), 1)


def test_an_unknown_profile(tmp_path: Path) -> None:
    assert "(lab) could not be found" in one_line(Command(tmp_path)("list", "--profile", "lab"), 1)


def test_an_endpoint_that_nobody_serves(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = Command(tmp_path, {**KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_MAX_ATTEMPTS": "1"})
    said = one_line(command("list", "--region", "eu-central-1"), 1)
    assert "AWS cannot be reached" in said
    assert f"http://127.0.0.1:{port}" in said


def test_no_local_account(tmp_path: Path, script: Path) -> None:
    said = one_line(Command(tmp_path)("submit", "--local", script), 1)
    assert "`batchyard local up`" in said


def test_a_stale_local_account(tmp_path: Path) -> None:
    state = tmp_path / "state" / "local" / "account.json"
    state.parent.mkdir(parents=True)
    gone = {"instance": "gone", "endpoint": "http://127.0.0.1:9", "region": "us-east-1", "pid": 1, "port": 9}
    state.write_text(json.dumps({**gone, "host_images": False, "max_jobs": 1, "started_at": 0.0}))
    assert "`batchyard local up`" in one_line(Command(tmp_path)("list", "--local"), 1)


def test_local_has_its_own_region_and_credentials(tmp_path: Path) -> None:
    said = one_line(Command(tmp_path)("list", "--local", "--region", "eu-central-1"), 2)
    assert "leave out --region and --profile" in said


def test_cancel_takes_no_names(tmp_path: Path) -> None:
    assert "these are none: align" in one_line(Command(tmp_path)("cancel", ID, "align"), 2)


def test_an_unknown_status_is_told_with_those_there_are(tmp_path: Path) -> None:
    said = one_line(Command(tmp_path)("list", "--status", "DONE"), 2)
    assert "SUBMITTED, PENDING, RUNNABLE, STARTING, RUNNING, SUCCEEDED, FAILED" in said


@pytest.mark.parametrize("command", ["submit", "wait", "logs", "list", "show", "cancel", "definitions"])
def test_every_command_has_help_with_examples(tmp_path: Path, command: str) -> None:
    done = Command(tmp_path)(command, "--help")
    assert done.code == 0
    assert f"batchyard {command}" in done.out.partition("Examples:")[2]
    for option in ("--local", "--deployment", "--region", "--profile"):
        assert option in done.out


def test_help_needs_no_heavy_module() -> None:
    code = "import sys, batchyard.cli.commands; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"boto3", "botocore", "pydantic", "aws_cdk", "moto", "werkzeug"}.intersection(loaded)


def test_the_client_needs_boto3_only() -> None:
    code = (
        "import pkgutil, importlib, sys, batchyard.client as c\n"
        "for m in pkgutil.iter_modules(c.__path__, 'batchyard.client.'): importlib.import_module(m.name)\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "boto3" in loaded
    assert not {"typer", "click", "rich", "pydantic", "aws_cdk", "moto", "yaml", "ruamel"}.intersection(loaded)
