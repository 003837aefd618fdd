"""Jobs as Batch describes them: exit codes, many at once, by name, by compute environment."""

from __future__ import annotations

from typing import Any

import pytest

from batchyard.client.cancelling import cancel
from batchyard.client.environments import compute_environments
from batchyard.client.errors import BatchyardError, InvalidInputError, NotFoundError
from batchyard.client.job import Job
from batchyard.client.jobs import describe, list_jobs
from batchyard.client.logs import check_log
from batchyard.client.references import is_job_id, resolve
from tests.support.job_details import attempt, container, detail, job_id, several, several_attempt, task_arn
from tests.support.records import ACCOUNT, REGION, record
from tests.support.stubbed import stubbed


def described(**job: Any) -> Any:
    with stubbed("batch") as (connection, batch):
        batch.add_response("describe_jobs", {"jobs": [detail(**job)]})
        return describe(connection, [job_id(1)])[0]


@pytest.mark.parametrize(
    ("status", "exit_code", "code"),
    [
        ("SUCCEEDED", 0, 0),
        ("SUCCEEDED", None, 0),
        ("FAILED", 7, 7),
        ("FAILED", 137, 137),
        ("FAILED", None, 1),
        # It was terminated and took that well: still no success.
        ("FAILED", 0, 1),
    ],
)
def test_only_success_is_0(status: str, exit_code: int | None, code: int) -> None:
    made = container() if exit_code is None else container(exitCode=exit_code)
    job = described(status=status, container=made)
    assert (job.finished, job.code) == (True, code)


def test_log_streams_are_those_of_all_attempts_in_order() -> None:
    job = described(container=container("c"), attempts=[attempt("a"), attempt("b")])
    assert streams(job) == [["a"], ["b"], ["c"]]
    job = described(container=container("b"), attempts=[attempt("a"), attempt("b")])
    assert streams(job) == [["a"], ["b"]]


def streams(job: Job) -> list[list[str]]:
    return [[stream.name for stream in attempt] for attempt in job.attempt_logs]


def test_a_job_of_several_containers_ends_as_its_essential_ones_do() -> None:
    job = described(
        status="FAILED",
        container={},
        attempts=[several_attempt({"prepare": 0, "main": 5, "watch": 1}), several_attempt({"prepare": 0, "main": 3})],
        ecsProperties=several({"prepare": 0, "main": 3, "watch": 143}, not_essential=("prepare", "watch")),
    )
    assert (job.exit_code, job.code) == (3, 3)
    assert [each.exit_code for each in job.attempts] == [5, 3]
    assert [each.name for each in job.containers] == ["prepare", "main", "watch"]
    assert (job.vcpus, job.memory_mib) == ("6", "1536")
    assert (job.task_arn, job.command, job.image, job.log_stream) == (task_arn("cluster"), (), None, None)
    assert streams(job) == [["prepare/1", "main/1", "watch/1"], ["prepare/1", "main/1"], ["prepare", "main", "watch"]]


@pytest.mark.parametrize(
    ("ends", "code"),
    [
        ({"a": 0, "b": 0}, 0),
        ({"a": 0, "b": 143}, 143),
        ({"a": 0, "b": None}, None),
        ({"a": None, "b": 7}, 7),
    ],
)
def test_every_essential_container_counts(ends: dict[str, int | None], code: int | None) -> None:
    assert described(container={}, ecsProperties=several(ends)).exit_code == code


def test_a_container_that_logs_elsewhere_has_no_stream() -> None:
    task = several({"a": 0, "b": 0})
    task["taskProperties"][0]["containers"][0]["logConfiguration"] = {"logDriver": "json-file"}
    job = described(container={}, ecsProperties=task)
    assert streams(job) == [["b"]]


def test_a_container_that_the_job_does_not_have_has_no_log() -> None:
    with pytest.raises(NotFoundError, match="has no container 'c': it has a, b"):
        check_log(described(container={}, ecsProperties=several({"a": 0, "b": 0})), "c")
    with pytest.raises(NotFoundError, match="it has a single one; leave --container out"):
        check_log(described(), "main")
    with pytest.raises(BatchyardError, match="not in CloudWatch Logs: its job definition uses the log driver 'syslog'"):
        check_log(described(container={"logConfiguration": {"logDriver": "syslog"}}), None)


def test_many_jobs_are_described_a_hundred_at_a_time_and_keep_their_order() -> None:
    numbers = list(range(250, 0, -1))
    ids = [job_id(number) for number in numbers]
    with stubbed("batch") as (connection, batch):
        for start in (0, 100, 200):
            wanted = ids[start : start + 100]
            found = [detail(number) for number in sorted(numbers[start : start + 100])]
            batch.add_response("describe_jobs", {"jobs": found}, {"jobs": wanted})
        assert [job.id for job in describe(connection, ids)] == ids


def test_an_unknown_job_is_named() -> None:
    with stubbed("batch") as (connection, batch):
        connection.__dict__["account"] = ACCOUNT
        batch.add_response("describe_jobs", {"jobs": [detail(1)]})
        with pytest.raises(NotFoundError, match=f"no job {job_id(2)} in account {ACCOUNT}, region {REGION}"):
            describe(connection, [job_id(1), job_id(2)])


