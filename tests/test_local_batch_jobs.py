"""Jobs through boto3: order, dependencies, retries, timeouts, ends, overrides, arrays, and how they are described."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from batchyard.local.batch.config import Clock
from tests.support.batch_platform import Platform, platform, unique
from tests.support.batch_server import Server, serving, until

pytest_plugins = ["tests.support.batch_server_fixtures"]


def gate(path: Path) -> list[str]:
    """A command that runs until the file exists."""
    return ["sh", "-c", f"until [ -e '{path}' ]; do sleep 0.05; done"]


def test_a_finished_job_is_described_as_batch_does(mine: Platform) -> None:
    before = int(time.time() * 1000) - 1000
    definition = mine.define(["sh", "-c", "exit 7"], platformCapabilities=["EC2"])
    job = mine.finished(mine.submit(definition, tags={"a": "b"}, propagateTags=True))
    cluster = mine.server.batch.describe_compute_environments(computeEnvironments=[mine.environment])[
        "computeEnvironments"
    ][0]["ecsClusterArn"].rpartition("/")[2]
    container = job["container"]
    assert container["taskArn"].startswith(f"arn:aws:ecs:us-east-1:123456789012:task/{cluster}/")
    assert container["containerInstanceArn"].startswith(
        f"arn:aws:ecs:us-east-1:123456789012:container-instance/{cluster}/"
    )
    task = container["taskArn"].rpartition("/")[2]
    definition_name = definition.rpartition("/")[2].partition(":")[0]
    assert container["logStreamName"] == f"{definition_name}/default/{task}"
    assert (job["status"], job["statusReason"]) == ("FAILED", "Essential container in task exited")
    assert container["exitCode"] == 7
    assert "reason" not in container
    (attempt,) = job["attempts"]
    assert attempt["statusReason"] == "Essential container in task exited"
    assert {name: attempt["container"][name] for name in ("taskArn", "logStreamName", "exitCode")} == {
        name: container[name] for name in ("taskArn", "logStreamName", "exitCode")
    }
    assert before < job["createdAt"] <= attempt["startedAt"] <= attempt["stoppedAt"] <= job["stoppedAt"]
    assert job["startedAt"] == attempt["startedAt"]
    assert job["jobQueue"].endswith(f":job-queue/{mine.queue}")
    assert job["jobArn"] == f"arn:aws:batch:us-east-1:123456789012:job/{job['jobId']}"
    assert (job["jobDefinition"], job["tags"], job["propagateTags"]) == (definition, {"a": "b"}, True)
    assert job["platformCapabilities"] == ["EC2"]
    assert job["retryStrategy"] == {"attempts": 1, "evaluateOnExit": []}
    assert (job["isCancelled"], job["isTerminated"]) == (False, False)
    assert mine.job(job["jobId"]) == job


def test_jobs_of_a_queue_start_in_the_order_of_submission(tmp_path: Path) -> None:
    with serving(tmp_path, max_jobs=1) as server:
        mine = platform(server)
        definition = mine.define(["true"])
        jobs = [mine.finished(job_id) for job_id in [mine.submit(definition) for _ in range(5)]]
        started = [job["startedAt"] for job in jobs]
        assert started == sorted(started)
        assert all(early["stoppedAt"] <= late["startedAt"] for early, late in itertools.pairwise(jobs))


def test_a_queue_of_higher_priority_goes_first(tmp_path: Path) -> None:
    with serving(tmp_path, max_jobs=1) as server:
        mine = platform(server)
        order = [{"order": 1, "computeEnvironment": mine.environment}]
        high = unique("high")
        server.batch.create_job_queue(jobQueueName=high, priority=100, computeEnvironmentOrder=order)
        blocker = mine.submit(mine.define(gate(tmp_path / "go")))
        mine.reaching(blocker, "RUNNING")
        definition = mine.define(["true"])
        low_job = mine.submit(definition)
        high_job = mine.submit(definition, jobQueue=high)
        snapshot = server.batch.get_job_queue_snapshot(jobQueue=mine.queue)["frontOfQueue"]["jobs"]
        assert [one["jobArn"].rpartition("/")[2] for one in snapshot] == [low_job]
        (tmp_path / "go").touch()
        assert mine.finished(high_job)["stoppedAt"] <= mine.finished(low_job)["startedAt"]


def test_no_more_jobs_run_than_the_machine_and_the_vcpus_allow(tmp_path: Path) -> None:
    with serving(tmp_path, max_jobs=3) as server:
        mine = platform(server, maxvCpus=2)
        definition = mine.define(gate(tmp_path / "go"))
        jobs = [mine.submit(definition) for _ in range(3)]
        for job_id in jobs[:2]:
            mine.reaching(job_id, "RUNNING")
        assert mine.job(jobs[2])["status"] == "RUNNABLE"
        assert "startedAt" not in mine.job(jobs[2])
        (tmp_path / "go").touch()
        assert {mine.finished(job_id)["status"] for job_id in jobs} == {"SUCCEEDED"}


def test_a_job_waits_for_its_dependencies(mine: Platform, tmp_path: Path) -> None:
    first = mine.submit(mine.define(gate(tmp_path / "go")))
    second = mine.submit(mine.define(["true"]), dependsOn=[{"jobId": first}])
    assert mine.job(second)["status"] == "PENDING"
    assert mine.job(second)["dependsOn"] == [{"jobId": first}]
    (tmp_path / "go").touch()
    assert mine.finished(second)["startedAt"] >= mine.finished(first)["stoppedAt"]


def test_a_job_whose_dependency_fails_fails_without_a_start(mine: Platform) -> None:
    bad = mine.submit(mine.define(["false"]))
    after = mine.submit(mine.define(["true"]), dependsOn=[{"jobId": bad}])
    job = mine.finished(after)
    assert (job["status"], job["statusReason"], job["attempts"]) == ("FAILED", "Dependent Job failed", [])
    assert "startedAt" not in job
    assert "taskArn" not in job["container"]


def test_a_failed_job_is_tried_again_as_often_as_it_says(mine: Platform) -> None:
    script = '[ "$AWS_BATCH_JOB_ATTEMPT" = 3 ] || exit "$AWS_BATCH_JOB_ATTEMPT"'
    job = mine.run(script, retryStrategy={"attempts": 4})
    assert job["status"] == "SUCCEEDED"
    assert [one["container"]["exitCode"] for one in job["attempts"]] == [1, 2, 0]
    assert len({one["container"]["taskArn"] for one in job["attempts"]}) == 3


def test_conditions_on_the_exit_end_the_attempts(mine: Platform) -> None:
    conditions = [{"onExitCode": "4*", "action": "RETRY"}, {"onReason": "*", "action": "EXIT"}]
    retry = {"attempts": 5, "evaluateOnExit": conditions}
    job = mine.run('[ "$AWS_BATCH_JOB_ATTEMPT" = 1 ] && exit 42; exit 5', retryStrategy=retry)
    assert [one["container"]["exitCode"] for one in job["attempts"]] == [42, 5]
    assert job["retryStrategy"] == retry


@pytest.mark.parametrize(("reason", "attempts"), [("ResourceInitializationError:*", 3), ("CannotPull*", 1)])
def test_conditions_on_why_a_task_failed_to_start(mine: Platform, reason: str, attempts: int) -> None:
    retry = {
        "attempts": 3,
        "evaluateOnExit": [
            {"onReason": reason, "onStatusReason": "Task failed to start*", "action": "RETRY"},
            {"onReason": "*", "action": "EXIT"},
        ],
    }
    missing = {"secrets": [{"name": "TOKEN", "valueFrom": "/no/such/parameter"}]}
    job = mine.finished(mine.submit(mine.define(["true"], container=missing, retryStrategy=retry)))
    assert (job["status"], len(job["attempts"])) == ("FAILED", attempts)
    assert job["statusReason"] == "Task failed to start"


def test_a_job_that_runs_too_long_is_stopped(tmp_path: Path) -> None:
    with serving(tmp_path, clock=Clock(speed=60)) as server:
        mine = platform(server)
        job = mine.run("sleep 600", timeout={"attemptDurationSeconds": 60}, retryStrategy={"attempts": 2})
    assert (job["status"], job["statusReason"]) == ("FAILED", "Job attempt duration exceeded timeout")
    assert job["timeout"] == {"attemptDurationSeconds": 60}
    (attempt,) = job["attempts"]
    assert attempt["container"]["exitCode"] == 143
    assert attempt["stoppedAt"] - attempt["startedAt"] >= 60_000


def test_a_terminated_job_ends_with_the_users_reason(mine: Platform) -> None:
    job_id = mine.submit(mine.define(["sleep", "600"]), retryStrategy={"attempts": 3})
    mine.reaching(job_id, "RUNNING")
    mine.server.batch.terminate_job(jobId=job_id, reason="wrong input")
    job = mine.finished(job_id)
    assert (job["status"], job["statusReason"]) == ("FAILED", "wrong input")
    assert (job["isTerminated"], len(job["attempts"])) == (True, 1)
    assert job["container"]["exitCode"] == 143


def test_a_job_that_ignores_term_is_killed(mine: Platform) -> None:
    job_id = mine.submit(mine.define(["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"]))
    job = mine.reaching(job_id, "RUNNING")
    until(lambda: mine.log(mine.job(job_id)) == ["ready"], "the trap is set")
    mine.server.batch.terminate_job(jobId=job_id, reason="enough")
    job = mine.finished(job_id)
    assert job["container"]["exitCode"] == 137


def test_cancel_ends_a_waiting_job_only(mine: Platform, tmp_path: Path) -> None:
    running = mine.submit(mine.define(gate(tmp_path / "go")))
    mine.reaching(running, "RUNNING")
    waiting = mine.submit(mine.define(["true"]), dependsOn=[{"jobId": running}])
    for job_id in (running, waiting):
        mine.server.batch.cancel_job(jobId=job_id, reason="not needed")
    job = mine.job(waiting)
    assert (job["status"], job["statusReason"], job["isCancelled"]) == ("FAILED", "not needed", True)
    (tmp_path / "go").touch()
    assert mine.finished(running)["status"] == "SUCCEEDED"


def test_cancelling_what_is_not_there_is_refused(mine: Platform) -> None:
    with pytest.raises(ClientError, match="Job nothing not found"):
        mine.server.batch.cancel_job(jobId="nothing", reason="x")
    assert mine.server.batch.describe_jobs(jobs=["nothing"])["jobs"] == []


def test_overrides_are_merged_as_batch_does(mine: Platform) -> None:
    definition = mine.define(
        ["sh", "-c", "echo $KEPT $CHANGED $ADDED"],
        container={
            "environment": [{"name": "KEPT", "value": "1"}, {"name": "CHANGED", "value": "1"}],
            "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "128"}],
        },
        retryStrategy={"attempts": 3},
        timeout={"attemptDurationSeconds": 100},
    )
    job = mine.finished(
        mine.submit(
            definition,
            containerOverrides={
                "environment": [{"name": "CHANGED", "value": "2"}, {"name": "ADDED", "value": "3"}],
                "resourceRequirements": [{"type": "MEMORY", "value": "256"}],
                "vcpus": 7,
            },
            timeout={"attemptDurationSeconds": 200},
        )
    )
    assert mine.log(job) == ["1 2 3"]
    container = job["container"]
    assert container["environment"] == [
        {"name": "KEPT", "value": "1"},
        {"name": "CHANGED", "value": "2"},
        {"name": "ADDED", "value": "3"},
    ]
    assert container["resourceRequirements"] == [
        {"type": "VCPU", "value": "1"},
        {"type": "MEMORY", "value": "256"},
    ]
    assert (job["retryStrategy"]["attempts"], job["timeout"]) == (3, {"attemptDurationSeconds": 200})


def test_the_old_members_override_the_old_members(server: Server) -> None:
    alone = platform(server, maxvCpus=1)
    old = {"resourceRequirements": [], "vcpus": 1, "memory": 64}
    job_id = alone.submit(alone.define(["true"], container=old), containerOverrides={"vcpus": 2, "memory": 128})
    job = alone.job(job_id)
    assert (job["status"], job["container"]["vcpus"], job["container"]["memory"]) == ("RUNNABLE", 2, 128)
    alone.server.batch.terminate_job(jobId=job_id, reason="it needs more than there is")


def test_a_command_can_be_overridden_and_its_parameters_replaced(mine: Platform) -> None:
    definition = mine.define(["echo", "Ref::one", "Ref::two", "Ref::none"], parameters={"one": "1", "two": "default"})
    job = mine.finished(mine.submit(definition, parameters={"two": "a b  c"}))
    assert mine.log(job) == ["1 a b  c Ref::none"]
    assert job["parameters"] == {"one": "1", "two": "a b  c"}
    other = mine.finished(mine.submit(definition, containerOverrides={"command": ["echo", "other"]}))
    assert mine.log(other) == ["other"]


def test_a_job_too_large_for_its_environment_waits(mine: Platform) -> None:
    alone = platform(mine.server)
    large = {"resourceRequirements": [{"type": "VCPU", "value": "64"}]}
    job_id = alone.submit(alone.define(["true"]), containerOverrides=large)
    assert alone.job(job_id)["status"] == "RUNNABLE"
    alone.server.batch.update_compute_environment(
        computeEnvironment=alone.environment, computeResources={"maxvCpus": 64}
    )
    assert alone.finished(job_id)["status"] == "SUCCEEDED"


def test_a_disabled_environment_starts_nothing(mine: Platform) -> None:
    alone = platform(mine.server)
    alone.server.batch.update_compute_environment(computeEnvironment=alone.environment, state="DISABLED")
    job_id = alone.submit(alone.define(["true"]))
    assert alone.job(job_id)["status"] == "RUNNABLE"
    alone.server.batch.update_compute_environment(computeEnvironment=alone.environment, state="ENABLED")
    assert alone.finished(job_id)["status"] == "SUCCEEDED"


def test_an_arrays_children_have_an_index_and_a_parent(mine: Platform) -> None:
    definition = mine.define(["sh", "-c", 'echo "$AWS_BATCH_JOB_ARRAY_INDEX of $AWS_BATCH_JOB_ARRAY_SIZE"'])
    parent_id = mine.submit(definition, arrayProperties={"size": 3})
    parent = mine.finished(parent_id)
    assert parent["status"] == "SUCCEEDED"
    assert parent["arrayProperties"]["size"] == 3
    assert parent["arrayProperties"]["statusSummary"]["SUCCEEDED"] == 3
    children = [mine.job(f"{parent_id}:{index}") for index in range(3)]
    assert [child["arrayProperties"]["index"] for child in children] == [0, 1, 2]
    assert [mine.log(child) for child in children] == [["0 of 3"], ["1 of 3"], ["2 of 3"]]
    listed = mine.server.batch.list_jobs(arrayJobId=parent_id, jobStatus="SUCCEEDED")["jobSummaryList"]
    assert [one["jobId"] for one in listed] == [child["jobId"] for child in children]


def test_an_array_fails_when_one_child_does(mine: Platform) -> None:
    parent = mine.run('[ "$AWS_BATCH_JOB_ARRAY_INDEX" != 1 ]', arrayProperties={"size": 3})
    assert (parent["status"], parent["statusReason"]) == ("FAILED", "Array Child Job failed")
    assert parent["arrayProperties"]["statusSummary"]["FAILED"] == 1


def test_sequential_and_pairwise_dependencies_of_arrays(mine: Platform) -> None:
    definition = mine.define(["true"])
    size = {"size": 3}
    first = mine.submit(definition, arrayProperties=size, dependsOn=[{"type": "SEQUENTIAL"}])
    second = mine.submit(definition, arrayProperties=size, dependsOn=[{"jobId": first, "type": "N_TO_N"}])
    mine.finished(second)
    ones = [mine.job(f"{first}:{index}") for index in range(3)]
    twos = [mine.job(f"{second}:{index}") for index in range(3)]
    assert all(a["stoppedAt"] <= b["startedAt"] for a, b in itertools.pairwise(ones))
    assert all(a["stoppedAt"] <= b["startedAt"] for a, b in zip(ones, twos, strict=True))
    with pytest.raises(ClientError, match="two array jobs of the same size"):
        mine.submit(definition, arrayProperties={"size": 2}, dependsOn=[{"jobId": first, "type": "N_TO_N"}])


def test_jobs_are_listed_by_queue_status_and_filter(server: Server) -> None:
    alone = platform(server)
    definition = alone.define(["true"], name=unique("listed"))
    ids = [alone.submit(definition, jobName=name) for name in ("Alpha", "beta", "alphabet")]
    for job_id in ids:
        alone.finished(job_id)

    def listed(**request: Any) -> list[str]:
        answer = server.batch.list_jobs(jobQueue=alone.queue, **request)
        return [one["jobId"] for one in answer["jobSummaryList"]]

    def filtered(name: str, value: str) -> list[str]:
        return listed(filters=[{"name": name, "values": [value]}])

    assert listed() == []
    assert listed(jobStatus="SUCCEEDED") == ids[::-1]
    assert filtered("JOB_NAME", "alpha") == [ids[0]]
    assert filtered("JOB_NAME", "alpha*") == [ids[2], ids[0]]
    assert filtered("JOB_DEFINITION", definition) == ids[::-1]
    assert filtered("JOB_DEFINITION", "listed-*") == ids[::-1]
    assert filtered("BEFORE_CREATED_AT", "1") == []
    assert filtered("AFTER_CREATED_AT", "1") == ids[::-1]
    with pytest.raises(ClientError, match="Filter 'NAME' must be one of"):
        filtered("NAME", "x")
    with pytest.raises(ClientError, match="Exactly one of"):
        server.batch.list_jobs(jobStatus="RUNNING")
    summary = server.batch.list_jobs(jobQueue=alone.queue, jobStatus="SUCCEEDED")["jobSummaryList"][0]
    assert (summary["jobName"], summary["container"]) == ("alphabet", {"exitCode": 0})


def test_deleting_a_queue_ends_its_jobs(server: Server) -> None:
    alone = platform(server)
    job_id = alone.submit(alone.define(["sleep", "600"]))
    alone.reaching(job_id, "RUNNING")
    server.batch.update_job_queue(jobQueue=alone.queue, state="DISABLED")
    server.batch.delete_job_queue(jobQueue=alone.queue)
    assert alone.finished(job_id)["statusReason"] == f"The job queue {alone.queue} was deleted"
