"""`batchyard wait`, `logs`, `list`, `show` and `cancel` on a local account with real jobs."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from batchyard.client.script import from_bytes
from batchyard.client.submission import Submission
from batchyard.client.submission import submit as client_submit
from tests.support.command import BATCHYARD, Command
from tests.support.platform import Platform

SECONDS = 60


@pytest.fixture
def command(platform: Platform, tmp_path: Path) -> Command:
    return platform.command(tmp_path)


def submit(
    platform: Platform, body: str, *arguments: str, name: str = "job", depends_on: str = "", **options: Any
) -> str:
    """Submit a shell script with this body; the job's id."""
    script = from_bytes("body", f"#!/bin/sh\n{body}\n".encode(), arguments)
    after = (depends_on,) if depends_on else ()
    submission = Submission(work=script, name=name, depends_on=after, **options)
    return client_submit(platform.connection, platform.record, submission).id


def held_back(platform: Platform, name: str) -> tuple[str, str]:
    """A job that runs until it is ended, and one that waits for it."""
    running = submit(platform, "sleep 300", name=f"{name}-running")
    waiting = submit(platform, "echo started", name=f"{name}-waiting", depends_on=running)
    platform.until(running, "RUNNING")
    return running, waiting


def end(platform: Platform, *jobs: str) -> None:
    """End jobs that a test has done with."""
    for job in jobs:
        platform.connection.batch.terminate_job(jobId=job, reason="the test has done with it")


def own(lines: Iterable[str]) -> Iterator[str]:
    """A job's own lines, without the runner's."""
    return (line for line in lines if not line.startswith("fetch_and_run: "))


def test_waiting_ends_with_the_first_code_that_is_not_0_in_the_order_given(
    platform: Platform, command: Command
) -> None:
    fine = submit(platform, "exit 0")
    three = submit(platform, "sleep 0.5; exit 3")
    four = submit(platform, "exit 4")
    assert command("wait", fine).code == 0
    done = command("wait", fine, three, four)
    assert (done.code, done.out) == (3, "")
    assert f"({three}) is FAILED, exit code 3" in done.err
    assert command("wait", four, three).code == 4


def test_waiting_for_a_job_that_failed_without_a_code_says_why(platform: Platform, command: Command) -> None:
    running, waiting = held_back(platform, "codeless")
    platform.connection.batch.terminate_job(jobId=waiting, reason="not needed")
    end(platform, running)
    done = command("wait", "codeless-waiting")
    assert done.code == 1
    assert f"({waiting}) is FAILED: not needed" in done.err


def test_waiting_for_nobody(command: Command) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    done = command("wait", unknown)
    assert done.code == 1
    assert f"Batch knows no job {unknown}" in done.err


def test_interrupted_waiting_leaves_the_job_and_says_how_to_come_back(platform: Platform, command: Command) -> None:
    job = submit(platform, "sleep 300", name="patience")
    process = command.start("wait", "--local", "--deployment", "default", job)
    assert process.stderr is not None
    for line in process.stderr:
        if "is RUNNING" in line:
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert f"`batchyard wait --local {job}`" in err
    assert f"`batchyard cancel --local {job}`" in err
    assert "Traceback" not in err
    assert platform.job(job)["status"] == "RUNNING"
    end(platform, job)


def test_a_followed_log_is_there_while_the_job_runs_and_whole_at_its_end(platform: Platform, command: Command) -> None:
    gate = command.folder / "gate"
    body = 'echo first; while [ ! -e "$1" ]; do sleep 0.05; done; seq 2000'
    job = submit(platform, body, str(gate))
    process = command.start("logs", "-f", job)
    assert process.stdout is not None
    lines = own(process.stdout)
    assert next(lines) == "first\n"
    assert platform.job(job)["status"] == "RUNNING"
    gate.touch()
    assert [line.strip() for line in lines] == [str(number) for number in range(1, 2001)]
    _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, err


def test_the_log_of_a_job_that_has_not_started(platform: Platform, command: Command) -> None:
    running, waiting = held_back(platform, "unstarted")
    done = command("logs", waiting)
    assert (done.code, done.out) == (0, "")
    assert "there is no log yet (`batchyard logs -f` waits for it)" in done.err
    end(platform, waiting, running)


def test_logs_begin_with_the_newest_attempt_or_the_one_asked_for(platform: Platform, command: Command) -> None:
    job = submit(platform, 'echo "attempt $AWS_BATCH_JOB_ATTEMPT"; exit 1', attempts=2)
    platform.until(job, "FAILED")

    def lines(*options: str) -> list[str]:
        done = command("logs", *options, job)
        assert done.code == 0, done.err
        return list(own(done.out.splitlines()))

    assert lines() == ["attempt 2"]
    assert lines("--attempt", "1") == ["attempt 1", "attempt 2"]
    done = command("logs", "--attempt", "3", job)
    assert (done.code, done.out) == (1, "")
    assert "there is no log of attempt 3, there are 2" in done.err