def test_listing_takes_every_page_of_a_status() -> None:
    queue = record().job_queues["high"]
    first = [{"jobId": job_id(number), "jobName": "job", "createdAt": number} for number in (1, 3)]
    second = [{"jobId": job_id(2), "jobName": "job", "createdAt": 2}]
    with stubbed("batch") as (connection, batch):
        request = {"jobQueue": queue, "jobStatus": "RUNNING"}
        batch.add_response("list_jobs", {"jobSummaryList": first, "nextToken": "more"}, request)
        batch.add_response("list_jobs", {"jobSummaryList": second}, {**request, "nextToken": "more"})
        ids = [job_id(3), job_id(2)]
        batch.add_response("describe_jobs", {"jobs": [detail(2), detail(3)]}, {"jobs": ids})
        assert [job.id for job in list_jobs(connection, [queue], ["RUNNING"], limit=2)] == ids


def test_ids_are_told_from_names() -> None:
    assert is_job_id(job_id(1))
    assert is_job_id(f"{job_id(1)}:17")
    assert is_job_id(f"{job_id(1)}#0")
    assert not is_job_id("align")
    assert not is_job_id(job_id(1)[:-1])


def summaries(*found: tuple[int, str, int]) -> dict[str, Any]:
    return {
        "jobSummaryList": [
            {"jobId": job_id(number), "jobName": name, "createdAt": created} for number, name, created in found
        ]
    }


def test_a_name_is_the_newest_job_of_just_that_name_in_any_queue() -> None:
    with stubbed("batch") as (connection, batch):
        # The filter takes Align for align.
        batch.add_response("list_jobs", summaries((1, "align", 10), (2, "Align", 99)))
        batch.add_response("list_jobs", summaries((3, "align", 30)))
        batch.add_response("list_jobs", summaries((4, "align", 20)))
        assert resolve(connection, record(), [job_id(9), "align"]) == (job_id(9), job_id(3))


def test_a_name_that_nobody_has_is_not_found() -> None:
    with stubbed("batch") as (connection, batch):
        connection.__dict__["account"] = ACCOUNT
        for _ in record().job_queues:
            batch.add_response("list_jobs", summaries())
        with pytest.raises(NotFoundError, match="no job of that name is known in the queues default, high, low"):
            resolve(connection, record(), ["align"])


def test_a_name_of_two_equally_new_jobs_is_ambiguous() -> None:
    with stubbed("batch") as (connection, batch):
        batch.add_response("list_jobs", summaries((1, "align", 10)))
        batch.add_response("list_jobs", summaries((2, "align", 10)))
        batch.add_response("list_jobs", summaries())
        with pytest.raises(InvalidInputError, match=f"ambiguous.*{job_id(2)}, {job_id(1)}"):
            resolve(connection, record(), ["align"])


def test_the_compute_environment_is_the_one_whose_cluster_ran_the_task() -> None:
    arns = record().compute_environments
    environments = [
        {
            "computeEnvironmentName": name,
            "computeEnvironmentArn": arns[name],
            "ecsClusterArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{name}_Batch_1",
        }
        for name in ("spot", "on-demand")
    ]
    instance = f"arn:aws:ecs:{REGION}:{ACCOUNT}:container-instance/spot_Batch_1/0123"
    jobs = [
        detail(1, container=container(taskArn=task_arn("spot_Batch_1"))),
        detail(2, container=container(), attempts=[attempt("a", taskArn=task_arn("on-demand_Batch_1"))]),
        # The short form of a task's ARN names no cluster.
        detail(
            3,
            container=container(taskArn=f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/0123", containerInstanceArn=instance),
        ),
        detail(4, "RUNNABLE"),
        detail(5, container=container(taskArn=task_arn("someone-elses"))),
    ]
    with stubbed("batch") as (connection, batch):
        batch.add_response("describe_jobs", {"jobs": jobs})
        found = describe(connection, [job["jobId"] for job in jobs])
        batch.add_response(
            "describe_compute_environments", {"computeEnvironments": environments[:1], "nextToken": "more"}
        )
        batch.add_response("describe_compute_environments", {"computeEnvironments": environments[1:]})
        assert compute_environments(connection, found) == {
            job_id(1): arns["spot"],
            job_id(2): arns["on-demand"],
            job_id(3): arns["spot"],
        }


def test_nobody_asks_for_compute_environments_while_no_job_was_placed() -> None:
    with stubbed("batch") as (connection, batch):
        batch.add_response("describe_jobs", {"jobs": [detail(1, "RUNNABLE")]})
        assert compute_environments(connection, describe(connection, [job_id(1)])) == {}


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("PENDING", "cancelled"), ("RUNNABLE", "cancelled"), ("STARTING", "terminated"), ("RUNNING", "terminated")],
)
def test_an_unfinished_job_is_ended(status: str, outcome: str) -> None:
    with stubbed("batch") as (connection, batch):
        batch.add_response("describe_jobs", {"jobs": [detail(1, status)]})
        batch.add_response("terminate_job", {}, {"jobId": job_id(1), "reason": "why"})
        assert cancel(connection, describe(connection, [job_id(1)])[0], "why") == outcome


def test_a_finished_job_is_left_alone() -> None:
    with stubbed("batch") as (connection, batch):
        batch.add_response("describe_jobs", {"jobs": [detail(1, "FAILED")]})
        assert cancel(connection, describe(connection, [job_id(1)])[0], "why") == "finished"
