"""What differs between a deployment's templates before and after: resources, permissions, everything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from batchyard.review.differences import Difference, differences
from batchyard.review.effects import Change, Effect, Template, effects
from batchyard.review.permissions import Widening, widenings

#: Effects that a reviewer must not overlook.
MARKED = frozenset({Effect.REMOVED, Effect.KEPT, Effect.MAY_BE_REPLACED, Effect.REPLACED, Effect.REFUSED})

#: What the CDK writes for itself: where a resource came from.
_OWN_METADATA = "Metadata"


@dataclass(frozen=True)
class ResourceDifference:
    """One resource that changes. `change` is None where only what is no property changes, as what it waits for."""

    logical_id: str
    kind: str
    change: Change | None
    differences: tuple[Difference, ...]

    @property
    def marked(self) -> bool:
        """Whether it must not be overlooked."""
        return self.change is not None and self.change.effect in MARKED


@dataclass(frozen=True)
class StackDifference:
    """How one stack's template changes. `presence` says "added", "removed" or "" for one on both sides."""

    name: str
    presence: str
    resources: tuple[ResourceDifference, ...]
    widenings: tuple[Widening, ...]
    others: tuple[Difference, ...]
    """Outputs, parameters and all that is no resource."""

    @property
    def differs(self) -> bool:
        """Whether anything does."""
        return bool(self.presence or self.resources or self.others)


@dataclass(frozen=True)
class DeploymentDifference:
    """How one deployment changes. `presence` as a stack's."""

    name: str
    presence: str
    stacks: tuple[StackDifference, ...] = ()
    notes: tuple[str, ...] = ()
    """What could not be compared as it would be deployed."""
    error: str = ""
    """Why it could not be compared at all."""

    @property
    def differs(self) -> bool:
        """Whether any stack does."""
        return bool(self.presence) or any(stack.differs for stack in self.stacks)


def compare(
    name: str, before: Mapping[str, Template] | None, after: Mapping[str, Template] | None, notes: Sequence[str] = ()
) -> DeploymentDifference:
    """How a deployment's stacks differ; None for a side that does not have it."""
    old, new = before or {}, after or {}
    stacks = [
        _stack(stack, old.get(stack), new.get(stack)) for stack in [*new, *(each for each in old if each not in new)]
    ]
    return DeploymentDifference(name, _presence(before, after), tuple(stacks), tuple(notes))


def _presence(before: Any, after: Any) -> str:
    if before is None:
        return "added"
    return "removed" if after is None else ""


def _stack(name: str, before: Template | None, after: Template | None) -> StackDifference:
    old, new = before or {}, after or {}
    changes = {change.logical_id: change for change in effects(old, new)}
    was, now = old.get("Resources", {}), new.get("Resources", {})
    resources = [_resource(each, was.get(each), now.get(each), changes.get(each)) for each in {**now, **was}]
    others = [] if before is None or after is None else differences(_others(before), _others(after))
    return StackDifference(
        name,
        _presence(before, after),
        tuple(each for each in resources if each.change is not None or each.differences),
        tuple(widenings(was, now)),
        tuple(others),
    )


def _others(template: Template) -> dict[str, Any]:
    return {key: value for key, value in template.items() if key not in ("Resources", _OWN_METADATA)}


def _resource(
    name: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, change: Change | None
) -> ResourceDifference:
    kind = str((after or before or {}).get("Type"))
    found = () if before is None or after is None else tuple(differences(_plain(before), _plain(after)))
    return ResourceDifference(name, kind, change, found)


def _plain(resource: Mapping[str, Any]) -> dict[str, Any]:
    """A resource with its properties beside its other attributes: properties are what people read."""
    rest = {f"({key})": value for key, value in resource.items() if key not in ("Type", "Properties", _OWN_METADATA)}
    return {**resource.get("Properties", {}), **rest}
