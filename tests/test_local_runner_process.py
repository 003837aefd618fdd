"""Jobs as processes: what they see, what becomes of their processes and files, and which images run."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from batchyard.image import content_tag
from batchyard.toolchain import ROOT
from tests.support.batch_platform import Platform, platform
from tests.support.batch_server import serving, until

pytest_plugins = ["tests.support.batch_server_fixtures"]

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def variables(mine: Platform, **members: Any) -> dict[str, str]:
    """The environment that a job of this definition sees."""
    job = mine.finished(mine.submit(mine.define(["env"], **members)))
    return dict(line.split("=", 1) for line in mine.log(job))


def test_a_job_sees_what_batch_sets_and_nothing_of_the_server(mine: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVER_SECRET", "x")
    seen = variables(mine)
    scratch = seen.pop("HOME").removesuffix("/home")
    assert seen.pop("TMPDIR") == f"{scratch}/tmp"
    assert (
        seen.pop("PATH") == f"{mine.server.folder}/tools:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    )
    job_id = seen.pop("AWS_BATCH_JOB_ID")
    assert scratch == f"{mine.server.folder}/jobs/{job_id}/1"
    assert seen == {
        "AWS_ACCESS_KEY_ID": "local-account",
        "AWS_SECRET_ACCESS_KEY": "not-a-secret",
        "AWS_ENDPOINT_URL": mine.server.endpoint,
        "S3_ENDPOINT_URL": mine.server.endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_BATCH_JOB_ATTEMPT": "1",
        "AWS_BATCH_JQ_NAME": mine.queue,
        "AWS_BATCH_CE_NAME": mine.environment,
    }


def test_the_jobs_own_variables_win_and_paths_on_a_mount_lie_in_its_scratch(mine: Platform) -> None:
    seen = variables(
        mine,
        container={
            "environment": [
                {"name": "PATH", "value": "/bin:/usr/bin"},
                {"name": "AWS_ACCESS_KEY_ID", "value": "own"},
                {"name": "TMPDIR", "value": "/scratch/tmp"},
                {"name": "DATA", "value": "/scratch"},
                {"name": "OTHER", "value": "/scratchy"},
            ],
            "volumes": [{"name": "disk", "host": {"sourcePath": "/var/scratch"}}],
            "mountPoints": [{"sourceVolume": "disk", "containerPath": "/scratch", "readOnly": False}],
        },
    )
    scratch = seen["HOME"].removesuffix("/home")
    assert seen["PATH"] == f"{mine.server.folder}/tools:/bin:/usr/bin"
    assert seen["AWS_ACCESS_KEY_ID"] == "own"
    assert seen["TMPDIR"] == f"{scratch}/mounts/host/var/scratch/tmp"
    assert seen["DATA"] == f"{scratch}/mounts/host/var/scratch"
    assert seen["OTHER"] == "/scratchy"


def test_tmpdir_on_a_mount_exists_and_can_be_written(mine: Platform) -> None:
    definition = mine.define(
        ["sh", "-c", 'echo x > "$TMPDIR/file" && cat "$TMPDIR/file"'],
        container={
            "environment": [{"name": "TMPDIR", "value": "/scratch/deep/tmp"}],
            "volumes": [{"name": "disk", "host": {"sourcePath": "/var/scratch"}}],
            "mountPoints": [{"sourceVolume": "disk", "containerPath": "/scratch"}],
        },
    )
    assert mine.log(mine.finished(mine.submit(definition))) == ["x"]


def test_s5cmd_is_there_and_reaches_the_local_account(mine: Platform) -> None:
    mine.server.client("s3").create_bucket(Bucket="tools")
    mine.server.client("s3").put_object(Bucket="tools", Key="hello.txt", Body=b"hello from S3\n")
    job = mine.run("s5cmd cat s3://tools/hello.txt")
    assert mine.log(job) == ["hello from S3"]
    assert job["status"] == "SUCCEEDED"


def test_a_job_starts_in_an_empty_folder_that_is_gone_afterwards(mine: Platform) -> None:
    job = mine.run("pwd; ls -A; umask; mkdir -p a/b; touch a/b/c; chmod 000 a")
    folder, umask = mine.log(job)
    assert folder == f"{mine.server.folder}/jobs/{job['jobId']}/1/work"
    assert umask == "0022"
    assert not (mine.server.folder / "jobs" / job["jobId"]).exists()


# 32 and 33 belong to the C library, which lets no program set them (signal(7)): what a test's own parents did stays.
RESERVED_SIGNALS = 1 << 31 | 1 << 32


def test_signals_and_descriptors_are_as_a_new_process_has_them(mine: Platform) -> None:
    job = mine.run("grep -E '^(SigBlk|SigIgn)' /proc/self/status; ls -l /proc/self/fd | grep -c -e pipe -e null; cat")
    assert job["status"] == "SUCCEEDED"
    blocked, ignored, descriptors = mine.log(job)
    assert int(blocked.split()[1], 16) == 0
    assert int(ignored.split()[1], 16) & ~RESERVED_SIGNALS == 0
    # Of ls itself: input is /dev/null, output a pipe to grep, errors a pipe to the log.
    assert descriptors == "3"


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [("absent", 127, "executable file not found in $PATH"), ("plain", 126, "permission denied")],
)
def test_a_command_that_cannot_be_run_says_so(mine: Platform, tmp_path: Path, name: str, code: int, words: str) -> None:
    (tmp_path / "plain").write_text("not a program")
    program = str(tmp_path / name)
    job = mine.finished(mine.submit(mine.define([program])))
    assert (job["status"], job["statusReason"]) == ("FAILED", "Task failed to start")
    assert job["container"]["exitCode"] == code
    assert job["container"]["reason"] == f'CannotStartContainerError: exec: "{program}": {words}'
    assert "startedAt" not in job


def test_a_job_ended_by_a_signal_exits_as_docker_says(mine: Platform) -> None:
    assert mine.run("kill -KILL $$")["container"]["exitCode"] == 137
    assert mine.run("kill -SEGV $$")["container"]["exitCode"] == 139


def test_processes_that_a_job_leaves_behind_end_with_it(mine: Platform, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"""
        sleep 600 & echo $! >> {pids}
        setsid sh -c 'echo $$ >> {pids}; trap "" TERM HUP; sleep 600; true' < /dev/null > /dev/null 2>&1 &
        until [ "$(wc -l < {pids})" = 2 ]; do sleep 0.02; done
    """
    job = mine.run(script)
    assert job["status"] == "SUCCEEDED"
    assert [pid for pid in map(int, pids.read_text().split()) if is_alive(pid)] == []


def test_stopping_a_job_reaches_all_its_processes(mine: Platform, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"echo $$ >> {pids}; sh -c 'echo $$ >> {pids}; sleep 600' & wait"
    job_id = mine.submit(mine.define(["sh", "-c", script]))
    until(lambda: pids.exists() and len(pids.read_text().split()) == 2, "both processes run")
    mine.server.batch.terminate_job(jobId=job_id, reason="enough")
    mine.finished(job_id)
    assert [pid for pid in map(int, pids.read_text().split()) if is_alive(pid)] == []


def test_close_lets_jobs_end_in_their_own_way_first(tmp_path: Path) -> None:
    with serving(tmp_path, close_timeout=20.0) as server:
        mine = platform(server)
        script = f"trap 'echo ended > {tmp_path}/end; exit 0' TERM; touch {tmp_path}/ready; sleep 600 & wait"
        mine.submit(mine.define(["sh", "-c", script]))
        until(lambda: (tmp_path / "ready").exists(), "the job runs")
        server.application.close()
        assert (tmp_path / "end").read_text() == "ended\n"


def test_close_kills_what_runs_and_is_harmless_twice(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    with serving(tmp_path) as server:
        mine = platform(server)
        job_id = mine.submit(mine.define(["sh", "-c", f"trap '' TERM; echo $$ > {pids}; sleep 600; true"]))
        until(lambda: pids.exists() and pids.read_text(), "the job runs")
        server.application.close()
        server.application.close()
        assert not is_alive(int(pids.read_text()))
        assert not (tmp_path / "jobs" / job_id).exists()


SERVER_PROGRAM = """
import sys, time
from pathlib import Path
from tests.support.batch_platform import platform
from tests.support.batch_server import serving
folder = Path(sys.argv[1])
with serving(folder) as server:
    mine = platform(server)
    daemon = f"echo $$ >> {folder}/pids; exec sleep 600"
    script = f"echo $$ > {folder}/main; setsid sh -c '{daemon}' & echo $$ >> {folder}/pids; exec sleep 600"
    mine.submit(mine.define(["sh", "-c", script]))
    time.sleep(600)
