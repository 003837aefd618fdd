"""`batchyard submit` on a local account: real scripts, real jobs, real exit codes."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command import Done
from tests.support.platform import REGION, Platform

Write = Callable[[str, str], Path]
ID_LINE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\n")


@pytest.fixture
def script(tmp_path: Path) -> Write:
    """Writes a shell script of this name with this body."""

    def write(name: str, body: str) -> Path:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        return path

    return write


def job_id(done: Done) -> str:
    """The id that it printed, which is all that it printed."""
    assert done.code == 0, done.err
    assert ID_LINE.fullmatch(done.out), done.out
    return done.out.strip()


def log_lines(done: Done) -> list[str]:
    """What stands on stderr and is neither ours nor the runner's."""
    return [line for line in done.err.splitlines() if not line.startswith(("batchyard: ", "fetch_and_run: "))]


def test_the_id_stands_alone_on_stdout_and_the_account_on_stderr(
    platform: Platform, tmp_path: Path, script: Write
) -> None:
    path = script("alone.sh", "true")
    done = platform.command(tmp_path)("submit", path)
    job = platform.job(job_id(done))
    assert f"batchyard: account {platform.record.account}, region {REGION}, endpoint {platform.endpoint}\n" in done.err
    assert job["jobName"] == "alone"
    assert job["jobQueue"] == platform.record.job_queues["default"]
    assert job["jobDefinition"] == platform.record.job_definitions["fetch-and-run"]

    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    environment = {entry["name"]: entry["value"] for entry in job["container"]["environment"]}
    key = f"scripts/{digest}/alone.sh"
    assert environment["BATCH_FILE_S3_URL"] == f"s3://{platform.record.bucket}/{key}"
    assert (environment["BATCH_FILE_TYPE"], environment["BATCH_FILE_SHA256"]) == ("script", digest)
    stored = platform.connection.s3.get_object(Bucket=platform.record.bucket, Key=key)["Body"].read()
    assert stored == path.read_bytes()


def test_the_same_script_is_uploaded_once(platform: Platform, tmp_path: Path, script: Write) -> None:
    path = script("once.sh", "true")
    key = f"scripts/{hashlib.sha256(path.read_bytes()).hexdigest()}/once.sh"
    first = platform.command(tmp_path)("submit", path)
    written = platform.connection.s3.head_object(Bucket=platform.record.bucket, Key=key)["LastModified"]
    second = platform.command(tmp_path)("submit", path)
    assert job_id(first) != job_id(second)
    assert "once.sh uploaded" in first.err
    assert "once.sh is there already" in second.err
    assert platform.connection.s3.head_object(Bucket=platform.record.bucket, Key=key)["LastModified"] == written


@pytest.mark.parametrize("code", [0, 7])
def test_wait_shows_the_log_and_ends_as_the_job_does(
    platform: Platform, tmp_path: Path, script: Write, code: int
) -> None:
    path = script("ends.sh", f"echo to stdout; echo to stderr >&2; exit {code}")
    done = platform.command(tmp_path)("submit", "--wait", "--name", f"ends-{code}", path)
    assert done.code == code, done.err
    assert ID_LINE.fullmatch(done.out)
    assert sorted(log_lines(done)) == ["to stderr", "to stdout"]
    status = "SUCCEEDED" if code == 0 else "FAILED"
    assert f"ends-{code} ({done.out.strip()}) is {status}, exit code {code}" in done.err.splitlines()[-1]


def test_arguments_after_the_script_are_the_scripts_own(platform: Platform, tmp_path: Path, script: Write) -> None:
    arguments = ["-x", "--name", "mine", "--wait", "", "a  b", "*", "--", "--help", "$HOME", "'q'", "ü"]
    path = script("arguments.sh", "for argument; do printf '<%s>\\n' \"$argument\"; done")
    done = platform.command(tmp_path)("submit", "--wait", path, *arguments)
    assert done.code == 0, done.err
    assert log_lines(done) == [f"<{argument}>" for argument in arguments]


def test_what_was_asked_for_reaches_the_job(platform: Platform, tmp_path: Path, script: Write) -> None:
    path = script("overrides.sh", 'echo "$STAGE" "[${EMPTY-unset}]"')
    options = ["--queue", "high", "--name", "mine", "--env", "STAGE=a=b c", "--env", "EMPTY="]
    amounts = ["--vcpus", "2", "--memory", "1.5GiB", "--timeout", "2h", "--attempts", "3"]
    done = platform.command(tmp_path)("submit", "--wait", *options, *amounts, path)
    assert done.code == 0, done.err
    assert log_lines(done) == ["a=b c []"]
    job = platform.job(done.out.strip())
    assert job["jobName"] == "mine"
    assert job["jobQueue"] == platform.record.job_queues["high"]
    required = {entry["type"]: entry["value"] for entry in job["container"]["resourceRequirements"]}
    assert required == {"VCPU": "2", "MEMORY": "1536"}
    assert job["timeout"] == {"attemptDurationSeconds": 7200}
    assert job["retryStrategy"]["attempts"] == 3


def test_a_failing_job_gets_the_attempts_it_was_given_and_each_ones_log_is_shown(
    platform: Platform, tmp_path: Path, script: Write
) -> None:
    path = script("attempts.sh", 'echo "attempt $AWS_BATCH_JOB_ATTEMPT"; exit $((10 + AWS_BATCH_JOB_ATTEMPT))')
    done = platform.command(tmp_path)("submit", "--wait", "--attempts", "2", path)
    assert done.code == 12, done.err
    assert log_lines(done) == ["attempt 1", "attempt 2"]


