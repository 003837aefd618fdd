"""The scheduling cycle: which runnable jobs are placed now, and on which compute environment.

Source: AWS Batch API Reference, JobQueueDetail: queues are evaluated in cycles in descending order of priority;
a job is dispatched only if resources are free when its queue is evaluated, otherwise the cycle goes on to the next
queue; compute environments are tried in ascending order. Within a queue: first in, first out, so a job that does
not fit holds back those behind it (User Guide, "Jobs stuck in RUNNABLE": a blocked queue).
"""

from collections.abc import Iterator
from dataclasses import replace

from batchyard.local.scheduler.events import Decision, StartAttempt
from batchyard.local.scheduler.model import Attempt, Environment, Job, Queue, Status
from batchyard.local.scheduler.state import State


def cycle(state: State) -> list[Decision]:
    """Place every job that can be placed now. Queues of the same priority go in the order of their keys."""
    in_order = sorted(state.queues.values(), key=lambda queue: (-queue.priority, queue.key))
    return [decision for queue in in_order for decision in _drain(state, queue)]


def _drain(state: State, queue: Queue) -> Iterator[Decision]:
    line = state.runnable[queue.key]
    taken = 0
    while taken < len(line) and len(state.placed) < state.host_limit:
        job = state.jobs[line[taken][1]]
        environment = _first_with_room(state, queue, job.spec.vcpus)
        if environment is None:
            break
        taken += 1
        yield _place(state, job, environment)
    del line[:taken]


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


def _place(state: State, job: Job, environment: Environment) -> StartAttempt:
    attempt = Attempt(number=len(job.attempts) + 1, environment=environment.key)
    state.placed[job.key] = job.spec.vcpus
    state.used[environment.key] += job.spec.vcpus
    state.jobs[job.key] = replace(job, status=Status.STARTING, status_reason=None, current=attempt, runnable_since=None)
    return StartAttempt(job.key, attempt.number, environment.key)


def release(state: State, job: Job, environment: str) -> None:
    """Give back the vCPUs that a job held."""
    vcpus = state.placed.pop(job.key)
    left = state.used[environment] - vcpus
    # Fractions of a vCPU (Fargate) do not add up exactly: an idle environment has nothing in use.
    state.used[environment] = left if left > 1e-9 else 0.0
