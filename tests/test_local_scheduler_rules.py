"""The scheduler's rules one by one: retries, timeouts, cancel and terminate, limits, compute environment order."""

from __future__ import annotations

import pytest

from batchyard.local.scheduler import core
from batchyard.local.scheduler.deadlines import TOO_LARGE
from batchyard.local.scheduler.events import (
    Cancelled,
    Ended,
    EnvironmentPut,
    QueueRemoved,
    StopAttempt,
    Terminated,
)
from batchyard.local.scheduler.model import (
    Environment,
    ExitRule,
    JobSpec,
    Outcome,
    Queue,
    Retry,
    Status,
    TimeLimit,
)
from batchyard.local.scheduler.retry import is_retried
from tests.support.scheduler_world import Plan, World

RECLAIMED = Outcome("Host EC2 (instance i-1) terminated.")
FAILED = Outcome("Essential container in task exited", 7)
KILLED = Outcome("Essential container in task exited", 137, "OutOfMemoryError: Container killed")


def world(*, host_limit: int = 4, limits: tuple[TimeLimit, ...] = (), **plans: Plan) -> World:
    """One environment of 4 vCPUs and one queue."""
    queue = Queue("queue", 10, ("only",), time_limits=limits)
    return World(host_limit, [Environment("only", 4)], [queue], dict(plans))


def job(key: str, **members: object) -> JobSpec:
    """A job in that queue."""
    return JobSpec(key=key, queue="queue", **members)  # type: ignore[arg-type] # as the caller says


RECLAIM_ONLY = (ExitRule("RETRY", on_status_reason="Host EC2*"), ExitRule("EXIT", on_reason="*"))


@pytest.mark.parametrize(
    ("rules", "outcome", "expected"),
    [
        ((), FAILED, True),
        (RECLAIM_ONLY, RECLAIMED, True),
        (RECLAIM_ONLY, FAILED, False),
        ((ExitRule("EXIT", on_exit_code="7"),), FAILED, False),
        ((ExitRule("EXIT", on_exit_code="70"),), FAILED, True),
        ((ExitRule("EXIT", on_exit_code="13*"),), KILLED, False),
        ((ExitRule("EXIT", on_exit_code="13*"),), FAILED, True),
        ((ExitRule("RETRY", on_exit_code="7"), ExitRule("EXIT", on_exit_code="*")), FAILED, True),
        ((ExitRule("EXIT", on_exit_code="*"), ExitRule("RETRY", on_exit_code="7")), FAILED, False),
        ((ExitRule("EXIT", on_exit_code="137", on_reason="OutOfMemoryError*"),), KILLED, False),
        ((ExitRule("EXIT", on_exit_code="7", on_reason="OutOfMemoryError*"),), FAILED, True),
    ],
)
def test_the_first_condition_that_matches_decides_and_none_means_retry(
    rules: tuple[ExitRule, ...], outcome: Outcome, expected: bool
) -> None:
    assert is_retried(Retry(attempts=2, rules=rules), 1, outcome) is expected


def test_no_attempt_is_made_beyond_the_last() -> None:
    assert not is_retried(Retry(attempts=2, rules=(ExitRule("RETRY", on_exit_code="*"),)), 2, FAILED)


def test_a_retried_job_comes_before_younger_ones() -> None:
    it = world(host_limit=1, first=Plan(exit_codes=(1,)))
    it.submit(job("first", retry=Retry(attempts=2)))
    it.submit(job("second"))
    it.run()
    assert it.started() == ["first", "first", "second"]


def test_a_job_that_does_not_fit_holds_back_those_behind_it() -> None:
    it = world(running=Plan(seconds=10))
    it.submit(job("running", vcpus=2))
    it.submit(job("large", vcpus=3))
    it.submit(job("small", vcpus=1))
    assert it.started() == ["running"]
    it.run()
    assert it.started() == ["running", "large", "small"]


def test_a_lower_queue_goes_on_when_the_higher_ones_head_does_not_fit() -> None:
    queues = [Queue("high", 100, ("only",)), Queue("low", 1, ("only",))]
    it = World(4, [Environment("only", 4)], queues, {"running": Plan(seconds=10)})
    it.submit(JobSpec("running", "high", vcpus=2))
    it.submit(JobSpec("large", "high", vcpus=4))
    it.submit(JobSpec("small", "low", vcpus=1))
    assert it.started() == ["running", "small"]


def test_environments_are_filled_in_the_queues_order_and_disabled_ones_are_passed_over() -> None:
    environments = [Environment("spot", 1), Environment("off", 4, enabled=False), Environment("ondemand", 1)]
    it = World(4, environments, [Queue("queue", 1, ("spot", "off", "ondemand"))])
    for key in ("a", "b", "c"):
        it.submit(job(key))
    assert [(key, environment) for _, key, _, environment in it.starts] == [("a", "spot"), ("b", "ondemand")]
    it.do(EnvironmentPut(Environment("off", 4, enabled=True)))
    assert it.starts[-1][1:] == ("c", 1, "off")


