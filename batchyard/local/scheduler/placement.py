"""The scheduling cycle: which runnable jobs are placed now, and on which compute environment.

Source: AWS Batch API Reference, JobQueueDetail: queues are evaluated in cycles in descending order of priority;
a job is dispatched only if resources are free when its queue is evaluated, otherwise the cycle goes on to the next
queue; compute environments are tried in ascending order. A job that does not fit holds back those behind it (User
Guide, "Jobs stuck in RUNNABLE": a blocked queue); one whose consumable resources are not there does not (User Guide,
"Resource-aware scheduling": what has all its resources is scheduled).
"""

from collections.abc import Iterator
from dataclasses import replace

from batchyard.local.scheduler import consumables, fair_share
from batchyard.local.scheduler.events import Decision, StartAttempt
from batchyard.local.scheduler.model import Attempt, Environment, Job, Queue, Status
from batchyard.local.scheduler.ordering import Order
from batchyard.local.scheduler.state import State


def cycle(state: State, now: float) -> list[Decision]:
    """Place every job that can be placed now. Queues of the same priority go in the order of their keys."""
    in_order = sorted(state.queues.values(), key=lambda queue: (-queue.priority, queue.key))
    return [decision for queue in in_order for decision in _drain(state, queue, now)]


def _drain(state: State, queue: Queue, now: float) -> Iterator[Decision]:
    order = Order(state, queue, now)
    placed = []
    while len(state.placed) < state.host_limit and (job := order.next()) is not None:
        if not consumables.are_free(state, job.spec):
            continue
        environment = _first_with_room(state, queue, job.spec.vcpus)
        if environment is None or not fair_share.has_room(state, queue, job.spec.vcpus, room_of(state, queue), now):
            break
        order.charge(job)
        placed.append(job)
        yield _place(state, job, environment, now)
    for job in placed:
        state.dequeue(job)


def _first_with_room(state: State, queue: Queue, vcpus: float) -> Environment | None:
    return next(
        (
            environment
            for environment in enabled_environments(state, queue)
            if state.used[environment.key] + vcpus <= environment.max_vcpus
        ),
        None,
    )


def enabled_environments(state: State, queue: Queue) -> list[Environment]:
    """The queue's compute environments that take jobs now, in the queue's order."""
    known = (state.environments.get(key) for key in queue.environments)
    return [environment for environment in known if environment is not None and environment.enabled]


def room_of(state: State, queue: Queue) -> float:
    """All vCPUs that fair share takes the queue's enabled compute environments to have together."""
    return sum(
        environment.max_vcpus if environment.expected_vcpus is None else environment.expected_vcpus
        for environment in enabled_environments(state, queue)
    )


def _place(state: State, job: Job, environment: Environment, now: float) -> StartAttempt:
    attempt = Attempt(number=len(job.attempts) + 1, environment=environment.key)
    state.placed[job.key] = job.spec.vcpus
    state.used[environment.key] += job.spec.vcpus
    consumables.take(state, job.spec)
    fair_share.note(state, job.spec, now, held=job.spec.vcpus)
    state.jobs[job.key] = replace(job, status=Status.STARTING, status_reason=None, current=attempt, runnable_since=None)
    return StartAttempt(job.key, attempt.number, environment.key)


def release(state: State, job: Job, environment: str, now: float) -> None:
    """Give back what a job held: its vCPUs, and the consumable resources that can be used again."""
    vcpus = state.placed.pop(job.key)
    left = state.used[environment] - vcpus
    # Fractions of a vCPU (Fargate) do not add up exactly: an idle environment has nothing in use.
    state.used[environment] = left if left > 1e-9 else 0.0
    consumables.release(state, job.spec)
    fair_share.note(state, job.spec, now, held=-vcpus)
