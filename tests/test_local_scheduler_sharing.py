"""Fair share and consumable resources in the scheduler's pure core: rules, and what holds for every run."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchyard.local.scheduler.events import (
    ConsumableChanged,
    ConsumablePut,
    ConsumableRemoved,
    Ended,
    QueueRemoved,
    Terminated,
)
from batchyard.local.scheduler.model import (
    Consumable,
    Environment,
    FairShare,
    JobSpec,
    Outcome,
    Queue,
    Retry,
    Status,
    TimeLimit,
)
from tests.support.scheduler_world import EXITED, Plan, World

EVEN = FairShare()


def world(policy: FairShare | None = EVEN, *, vcpus: float = 4, host_limit: int = 100) -> World:
    """One environment and one queue."""
    return World(host_limit, [Environment("only", vcpus)], [Queue("queue", 1, ("only",), fair_share=policy)])


def jobs(share: str, count: int, **members: object) -> list[JobSpec]:
    """So many jobs of a share."""
    members = {"queue": "queue", "share": share, **members}
    return [JobSpec(key=f"{share}-{number:02}", **members) for number in range(count)]  # type: ignore[arg-type]


def share_of(key: str) -> str:
    return key.partition("-")[0]


# -- fair share -----------------------------------------------------------------------------------------------


def test_a_late_share_gets_the_next_place_and_then_they_take_turns() -> None:
    made = world(vcpus=2)
    made.submit(*jobs("first", 8))
    made.submit(*jobs("late", 2))
    made.run()
    assert [share_of(key) for key in made.started()[:6]] == ["first", "first", "late", "first", "late", "first"]


def test_without_a_policy_the_first_goes_first() -> None:
    made = world(None, vcpus=2)
    made.submit(*(JobSpec(f"job-{number}", "queue") for number in range(9)))
    made.run()
    assert made.started() == [f"job-{number}" for number in range(9)]


def test_a_weight_of_a_quarter_gets_four_times_as_much() -> None:
    made = world(FairShare(weights=(("heavy", 0.25), ("light*", 1.0))), vcpus=10)
    made.submit(*jobs("light1", 40))
    made.submit(*jobs("heavy", 40))
    # Both wait behind what fills the environment; from then on places come one by one.
    for _ in range(30):
        made.advance()
    counts = Counter(share_of(key) for key in made.started()[10:])
    assert 3 <= counts["heavy"] / counts["light1"] <= 5


@pytest.mark.parametrize(("pause", "first"), [(0.0, "b"), (100_000.0, "a")])
def test_the_past_counts_and_fades(pause: float, first: str) -> None:
    """Much use weighs more than little use, until it is long ago."""
    made = world(FairShare(window=600), vcpus=1)
    made.plans.update({"a-00": Plan(1000.0), "b-00": Plan(10.0)})
    made.submit(*jobs("a", 1))
    made.run()
    made.now += pause
    made.submit(*jobs("b", 1))
    made.submit(JobSpec(key="a-next", queue="queue", share="a"))
    made.submit(JobSpec(key="b-next", queue="queue", share="b"))
    made.run()
    assert share_of(made.started()[2]) == first


def test_priority_counts_within_a_share_alone() -> None:
    made = world(vcpus=1)
    made.submit(*jobs("a", 1))
    made.submit(JobSpec("a-low", "queue", share="a"), JobSpec("a-high", "queue", share="a", priority=5))
    made.submit(JobSpec("b-low", "queue", share="b"))
    made.run()
    assert made.started() == ["a-00", "b-low", "a-high", "a-low"]


def test_a_reservation_keeps_room_for_shares_to_come() -> None:
    made = world(FairShare(reservation=50), vcpus=4)
    made.submit(*jobs("a", 4))
    assert made.started() == ["a-00", "a-01"]
    # Two active shares: a quarter is kept, and the new one gets the first place.
    made.submit(*jobs("b", 4))
    assert made.started()[2:] == ["b-00"]


def test_a_job_larger_than_what_is_not_reserved_starts_when_the_queue_is_idle() -> None:
    made = world(FairShare(reservation=99), vcpus=4)
    made.submit(*jobs("a", 2, vcpus=4))
    made.run()
    assert all(made.job(key).status is Status.SUCCEEDED for key in ("a-00", "a-01"))


def test_the_head_of_a_fair_queue_is_the_job_that_is_to_start_next() -> None:
    limit = TimeLimit("MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE", 600)
    queue = Queue("queue", 1, ("only",), (limit,), fair_share=EVEN)
    made = World(4, [Environment("only", 1)], [queue], {"a-00": Plan(10_000.0)})
    made.submit(*jobs("a", 2))
    made.submit(*jobs("b", 1, vcpus=2))
    made.run()
    assert made.job("b-00").status is Status.FAILED
    assert (made.job("b-00").stopped_at, made.job("a-01").status) == (600.0, Status.SUCCEEDED)


def test_a_deleted_queue_forgets_its_shares() -> None:
    made = world(vcpus=2)
    made.submit(*jobs("a", 3))
    made.do(QueueRemoved("queue", "gone"))
    for queue in made.queues:
        made.state.queues[queue.key] = queue
    made.do(Ended("a-00", 1, Outcome(EXITED, 143)))
    made.submit(*jobs("b", 1))
    assert all(use.held >= 0 and use.jobs >= 0 for use in made.state.uses["queue"].values())


# -- consumable resources -------------------------------------------------------------------------------------


def licensed(total: int, *, replenishable: bool = True, policy: FairShare | None = None) -> World:
    made = world(policy, vcpus=100)
    made.do(ConsumablePut(Consumable("licence", total, replenishable)))
    return made


def needing(count: int, quantity: int = 1, **members: object) -> list[JobSpec]:
    return jobs("", count, consumes=(("licence", quantity),), **members)


def test_no_more_jobs_run_than_there_are_licences() -> None:
    made = licensed(3)
    made.submit(*needing(5))
    assert len(made.started()) == 3
    assert (made.state.consumables["licence"].in_use, made.state.consumables["licence"].available) == (3, 0)
    made.run()
    assert made.state.consumables["licence"] == Consumable("licence", 3)


def test_jobs_that_need_none_pass_those_that_wait_for_one() -> None:
    made = licensed(0)
    made.submit(*needing(1), JobSpec("other", "queue"))
    assert made.started() == ["other"]
    assert made.job("-00").status is Status.RUNNABLE


def test_what_is_not_replenishable_is_used_up_attempt_by_attempt() -> None:
    made = licensed(5, replenishable=False)
    made.plans["-00"] = Plan(exit_codes=(1, 0))
    made.submit(*needing(1, 2, retry=Retry(attempts=2)))
    made.run()
    assert made.state.consumables["licence"] == Consumable("licence", 1, replenishable=False)
    made.submit(JobSpec("second", "queue", consumes=(("licence", 2),)))
    made.run()
    assert made.job("second").status is Status.RUNNABLE
    made.do(ConsumableChanged("licence", 1, is_change=True))
    made.run()
    assert made.job("second").status is Status.SUCCEEDED


def test_a_total_below_what_is_in_use_is_reached_as_jobs_end() -> None:
    made = licensed(3)
    made.submit(*needing(6))
    made.do(ConsumableChanged("licence", 1))
    assert made.state.consumables["licence"].available == 0
    made.advance()
    made.advance()
    assert len(made.started()) == 3
    made.advance()
    assert len(made.started()) == 4


def test_a_deleted_resource_is_waited_for_and_what_was_held_is_no_debt() -> None:
    made = licensed(1)
    made.submit(*needing(2))
    made.do(ConsumableRemoved("licence"))
    made.advance()
    assert made.job("-01").status is Status.RUNNABLE
    made.do(Terminated("-01", "enough"))
    made.do(ConsumablePut(Consumable("licence", 1)))
    assert made.state.consumables["licence"].available == 1


# -- every run ------------------------------------------------------------------------------------------------

SHARES = ("a", "b", "c")
RESOURCES = {"tokens": True, "coins": False}


@st.composite
def runs(draw: st.DrawFn) -> tuple[World, list[JobSpec], dict[str, int]]:
    """A world with a fair-share queue and consumable resources, and jobs that all fit."""
    policy = FairShare(
        window=draw(st.sampled_from([600.0, 3600.0])),
        reservation=draw(st.integers(0, 99)),
        weights=tuple((share, draw(st.sampled_from([0.1, 1.0, 5.0]))) for share in SHARES[:2]),
    )
    made = world(policy, vcpus=draw(st.integers(4, 12)), host_limit=draw(st.integers(1, 6)))
    specs = []
    for number in range(draw(st.integers(1, 20))):
        needs = draw(st.dictionaries(st.sampled_from(list(RESOURCES)), st.integers(1, 3), max_size=2))
        spec = JobSpec(
            key=f"job-{number:02}",
            queue="queue",
            vcpus=draw(st.sampled_from([1, 2, 4])),
            share=draw(st.sampled_from(SHARES)),
            priority=draw(st.integers(0, 2)),
            consumes=tuple(needs.items()),
            retry=Retry(attempts=draw(st.integers(1, 2))),
        )
        made.plans[spec.key] = Plan(draw(st.integers(1, 900)), tuple(draw(st.lists(st.integers(0, 1), max_size=2))))
        specs.append(spec)
    spent = sum(dict(spec.consumes).get("coins", 0) * spec.retry.attempts for spec in specs)
    totals = {"tokens": draw(st.integers(3, 6)), "coins": spent}
    for key, total in totals.items():
        made.do(ConsumablePut(Consumable(key, total, RESOURCES[key])))
    return made, specs, totals


@settings(max_examples=60, deadline=None)
@given(runs())
def test_every_job_ends_and_nothing_is_held_or_lost(case: tuple[World, list[JobSpec], dict[str, int]]) -> None:
    made, specs, totals = case
    for spec in specs:
        made.submit(spec)
    while made.advance():
        running = [spec for spec in specs if made.job(spec.key).status.is_placed]
        for key, consumable in made.state.consumables.items():
            assert consumable.in_use == sum(dict(spec.consumes).get(key, 0) for spec in running)
            assert consumable.in_use <= consumable.total
        for share, use in made.state.uses["queue"].items():
            assert abs(use.held - sum(spec.vcpus for spec in running if spec.share == share)) < 1e-9
            assert -1e-9 <= use.average <= 12 + 1e-9
    assert all(made.job(spec.key).status.is_terminal for spec in specs)
    used = sum(dict(spec.consumes).get("coins", 0) * len(made.job(spec.key).attempts) for spec in specs)
    assert made.state.consumables["coins"].total == totals["coins"] - used
    assert made.state.consumables["tokens"] == Consumable("tokens", totals["tokens"])
    assert not any(made.state.runnable.values())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(SHARES), min_size=2, max_size=30))
def test_equal_shares_with_jobs_left_never_drift_apart(shares: list[str]) -> None:
    """Equal jobs, one place: until a share has no more jobs, it has started as many as any other, give or take one."""
    made = world(vcpus=1, host_limit=1)
    for number, share in enumerate(["x", *shares]):
        made.submit(JobSpec(f"{share}-{number:02}", "queue", share=share))
    made.run()
    started = Counter[str]()
    left = Counter(shares)
    for key in made.started()[1:]:
        share = share_of(key)
        waiting = [one for one in left if left[one]]
        assert started[share] <= min(started[one] for one in waiting) + 1
        started[share] += 1
        left[share] -= 1
