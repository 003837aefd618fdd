"""A job's output in CloudWatch Logs: while it runs, in order, whole, and what happens when it cannot be written."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from batchyard.local.runners.launch import LogTarget
from batchyard.local.runners.logs import MAXIMUM_BATCH, MAXIMUM_EVENT, OVERHEAD, Lines, LogStream
from tests.support.batch_platform import Platform, unique
from tests.support.batch_server import until

pytest_plugins = ["tests.support.batch_server_fixtures"]

TARGET = LogTarget("us-east-1", "group", "stream", creates_group=False)


def awslogs(group: str, **options: str) -> dict[str, Any]:
    """Container properties that log to this group."""
    return {"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": group, **options}}}


def test_lines_arrive_while_the_job_runs(mine: Platform, tmp_path: Path) -> None:
    script = f"echo one; until [ -e {tmp_path}/go ]; do sleep 0.02; done; echo two"
    job_id = mine.submit(mine.define(["sh", "-c", script]))
    mine.reaching(job_id, "RUNNING")
    until(lambda: mine.log(mine.job(job_id)) == ["one"], "the first line is logged")
    assert mine.job(job_id)["status"] == "RUNNING"
    (tmp_path / "go").touch()
    assert mine.log(mine.finished(job_id)) == ["one", "two"]


def test_output_is_whole_and_in_order_when_the_job_has_ended(mine: Platform) -> None:
    job = mine.run("seq 1 5000; printf 'no newline at the end'; kill -KILL $$")
    stream = job["container"]["logStreamName"]
    pages = mine.server.logs.get_paginator("filter_log_events").paginate(
        logGroupName="/aws/batch/job", logStreamNames=[stream]
    )
    messages = [event["message"] for page in pages for event in page["events"]]
    assert messages == [*map(str, range(1, 5001)), "no newline at the end"]


def test_both_streams_are_logged_with_the_time_in_milliseconds(mine: Platform) -> None:
    before = int(time.time() * 1000)
    job = mine.run("echo out; echo err >&2; printf 'caf\\303\\251 \\377\\n'")
    events = mine.server.logs.get_log_events(
        logGroupName="/aws/batch/job", logStreamName=job["container"]["logStreamName"], startFromHead=True
    )["events"]
    assert sorted(event["message"] for event in events) == ["café �", "err", "out"]
    assert all(before <= event["timestamp"] <= int(time.time() * 1000) for event in events)


def test_the_group_and_prefix_of_the_definition_are_used(mine: Platform) -> None:
    group = unique("/batchyard/group")
    mine.server.logs.create_log_group(logGroupName=group)
    container = awslogs(group, **{"awslogs-stream-prefix": "prefix"})
    job = mine.finished(mine.submit(mine.define(["echo", "hello"], container=container)))
    assert job["container"]["logStreamName"].startswith("prefix/default/")
    assert mine.log(job, group) == ["hello"]


def test_a_group_that_does_not_exist_is_an_error_unless_it_may_be_made(mine: Platform) -> None:
    group = unique("/batchyard/missing")
    job = mine.finished(mine.submit(mine.define(["true"], container=awslogs(group))))
    assert (job["status"], job["statusReason"]) == ("FAILED", "Task failed to start")
    assert job["container"]["reason"].startswith("CannotStartContainerError: failed to create Cloudwatch log stream")
    assert group in job["container"]["reason"]
    container = awslogs(group, **{"awslogs-create-group": "true"})
    job = mine.finished(mine.submit(mine.define(["echo", "hello"], container=container)))
    assert mine.log(job, group) == ["hello"]


def test_a_region_that_cannot_be_is_the_fault_of_that_job_alone(mine: Platform) -> None:
    container = awslogs("/aws/batch/job", **{"awslogs-region": "no region!"})
    job = mine.finished(mine.submit(mine.define(["true"], container=container)))
    assert (job["status"], job["statusReason"]) == ("FAILED", "Task failed to start")
    assert "no region!" in job["container"]["reason"]
    assert mine.run("true")["status"] == "SUCCEEDED"


def test_output_that_cannot_be_written_is_told_and_does_not_end_the_job(mine: Platform, tmp_path: Path) -> None:
    group = unique("/batchyard/vanishing")
    mine.server.logs.create_log_group(logGroupName=group)
    script = f"until [ -e {tmp_path}/go ]; do sleep 0.02; done; echo lost"
    job_id = mine.submit(mine.define(["sh", "-c", script], container=awslogs(group)))
    mine.reaching(job_id, "RUNNING")
    mine.server.logs.delete_log_group(logGroupName=group)
    (tmp_path / "go").touch()
    job = mine.finished(job_id)
    assert (job["status"], job["container"]["exitCode"]) == ("SUCCEEDED", 0)
    assert job["container"]["reason"].startswith(f"1 log events could not be written to {group}: ")


@given(st.lists(st.binary(max_size=40)), st.integers(1, 7))
def test_lines_do_not_depend_on_how_the_bytes_arrive(chunks: list[bytes], width: int) -> None:
    data = b"\n".join(chunks)
    one, many = Lines(), Lines()
    pieces = [data[start : start + width] for start in range(0, len(data), width)]
    events = [event for piece in pieces for event in many.feed(piece)] + many.rest()
    assert events == one.feed(data) + one.rest()
    assert events == [line.decode(errors="replace") for line in data.split(b"\n") if line]


def test_a_line_too_long_for_an_event_is_cut_between_characters() -> None:
    line = "é" * MAXIMUM_EVENT
    lines = Lines()
    events = [*lines.feed(line.encode()[: MAXIMUM_EVENT + 1]), *lines.feed(line.encode()[MAXIMUM_EVENT + 1 :])]
    events += lines.rest()
    assert "".join(events) == line
    assert all(len(event.encode()) <= MAXIMUM_EVENT for event in events)


class Recorder:
    """A client of CloudWatch Logs that keeps what it was given."""

    def __init__(self) -> None:
        self.batches: list[list[dict[str, Any]]] = []
        self.fails = False

    def put_log_events(self, **request: Any) -> None:
        """Keep a batch, or fail."""
        if self.fails:
            raise ClientError({"Error": {"Code": "ServiceUnavailable", "Message": "x"}}, "PutLogEvents")
        self.batches.append(request["logEvents"])


def test_batches_stay_within_the_limits_of_the_service_and_in_order() -> None:
    recorder = Recorder()
    stream = LogStream(lambda _: recorder, TARGET)
    stream.add(["x" * 100_000] * 25 + ["y"] * 25_000)
    stream.flush()
    assert sum(map(len, recorder.batches)) == 25_025
    for batch in recorder.batches:
        assert len(batch) <= 10_000
        assert sum(len(event["message"]) + OVERHEAD for event in batch) <= MAXIMUM_BATCH
    times = [event["timestamp"] for batch in recorder.batches for event in batch]
    assert times == sorted(times)


def test_events_lost_to_a_failure_are_counted_and_later_ones_written() -> None:
    recorder = Recorder()
    stream = LogStream(lambda _: recorder, TARGET)
    recorder.fails = True
    stream.add(["a", "b"])
    stream.flush()
    recorder.fails = False
    stream.add(["c"])
    stream.flush()
    assert [event["message"] for batch in recorder.batches for event in batch] == ["c"]
    assert stream.complaint
    assert stream.complaint.startswith("2 log events could not be written to group: ")
