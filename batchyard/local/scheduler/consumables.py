"""Consumable resources: a job starts only when all that it needs is available.

Source: AWS Batch User Guide, "Resource-aware scheduling" (units of a replenishable resource come back when a job
ends, those of a non-replenishable one do not; a total that is lowered below what is in use is reached as jobs end).
"""

from dataclasses import replace

from batchyard.local.scheduler.model import JobSpec
from batchyard.local.scheduler.state import State


def are_free(state: State, spec: JobSpec) -> bool:
    """Whether everything is available that an attempt of this job needs."""
    return all(
        key in state.consumables and state.consumables[key].available >= quantity for key, quantity in spec.consumes
    )


def take(state: State, spec: JobSpec) -> None:
    """An attempt starts: it holds what it needs."""
    for key, quantity in spec.consumes:
        old = state.consumables[key]
        state.consumables[key] = replace(old, in_use=old.in_use + quantity)


def release(state: State, spec: JobSpec) -> None:
    """An attempt has ended: its units are available again, or used up."""
    for key, quantity in spec.consumes:
        old = state.consumables.get(key)
        if old is None:
            continue
        # One that was deleted and made again knows nothing of the units that an older job still holds.
        returned = min(quantity, old.in_use)
        total = old.total if old.replenishable else max(0, old.total - returned)
        state.consumables[key] = replace(old, in_use=old.in_use - returned, total=total)


def change(state: State, key: str, quantity: int, *, is_change: bool) -> None:
    """Set a resource's total, or change it by so much."""
    old = state.consumables[key]
    total = old.total + quantity if is_change else quantity
    state.consumables[key] = replace(old, total=max(0, total))
