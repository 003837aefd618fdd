"""One step of the scheduler: an event and the time in, decisions out.

A step applies the event, ends what is overdue, and then runs one scheduling cycle over all queues. The same events
at the same times always give the same decisions.
"""

from batchyard.local.scheduler import consumables, deadlines, lifecycle, placement
from batchyard.local.scheduler.events import (
    Cancelled,
    ConsumableChanged,
    ConsumablePut,
    ConsumableRemoved,
    Decision,
    Ended,
    EnvironmentPut,
    EnvironmentRemoved,
    Event,
    QueuePut,
    QueueRemoved,
    Started,
    Submitted,
    Terminated,
    TimePassed,
)
from batchyard.local.scheduler.state import State


def step(state: State, event: Event, now: float) -> list[Decision]:
    """Apply `event` at the time `now` (seconds, never earlier than the step before) and decide what follows."""
    decisions = _apply(state, event, now)
    decisions += deadlines.enforce(state, now)
    decisions += placement.cycle(state, now)
    deadlines.watch_heads(state, now)
    return decisions


def next_deadline(state: State) -> float | None:
    """When a `TimePassed` is due at the latest; None while nothing depends on time."""
    return deadlines.earliest(state)


def _apply(state: State, event: Event, now: float) -> list[Decision]:
    match event:
        case EnvironmentPut(environment):
            state.environments[environment.key] = environment
        case EnvironmentRemoved(key):
            state.environments.pop(key, None)
        case QueuePut(queue):
            state.queues[queue.key] = queue
        case QueueRemoved(key, reason):
            return lifecycle.remove_queue(state, key, reason, now)
        case ConsumablePut(consumable):
            state.consumables[consumable.key] = consumable
        case ConsumableChanged(key, quantity, is_change):
            consumables.change(state, key, quantity, is_change=is_change)
        case ConsumableRemoved(key):
            state.consumables.pop(key, None)
        case Submitted(jobs):
            for spec in jobs:
                lifecycle.submit(state, spec, now)
        case Started(job, attempt):
            lifecycle.start(state, job, attempt, now)
        case Ended(job, attempt, outcome):
            lifecycle.end(state, job, attempt, outcome, now)
        case Cancelled(job, reason):
            lifecycle.cancel(state, job, reason, now)
        case Terminated(job, reason):
            return lifecycle.terminate(state, job, reason, now)
        case TimePassed():
            pass
    return []