def test_a_reader_that_goes_away_is_no_error(platform: Platform, command: Command) -> None:
    job = submit(platform, "seq 20000")
    platform.until(job, "SUCCEEDED")
    piped = subprocess.run(
        ["/bin/bash", "-c", f"set -o pipefail; {BATCHYARD} logs {job} | head -n 1"],
        env=command.full_environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert piped.returncode == 141
    assert len(piped.stdout.splitlines()) == 1
    assert all(line.startswith("batchyard: ") for line in piped.stderr.splitlines()), piped.stderr


def test_the_list_shows_each_job_with_where_it_ran_and_how_it_ended(platform: Platform, command: Command) -> None:
    high = submit(platform, "exit 5", name="listed-high", queue="high")
    low = submit(platform, "exit 0", name="listed-low", queue="low")
    platform.until(high, "FAILED")
    platform.until(low, "SUCCEEDED")

    table = command("list", "--limit", "500")
    assert table.code == 0, table.err
    header, *_ = table.out.splitlines()
    assert header.split() == ["NAME", "ID", "QUEUE", "COMPUTE", "ENVIRONMENT", "STATUS", "EXIT", "CODE", "DURATION"]
    rows = {line.split()[1]: line.split() for line in table.out.splitlines()[2:]}
    assert rows[high][:6] == ["listed-high", high, "high", "on-demand", "FAILED", "5"]
    assert rows[low][:6] == ["listed-low", low, "low", "spot", "SUCCEEDED", "0"]

    listed = json.loads(command("list", "--json", "--queue", "high", "--status", "failed").out)
    assert high in {job["id"] for job in listed}
    assert {(job["queue"], job["status"]) for job in listed} == {("high", "FAILED")}
    (newest,) = json.loads(command("list", "--json", "--limit", "1").out)
    assert newest["id"] == low
    assert newest["computeEnvironment"] == "spot"
    assert newest["durationSeconds"] >= 0


def test_ids_are_whole_in_a_narrow_terminal(platform: Platform, command: Command) -> None:
    job = submit(platform, "true", name="n" * 100)
    narrow = Command(command.folder, {**command.environment, "COLUMNS": "40"})
    assert job in narrow("list", "--limit", "1").out


def test_a_list_of_nothing_is_empty(platform: Platform, command: Command) -> None:
    done = command("list", "--queue", "low", "--status", "STARTING", "--json")
    assert (done.code, json.loads(done.out)) == (0, [])
    done = command("list", "--queue", "urgent")
    assert (done.code, done.out) == (2, "")
    assert "it has default, high, low" in done.err


def test_show_says_everything_about_a_job(platform: Platform, command: Command) -> None:
    job = submit(platform, "exit 9", name="shown", timeout_seconds=5400, environment={"TOKEN": "hidden"})
    platform.until(job, "FAILED")

    shown = json.loads(command("show", "--json", "shown").out)
    assert (shown["id"], shown["status"], shown["exitCode"]) == (job, "FAILED", 9)
    assert (shown["queue"], shown["computeEnvironment"]) == ("default", "spot")
    assert (shown["vcpus"], shown["memoryMiB"], shown["timeoutSeconds"]) == (1, 512, 5400)
    assert [attempt["exitCode"] for attempt in shown["attempts"]] == [9]
    assert shown["logStream"] == platform.job(job)["container"]["logStreamName"]

    text = command("show", job).out
    facts = {title: value for title, _, value in (line.partition("  ") for line in text.splitlines())}
    facts = {title: value.strip() for title, value in facts.items()}
    assert facts["status"] == "FAILED"
    assert facts["timeout"] == "1 h 30 m an attempt"
    assert shown["logStream"] in text
    assert "hidden" not in text


def test_cancel_ends_a_job_wherever_it_is_and_says_so(platform: Platform, command: Command) -> None:
    running, waiting = held_back(platform, "ended")
    done = command("cancel", "--reason", "wrong genome", waiting, running)
    assert done.code == 0, done.err
    assert done.out.splitlines() == [
        f"ended-waiting ({waiting}): cancelled before it started",
        f"ended-running ({running}): terminated while it ran",
    ]
    for job in (waiting, running):
        assert platform.until(job, "FAILED")["statusReason"] == "wrong genome"
    again = command("cancel", waiting, running)
    assert again.code == 0
    assert [line.partition(": ")[2] for line in again.out.splitlines()] == [
        "nothing to do: it has finished already"
    ] * 2


def test_cancel_leaves_alone_what_is_not_the_deployments(platform: Platform, command: Command) -> None:
    queue = platform.connection.batch.create_job_queue(
        jobQueueName="someone-elses",
        priority=1,
        computeEnvironmentOrder=[{"order": 1, "computeEnvironment": platform.record.compute_environments["spot"]}],
    )["jobQueueArn"]
    held, _ = held_back(platform, "stranger")
    job = platform.connection.batch.submit_job(
        jobName="theirs",
        jobQueue=queue,
        jobDefinition=platform.record.job_definitions["fetch-and-run"],
        dependsOn=[{"jobId": held}],
    )["jobId"]
    done = command("cancel", job)
    assert (done.code, done.out) == (2, "")
    assert f"not a job of the deployment 'default': theirs ({job}, queue someone-elses)" in done.err
    assert platform.job(job)["status"] == "PENDING"
    end(platform, job, held)