"""


def test_jobs_do_not_outlive_a_server_that_is_killed(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    with subprocess.Popen([sys.executable, "-c", SERVER_PROGRAM, str(tmp_path)], cwd=ROOT) as process:
        try:
            until(lambda: pids.exists() and len(pids.read_text().split()) == 2, "both processes of the job run")
        finally:
            process.kill()
    running = [int(pid) for pid in pids.read_text().split()]
    until(lambda: not any(is_alive(pid) for pid in running), "the job is gone", seconds=5)


def parent_of(pid: int) -> int:
    """The process that a process was started by."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_job_does_not_outlive_its_supervisor_when_the_server_cannot_help(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    with subprocess.Popen([sys.executable, "-c", SERVER_PROGRAM, str(tmp_path)], cwd=ROOT) as process:
        try:
            until(lambda: pids.exists() and len(pids.read_text().split()) == 2, "both processes of the job run")
            job_pid = int((tmp_path / "main").read_text())
            process.send_signal(signal.SIGSTOP)
            os.kill(parent_of(job_pid), signal.SIGKILL)
            until(lambda: not is_alive(job_pid), "the job is gone", seconds=5)
        finally:
            for pid in map(int, pids.read_text().split()):
                if is_alive(pid):
                    os.kill(pid, signal.SIGKILL)
            process.kill()


