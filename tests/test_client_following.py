"""Waiting for jobs and following their logs, on a clock that only moves when the client sleeps."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from batchyard.client.following import Polling, follow, wait
from batchyard.client.job import Job
from batchyard.client.logs import LogLine
from tests.support.job_details import LOG_GROUP, attempt, container, detail, job_id, several
from tests.support.stubbed import stubbed


class Clock:
    """Moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def polling(self, *, settle: float = 0.0, patience: float = 0.0) -> Polling:
        return Polling(
            shortest=1.0,
            longest=2.0,
            settle=settle,
            patience=patience,
            sleep=self.sleep,
            clock=lambda: self.now,
        )


def answer_jobs(batch: Stubber, *jobs: dict[str, Any]) -> None:
    batch.add_response("describe_jobs", {"jobs": list(jobs)}, {"jobs": [job["jobId"] for job in jobs]})


def answer_log(logs: Stubber, stream: str, *pages: tuple[str | None, list[str], str], at_end: bool = True) -> None:
    """Pages as (token asked with, messages, next token); at the end the last token comes back."""
    asked = list(pages)
    if at_end:
        asked.append((pages[-1][2], [], pages[-1][2]))
    for token, messages, following in asked:
        request = {"logGroupName": LOG_GROUP, "logStreamName": stream, "startFromHead": True}
        logs.add_response(
            "get_log_events",
            {"events": [{"message": text, "timestamp": 1} for text in messages], "nextForwardToken": following},
            request if token is None else {**request, "nextToken": token},
        )


def said(events: list[Job | LogLine]) -> list[str]:
    return [event.message if isinstance(event, LogLine) else event.status for event in events]


def test_waiting_yields_each_change_once_and_asks_only_for_what_has_not_finished() -> None:
    clock = Clock()
    with stubbed("batch") as (connection, batch):
        answer_jobs(batch, detail(1, "RUNNABLE"), detail(2, "RUNNING"))
        answer_jobs(batch, detail(1, "RUNNABLE"), detail(2, "RUNNING"))
        answer_jobs(batch, detail(1, "RUNNABLE"), detail(2, "SUCCEEDED"))
        answer_jobs(batch, detail(1, "FAILED"))
        events = [(job.name, job.status) for job in wait(connection, [job_id(1), job_id(2)], clock.polling())]
    assert events == [
        ("job-1", "RUNNABLE"),
        ("job-2", "RUNNING"),
        ("job-2", "SUCCEEDED"),
        ("job-1", "FAILED"),
    ]
    assert clock.pauses == [1.0, 1.5, 1.0]


def test_a_new_reason_for_the_same_status_is_a_change() -> None:
    with stubbed("batch") as (connection, batch):
        answer_jobs(batch, detail(1, "RUNNABLE"))
        answer_jobs(batch, detail(1, "RUNNABLE", statusReason="CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"))
        answer_jobs(batch, detail(1, "SUCCEEDED"))
        events = [job.why for job in wait(connection, [job_id(1)], Clock().polling())]
    assert events == [None, "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", None]


def test_a_followed_log_is_read_on_from_where_it_was_and_to_its_end() -> None:
    running = detail(1, "RUNNING", container=container("s"))
    with stubbed("batch") as (connection, batch), stubbed("logs") as (logging, logs):
        connection.__dict__["logs"] = logging.logs
        answer_jobs(batch, detail(1, "RUNNABLE"))
        answer_jobs(batch, running)
        answer_log(logs, "s", (None, ["one"], "f/1"), ("f/1", [], "f/2"), ("f/2", ["two"], "f/3"))
        answer_jobs(batch, detail(1, "SUCCEEDED", container=container("s", exitCode=0)))
        answer_log(logs, "s", ("f/3", ["three"], "f/4"))
        events = list(follow(connection, job_id(1), polling=Clock().polling()))
    assert said(events) == ["RUNNABLE", "RUNNING", "one", "two", "three", "SUCCEEDED"]


def test_a_stream_that_is_not_made_yet_is_an_empty_one() -> None:
    with stubbed("batch") as (connection, batch), stubbed("logs") as (logging, logs):
        connection.__dict__["logs"] = logging.logs
        answer_jobs(batch, detail(1, "RUNNING", container=container("s")))
        logs.add_client_error("get_log_events", "ResourceNotFoundException")
        answer_jobs(batch, detail(1, "SUCCEEDED", container=container("s", exitCode=0)))
        answer_log(logs, "s", (None, ["one"], "f/1"))
        events = list(follow(connection, job_id(1), polling=Clock().polling()))
    assert said(events) == ["RUNNING", "one", "SUCCEEDED"]


