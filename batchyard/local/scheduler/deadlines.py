"""What happens because time passes: an attempt's timeout, and a job that stands at a queue's head for too long.

Source: AWS Batch User Guide, "Job timeouts" (counted from the attempt's start; a job that timed out is not tried
again), and "Jobs stuck in RUNNABLE" (JobStateTimeLimitAction, its reasons). Of the three reasons only the
first is known here: no instance type and no spare capacity of a region is modelled.
"""

from collections.abc import Iterator

from batchyard.local.scheduler import lifecycle
from batchyard.local.scheduler.events import Decision
from batchyard.local.scheduler.model import Job, Queue, Status, Stop, TimeLimit
from batchyard.local.scheduler.ordering import Order
from batchyard.local.scheduler.placement import enabled_environments
from batchyard.local.scheduler.state import State

TOO_LARGE = "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE"


def enforce(state: State, now: float) -> list[Decision]:
    """Stop the attempts whose time is over; cancel the queues' heads whose limit is."""
    decisions: list[Decision] = []
    for job, deadline in list(_timeouts(state)):
        if deadline <= now:
            decisions += lifecycle.stop(state, job, Stop.TIMED_OUT, lifecycle.TIMED_OUT)
    for job, limit, deadline in list(_limits(state)):
        if deadline <= now:
            reason = f"Canceled by JobStateTimeLimit action due to reason: {limit.reason}"
            lifecycle.cancel(state, job.key, reason, now)
    return decisions


def earliest(state: State) -> float | None:
    """The first deadline of all."""
    timeouts = [deadline for _, deadline in _timeouts(state)]
    limits = [deadline for _, _, deadline in _limits(state)]
    return min(timeouts + limits, default=None)


def watch_heads(state: State, now: float) -> None:
    """Note which job stands at the head of each queue, and since when."""
    for key, queue in state.queues.items():
        head = Order(state, queue, now).next()
        if head is None:
            state.head_since.pop(key, None)
        elif state.head_since.get(key, ("", 0.0))[0] != head.key:
            state.head_since[key] = (head.key, now)


def blocked_reason(state: State, queue: Queue, job: Job) -> str | None:
    """Why a job can never be placed as things are; None if waiting helps."""
    room = max((e.max_vcpus for e in enabled_environments(state, queue)), default=0.0)
    return TOO_LARGE if job.spec.vcpus > room else None


def _timeouts(state: State) -> Iterator[tuple[Job, float]]:
    for key in state.placed:
        job = state.jobs[key]
        if job.status is Status.RUNNING and job.spec.timeout is not None and job.stop is None:
            yield job, (job.started_at or 0.0) + job.spec.timeout


def _limits(state: State) -> Iterator[tuple[Job, TimeLimit, float]]:
    for key, (head, since) in state.head_since.items():
        queue = state.queues[key]
        job = state.jobs[head]
        if job.status is not Status.RUNNABLE:
            continue
        reason = blocked_reason(state, queue, job)
        for limit in queue.time_limits:
            if limit.reason == reason:
                yield job, limit, since + limit.seconds