def test_a_job_does_not_outlive_its_supervisor(mine: Platform, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    job_id = mine.submit(mine.define(["sh", "-c", f"sleep 600 & echo $$ $! $PPID > {pids}; wait"]))
    until(lambda: pids.exists() and pids.read_text(), "the job runs")
    job_pid, child_pid, supervisor_pid = map(int, pids.read_text().split())
    os.kill(supervisor_pid, signal.SIGKILL)
    job = mine.finished(job_id)
    until(lambda: not is_alive(job_pid) and not is_alive(child_pid), "both processes are gone", seconds=5)
    assert (job["status"], job["container"]["exitCode"]) == ("FAILED", 137)
    assert job["container"]["reason"] == "The job's supervisor ended before the job did"


def test_other_images_do_not_run_unless_that_was_asked_for(tmp_path: Path) -> None:
    with serving(tmp_path, host_images=False) as server:
        mine = platform(server)
        job = mine.run("true")
    assert (job["status"], job["statusReason"]) == ("FAILED", "Task failed to start")
    reason = job["container"]["reason"]
    assert reason.startswith("CannotPullContainerError: ")
    assert "public.example/tool:1" in reason
    assert "`batchyard local up --host-images`" in reason
    assert job["attempts"][0]["container"]["reason"] == reason
    assert "exitCode" not in job["container"]


def test_the_platforms_own_runner_fetches_and_runs_a_script(tmp_path: Path) -> None:
    container = ROOT / "container"
    with serving(tmp_path, host_images=False, container=container) as server:
        server.client("s3").create_bucket(Bucket="scripts")
        server.client("s3").put_object(
            Bucket="scripts", Key="job.sh", Body=b'#!/bin/sh\necho "ran $1 in $AWS_BATCH_JQ_NAME"; exit 7\n'
        )
        mine = platform(server)
        variables = {
            "BATCH_FILE_TYPE": "script",
            "BATCH_FILE_S3_URL": "s3://scripts/job.sh",
            "TMPDIR": "/scratch/tmp",
        }
        definition = mine.define(
            ["job.sh", "it"],
            container={
                "image": f"{REGISTRY}/platform:{content_tag(container)}",
                "environment": [{"name": name, "value": value} for name, value in variables.items()],
                "volumes": [{"name": "disk", "host": {"sourcePath": "/var/scratch"}}],
                "mountPoints": [{"sourceVolume": "disk", "containerPath": "/scratch"}],
            },
        )
        job = mine.finished(mine.submit(definition))
        log = mine.log(job)
    assert (job["status"], job["container"]["exitCode"]) == ("FAILED", 7)
    assert f"ran it in {mine.queue}" in log


def test_a_runner_mounted_from_the_instance_is_the_container_folders_own_in_any_image(tmp_path: Path) -> None:
    container = ROOT / "container"
    runner = "/opt/batchyard/bin/fetch_and_run.sh"
    with serving(tmp_path, host_images=False, container=container) as server:
        server.client("s3").create_bucket(Bucket="scripts")
        server.client("s3").put_object(Bucket="scripts", Key="job.sh", Body=b'#!/bin/sh\necho "ran $1"; exit 7\n')
        mine = platform(server)
        variables = {"BATCH_FILE_TYPE": "script", "BATCH_FILE_S3_URL": "s3://scripts/job.sh"}
        properties = {"environment": [{"name": name, "value": value} for name, value in variables.items()]}
        mounted = {
            "volumes": [{"name": "runner", "host": {"sourcePath": "/opt/batchyard/bin"}}],
            "mountPoints": [{"sourceVolume": "runner", "containerPath": "/opt/batchyard/bin", "readOnly": True}],
        }
        definition = mine.define([runner], container={**properties, **mounted})
        job = mine.finished(mine.submit(definition, containerOverrides={"command": [runner, "job.sh", "it"]}))
        assert (job["status"], job["container"]["exitCode"]) == ("FAILED", 7)
        assert "ran it" in mine.log(job)
        # Neither the path alone nor the mount alone runs anything of an image that is not here.
        for command, container_properties in (([runner], properties), (["true"], mounted)):
            job = mine.finished(mine.submit(mine.define(command, container=container_properties)))
            assert job["container"]["reason"].startswith("CannotPullContainerError: ")


def test_the_platforms_image_stands_for_the_container_folder_as_it_was(tmp_path: Path) -> None:
    container = tmp_path / "container"
    container.mkdir()
    program = container / "fetch_and_run.sh"

    def write(word: str) -> str:
        program.write_text(f'#!/bin/sh\necho {word} "$@"\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return f"{REGISTRY}/platform:{content_tag(container)}"

    with serving(tmp_path, host_images=False) as server:
        mine = platform(server)
        old = mine.define(["label", "Ref::x"], container={"image": write("old")}, parameters={"x": "a b"})
        # On another base image the tag says more than the folder.
        new = mine.define(["label"], container={"image": f"{write('new')}-fedcba9876543210"})
        assert mine.log(mine.finished(mine.submit(old))) == ["old label a b"]
        assert mine.log(mine.finished(mine.submit(new))) == ["new label"]
        job = mine.finished(
            mine.submit(mine.define(["x"], container={"image": f"{REGISTRY}/platform:0123456789abcdef"}))
        )
        assert job["status"] == "FAILED"
        assert "Deploy again" in job["container"]["reason"]