def test_every_attempt_has_its_say_in_order() -> None:
    again = detail(1, "RUNNING", attempts=[attempt("a", exitCode=1)], container=container("b"))
    with stubbed("batch") as (connection, batch), stubbed("logs") as (logging, logs):
        connection.__dict__["logs"] = logging.logs
        answer_jobs(batch, detail(1, "RUNNING", container=container("a")))
        answer_log(logs, "a", (None, ["first"], "f/1"))
        answer_jobs(batch, again)
        answer_log(logs, "a", ("f/1", ["first ends"], "f/2"))
        answer_log(logs, "b", (None, ["second"], "f/1"))
        answer_jobs(
            batch,
            detail(1, "FAILED", attempts=[attempt("a"), attempt("b")], container=container("b", exitCode=3)),
        )
        answer_log(logs, "b", ("f/1", [], "f/1"), at_end=False)
        events = list(follow(connection, job_id(1), polling=Clock().polling()))
    assert said(events) == ["RUNNING", "first", "first ends", "second", "FAILED"]


def events(stream: str, *lines: tuple[int, str], token: str | None = None, following: str = "f/1") -> tuple[Any, Any]:
    """What CloudWatch Logs is asked for a stream, and answers: lines with their timestamps."""
    request = {"logGroupName": LOG_GROUP, "logStreamName": stream, "startFromHead": True}
    answer = {
        "events": [{"message": text, "timestamp": moment} for moment, text in lines],
        "nextForwardToken": following,
    }
    return request if token is None else {**request, "nextToken": token}, answer


def test_containers_of_an_attempt_are_read_at_once_in_the_order_of_time() -> None:
    job = detail(1, "SUCCEEDED", container={}, ecsProperties=several({"a": 0, "b": 0}))
    with stubbed("batch") as (connection, batch), stubbed("logs") as (logging, logs):
        connection.__dict__["logs"] = logging.logs
        answer_jobs(batch, job)
        for request, answer in (
            events("a", (1, "one"), (4, "four")),
            events("b", (2, "two"), (3, "three")),
            events("b", token="f/1"),
            events("a", token="f/1"),
        ):
            logs.add_response("get_log_events", answer, request)
        found = list(follow(connection, job_id(1), polling=Clock().polling()))
    assert [(line.container, line.message) for line in found if isinstance(line, LogLine)] == [
        ("a", "one"),
        ("b", "two"),
        ("b", "three"),
        ("a", "four"),
    ]


def test_one_container_can_be_read_alone_and_is_not_named_then() -> None:
    job = detail(1, "SUCCEEDED", container={}, ecsProperties=several({"a": 0, "b": 0}))
    with stubbed("batch") as (connection, batch), stubbed("logs") as (logging, logs):
        connection.__dict__["logs"] = logging.logs
        answer_jobs(batch, job)
        for request, answer in (events("b", (2, "two")), events("b", token="f/1")):
            logs.add_response("get_log_events", answer, request)
        found = list(follow(connection, job_id(1), container="b", polling=Clock().polling()))
    assert [(line.container, line.message) for line in found if isinstance(line, LogLine)] == [(None, "two")]


def test_the_log_of_a_job_that_has_just_ended_is_read_until_it_is_quiet() -> None:
    clock = Clock()
    ended = detail(1, "SUCCEEDED", container=container("s", exitCode=0), stoppedAt=int(time.time() * 1000))
    with stubbed("batch") as (connection, batch), stubbed("logs") as (logging, logs):
        connection.__dict__["logs"] = logging.logs
        answer_jobs(batch, ended)
        answer_log(logs, "s", (None, ["one"], "f/1"))
        answer_log(logs, "s", ("f/1", [], "f/1"), at_end=False)
        answer_log(logs, "s", ("f/1", ["late"], "f/2"))
        for _ in range(2):
            answer_log(logs, "s", ("f/2", [], "f/2"), at_end=False)
        events = list(follow(connection, job_id(1), polling=clock.polling(settle=3.0)))
    assert said(events) == ["one", "late", "SUCCEEDED"]
    assert sum(clock.pauses) >= 5.0


def test_a_lost_network_is_waited_out_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    finished = {"jobs": [detail(1, "SUCCEEDED")]}
    with stubbed("batch") as (connection, _):
        back_at = 7.0

        def describe_jobs(**_: Any) -> Any:
            if clock.now < back_at:
                raise EndpointConnectionError(endpoint_url="https://batch")
            return finished

        monkeypatch.setattr(connection.batch, "describe_jobs", describe_jobs)
        jobs = list(wait(connection, [job_id(1)], clock.polling(patience=10.0)))
        assert [job.status for job in jobs] == ["SUCCEEDED"]

        back_at = clock.now + 100
        with pytest.raises(EndpointConnectionError):
            list(wait(connection, [job_id(1)], clock.polling(patience=10.0)))
        assert clock.now < back_at