def test_a_timeout_stops_the_attempt_and_is_not_retried() -> None:
    it = world(slow=Plan(seconds=1000))
    it.submit(job("slow", timeout=60.0, retry=Retry(attempts=3)))
    assert core.next_deadline(it.state) == 60.0
    it.run()
    ended = it.job("slow")
    assert it.now == 60.0
    assert (ended.status, ended.status_reason) == (Status.FAILED, "Job attempt duration exceeded timeout")
    (attempt,) = ended.attempts
    assert attempt.outcome == Outcome("Job attempt duration exceeded timeout", 143)


def test_the_timeout_counts_anew_for_every_attempt() -> None:
    it = world(flaky=Plan(seconds=50, exit_codes=(1, 1)))
    it.submit(job("flaky", timeout=60.0, retry=Retry(attempts=3)))
    it.run()
    assert it.job("flaky").status is Status.SUCCEEDED
    assert it.now == 150.0


def test_cancel_ends_a_waiting_job_and_leaves_a_running_one() -> None:
    it = world(host_limit=1, running=Plan(seconds=5))
    for spec in (job("running"), job("runnable"), job("pending", dependencies=("running",))):
        it.submit(spec)
    for key in ("running", "runnable", "pending"):
        it.do(Cancelled(key, "not needed"))
    for key in ("runnable", "pending"):
        ended = it.job(key)
        assert (ended.status, ended.status_reason, ended.is_cancelled) == (Status.FAILED, "not needed", True)
    it.run()
    assert it.job("running").status is Status.SUCCEEDED
    assert it.started() == ["running"]


def test_terminate_stops_a_running_job_once_and_its_reason_is_the_users() -> None:
    it = world(running=Plan(seconds=5))
    it.submit(job("running", retry=Retry(attempts=3)))
    assert it.do(Terminated("running", "enough")) == [StopAttempt("running", 1)]
    assert it.do(Terminated("running", "enough!")) == []
    it.run()
    ended = it.job("running")
    assert (ended.status, ended.status_reason, ended.is_terminated) == (Status.FAILED, "enough", True)
    assert len(ended.attempts) == 1


def test_a_job_that_exits_0_when_it_is_stopped_has_failed_all_the_same() -> None:
    it = world(running=Plan(seconds=5))
    it.submit(job("running"))
    it.do(Terminated("running", "enough"))
    it.do(Ended("running", 1, Outcome("Essential container in task exited", 0)))
    ended = it.job("running")
    assert (ended.status, ended.status_reason) == (Status.FAILED, "enough")
    assert ended.attempts[0].outcome == Outcome("enough", 0)


def test_a_chain_of_thousands_of_dependants_fails_in_one_step() -> None:
    it = world(job0=Plan(exit_codes=(1,)))
    chain = [job(f"job{number}", dependencies=(f"job{number - 1}",)) for number in range(1, 3000)]
    it.submit(job("job0"), *chain)
    it.run()
    assert {one.status_reason for one in it.state.jobs.values()} == {
        "Essential container in task exited",
        "Dependent Job failed",
    }


def test_a_job_that_depends_on_a_failed_one_fails_at_once() -> None:
    it = world(bad=Plan(exit_codes=(1,)))
    it.submit(job("bad"))
    it.run()
    it.submit(job("late", dependencies=("bad",)))
    assert (it.job("late").status, it.job("late").status_reason) == (Status.FAILED, "Dependent Job failed")


def test_a_head_that_fits_nowhere_is_cancelled_after_its_limit_and_the_queue_goes_on() -> None:
    it = world(limits=(TimeLimit(TOO_LARGE, 600.0),))
    it.submit(job("huge", vcpus=64))
    it.submit(job("small"))
    assert it.started() == []
    it.run()
    assert it.now == 601.0
    assert it.job("huge").status_reason == f"Canceled by JobStateTimeLimit action due to reason: {TOO_LARGE}"
    assert it.job("small").status is Status.SUCCEEDED


def test_a_head_that_waits_for_room_is_not_cancelled_by_that_limit() -> None:
    it = world(limits=(TimeLimit(TOO_LARGE, 600.0),), running=Plan(seconds=5000))
    it.submit(job("running", vcpus=4))
    it.submit(job("waiting", vcpus=4))
    it.run()
    assert it.job("waiting").status is Status.SUCCEEDED


def test_removing_a_queue_terminates_its_jobs() -> None:
    it = world(host_limit=1, running=Plan(seconds=5))
    it.submit(job("running"))
    it.submit(job("waiting"))
    assert it.do(QueueRemoved("queue", "gone")) == [StopAttempt("running", 1)]
    assert it.job("waiting").status_reason == "gone"
    it.run()
    assert it.job("running").status_reason == "gone"


def test_terminating_an_array_ends_its_children_wherever_they_are() -> None:
    it = world(host_limit=1)
    keys = ("array:0", "array:1", "array:2")
    it.submit(job("array", children=keys), *(job(key, parent="array") for key in keys))
    it.do(Terminated("array", "enough"))
    assert [it.job(key).status for key in keys] == [Status.RUNNING, Status.FAILED, Status.FAILED]
    it.run()
    assert it.job("array").status is Status.FAILED
    assert it.job("array").is_terminated
    assert {it.job(key).status_reason for key in keys} == {"enough"}
