"""Changes that users make to a deployment, and what each must do to the stack: the table behind docs/updates.md."""

from __future__ import annotations

from functools import cache
from typing import Any

from batchyard.review.effects import Change, effects
from tests.support.synthesis import templates
from tests.support.updates import instances, jobs, surroundings
from tests.support.updates.update import Update

UPDATES = (*instances.UPDATES, *jobs.UPDATES, *surroundings.UPDATES)


@cache
def changes(update: Update) -> tuple[Change, ...]:
    """What CloudFormation would do for an update."""
    before, after = templates(update.before), templates(update.after, image_tag=update.image_tag_after)
    none: dict[str, Any] = {"Resources": {}}
    stacks = sorted(before.keys() | after.keys())
    return tuple(each for name in stacks for each in effects(before.get(name, none), after.get(name, none)))