def test_a_zip_runs_the_file_it_is_told_to(platform: Platform, tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo("bin/main.sh")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, '#!/bin/sh\ncat data.txt; echo "$1"\n')
        archive.writestr("data.txt", "beside it\n")
    done = platform.command(tmp_path)("submit", "--wait", path, "bin/main.sh", "sample 1")
    assert done.code == 0, done.err
    assert log_lines(done) == ["beside it", "sample 1"]


def test_a_script_may_come_through_a_pipe(platform: Platform, tmp_path: Path) -> None:
    done = platform.command(tmp_path)("submit", "--wait", "-", "one", stdin='#!/bin/sh\necho "got $1"\n')
    assert done.code == 0, done.err
    assert log_lines(done) == ["got one"]


def test_a_job_starts_after_those_it_depends_on_by_id_and_by_name(
    platform: Platform, tmp_path: Path, script: Write
) -> None:
    command = platform.command(tmp_path)
    slow = script("slow.sh", "sleep 1")
    first = job_id(command("submit", "--name", "dep-first", slow))
    command("submit", "--name", "dep-second", slow)
    newest = job_id(command("submit", "--name", "dep-second", slow))
    done = command("submit", "--wait", "--depends-on", first, "--depends-on", "dep-second", script("after.sh", "true"))
    assert done.code == 0, done.err
    job = platform.job(done.out.strip())
    assert [entry["jobId"] for entry in job["dependsOn"]] == [first, newest]
    for dependency in (first, newest):
        assert platform.job(dependency)["stoppedAt"] <= job["startedAt"]


def test_what_can_never_start_is_refused(platform: Platform, tmp_path: Path, script: Write) -> None:
    command = platform.command(tmp_path)
    failed = command("submit", "--wait", "--name", "dep-failed", script("fails.sh", "exit 3"))
    assert failed.code == 3
    path = script("never.sh", "true")
    refused = command("submit", "--depends-on", "dep-failed", path)
    assert (refused.code, refused.out) == (2, "")
    assert f"it depends on dep-failed ({failed.out.strip()}), which has failed" in refused.err
    unknown = command("submit", "--depends-on", "dep-nobody", path)
    assert (unknown.code, unknown.out) == (1, "")
    assert "no job of that name is known" in unknown.err


def test_an_unknown_queue_is_told_with_those_there_are(platform: Platform, tmp_path: Path, script: Write) -> None:
    done = platform.command(tmp_path)("submit", "--queue", "urgent", script("job.sh", "true"))
    assert (done.code, done.out) == (2, "")
    assert "there is no job queue 'urgent' in this deployment; it has default, high, low" in done.err


def test_a_deployment_that_is_not_there_is_told_with_its_parameter(
    platform: Platform, tmp_path: Path, script: Write
) -> None:
    done = platform.command(tmp_path, BATCHYARD_DEPLOYMENT="lab")("submit", script("job.sh", "true"))
    assert (done.code, done.out) == (1, "")
    assert f"account {platform.record.account}, region {REGION}" in done.err
    assert "/batchyard/lab/platform is missing" in done.err
    assert "cdk deploy -c deployment=lab" in done.err


def test_local_needs_no_environment_and_heeds_none(platform: Platform, tmp_path: Path, script: Write) -> None:
    command = platform.command(
        tmp_path,
        AWS_ENDPOINT_URL="http://127.0.0.1:9",
        AWS_PROFILE="nobody",
        AWS_REGION="us-west-2",
        http_proxy="http://127.0.0.1:9",
    )
    done = command("submit", "--local", "--wait", script("local.sh", "echo here"))
    assert done.code == 0, done.err
    assert f"batchyard: local account {platform.record.account}, region {REGION}, " in done.err
    assert log_lines(done) == ["here"]


def test_parameters_take_the_place_of_references(platform: Platform, tmp_path: Path, script: Write) -> None:
    path = script("greet.sh", 'echo "$1, $2"')
    arguments = ("greet.sh", "Ref::greeting", "Ref::whom")
    done = platform.command(tmp_path)("submit", "--wait", "--parameter", "whom=all of you", *arguments)
    assert (done.code, log_lines(done)) == (0, ["hello, all of you"]), path
    done = platform.command(tmp_path)("submit", "--wait", "--parameter", "greeting=bye", *arguments[:2], "you")
    assert (done.code, log_lines(done)) == (0, ["bye, you"])
    refused = platform.command(tmp_path)("submit", "--parameter", "whom", "greet.sh")
    assert (refused.code, refused.out) == (2, "")
    assert "parameter 'whom': write NAME=VALUE" in refused.err


def test_a_job_of_a_fair_share_queue_names_its_share(platform: Platform, tmp_path: Path, script: Write) -> None:
    script("fair.sh", "true")
    done = platform.command(tmp_path)("submit", "--queue", "shared", "--share", "green", "--priority", "7", "fair.sh")
    job = platform.until(job_id(done), "SUCCEEDED")
    assert (job["shareIdentifier"], job["schedulingPriority"]) == ("green", 7)
    refused = platform.command(tmp_path)("submit", "--queue", "shared", "fair.sh")
    assert (refused.code, refused.out) == (2, "")
    assert "shares fairly: say whose job it is with --share NAME" in refused.err
