"""What holds for every run of the scheduler, whatever is submitted."""

from __future__ import annotations

import itertools
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from batchyard.local.scheduler.model import Environment, JobSpec, Queue, Retry, Status
from tests.support.scheduler_world import Plan, World

ENVIRONMENTS = ("spot", "ondemand")


@st.composite
def worlds(draw: st.DrawFn) -> tuple[World, list[JobSpec]]:
    """A world with two environments, up to three queues and up to 25 jobs, each of which fits somewhere."""
    environments = [Environment(key, max_vcpus=draw(st.integers(4, 12)), enabled=True) for key in ENVIRONMENTS]
    queues = [
        Queue(
            key=f"queue-{number}",
            priority=draw(st.integers(0, 3)),
            environments=tuple(draw(st.permutations(ENVIRONMENTS))),
        )
        for number in range(draw(st.integers(1, 3)))
    ]
    specs: list[JobSpec] = []
    plans: dict[str, Plan] = {}
    for number in range(draw(st.integers(1, 25))):
        key = f"job-{number:02}"
        earlier = [spec.key for spec in specs]
        specs.append(
            JobSpec(
                key=key,
                queue=draw(st.sampled_from(queues)).key,
                vcpus=draw(st.sampled_from([0.25, 1, 2, 4])),
                dependencies=tuple(draw(st.lists(st.sampled_from(earlier), max_size=3))) if earlier else (),
                retry=Retry(attempts=draw(st.integers(1, 3))),
            )
        )
        plans[key] = Plan(
            seconds=draw(st.integers(1, 9)), exit_codes=tuple(draw(st.lists(st.integers(0, 2), max_size=3)))
        )
    return World(draw(st.integers(1, 4)), environments, queues, plans), specs


def fresh(world: World) -> World:
    """The same world before anything happened."""
    return World(world.host_limit, world.environments, world.queues, world.plans)


def played(world: World, specs: list[JobSpec], advances: list[int]) -> World:
    """Submit the jobs one by one, with some time between, and run to the end. `World.check` looks at each step."""
    for spec, steps in zip(specs, itertools.chain(advances, itertools.repeat(0)), strict=False):
        world.submit(spec)
        for _ in range(steps):
            world.advance()
    world.run()
    return world


@settings(max_examples=60, deadline=None)
@given(worlds(), st.lists(st.integers(0, 3), max_size=25))
def test_every_job_ends_as_its_attempts_and_dependencies_say(
    case: tuple[World, list[JobSpec]], advances: list[int]
) -> None:
    world, specs = case
    played(world, specs, advances)
    for spec in specs:
        job = world.job(spec.key)
        codes = [world.plans[spec.key].exit_code(number) for number in range(1, spec.retry.attempts + 1)]
        dependencies = [world.job(key).status for key in spec.dependencies]
        if Status.FAILED in dependencies:
            assert (job.status, job.attempts) == (Status.FAILED, ())
            continue
        assert job.status is (Status.SUCCEEDED if 0 in codes else Status.FAILED)
        assert len(job.attempts) == (codes.index(0) + 1 if 0 in codes else spec.retry.attempts)
    assert not world.state.placed
    assert all(used == 0 for used in world.state.used.values())
    assert not world.state.waiting
    assert not any(world.state.runnable.values())


@settings(max_examples=40, deadline=None)
@given(worlds(), st.lists(st.integers(0, 3), max_size=25))
def test_the_same_events_at_the_same_times_give_the_same_decisions(
    case: tuple[World, list[JobSpec]], advances: list[int]
) -> None:
    world, specs = case
    again = played(fresh(world), specs, advances)
    assert played(world, specs, advances).decisions == again.decisions


@settings(max_examples=40, deadline=None)
@given(worlds())
def test_independent_jobs_of_a_queue_start_in_the_order_of_submission(case: tuple[World, list[JobSpec]]) -> None:
    world, specs = case
    specs = [replace(spec, dependencies=(), retry=Retry(attempts=1)) for spec in specs]
    played(world, specs, [])
    for queue in world.queues:
        mine = [spec.key for spec in specs if spec.queue == queue.key]
        assert [key for key in world.started() if key in mine] == mine


@settings(max_examples=40, deadline=None)
@given(worlds())
def test_no_job_of_a_lower_queue_starts_while_one_of_a_higher_queue_would_fit_there(
    case: tuple[World, list[JobSpec]],
) -> None:
    world, specs = case
    # Equal jobs on shared environments: whenever one starts, every queue above it has nothing to start.
    specs = [replace(spec, dependencies=(), vcpus=1, retry=Retry(attempts=1)) for spec in specs]
    blocker = JobSpec(key="blocker", queue=world.queues[0].key)
    world.plans["blocker"] = Plan(seconds=100)
    world.host_limit = world.state.host_limit = 1
    world.submit(blocker)
    for spec in specs:
        world.submit(spec)
    world.run()
    priorities = {queue.key: queue.priority for queue in world.queues}
    started = [priorities[world.job(key).spec.queue] for key in world.started() if key != "blocker"]
    assert started == sorted(started, reverse=True)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 12), st.integers(1, 4), st.sets(st.integers(0, 11)))
def test_an_array_ends_when_all_children_have_and_fails_if_one_did(
    size: int, host_limit: int, failing: set[int]
) -> None:
    world = World(host_limit, [Environment("only", 4)], [Queue("queue", 1, ("only",))])
    keys = tuple(f"array:{index}" for index in range(size))
    world.plans.update({key: Plan(exit_codes=(1,)) for index, key in enumerate(keys) if index in failing})
    children = [JobSpec(key=key, queue="queue", parent="array") for key in keys]
    world.submit(JobSpec(key="array", queue="queue", children=keys), *children)
    world.submit(JobSpec(key="after", queue="queue", dependencies=("array",)))
    assert world.job("array").status is Status.PENDING
    world.run()
    has_failed = any(index in failing for index in range(size))
    assert world.job("array").status is (Status.FAILED if has_failed else Status.SUCCEEDED)
    assert world.job("after").status is world.job("array").status
    assert [key for key in world.started() if key != "after"] == list(keys)
