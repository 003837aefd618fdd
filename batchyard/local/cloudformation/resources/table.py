"""What the local account knows of a CloudFormation resource type.

Every property of a type is either applied (and by which call), or recorded only (and why). A property that is
neither fails the deployment: nothing is dropped in silence. Which properties force a replacement is taken from
each type's page in the resource reference ("Update requires: Replacement"):
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from batchyard.local.cloudformation.errors import ResourceError
from batchyard.local.cloudformation.resources.call import Call

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Property:
    """One top-level property of a type."""

    by: str
    """The API operation that applies it; for a recorded one, why nothing does."""
    replaces: bool = False
    """Whether a change of it makes a new resource."""
    recorded: bool = False


def creates(operation: str, *names: str) -> dict[str, Property]:
    """Properties given to the creating call only: a change replaces the resource."""
    return {name: Property(operation, replaces=True) for name in names}


def applies(operation: str, *names: str) -> dict[str, Property]:
    """Properties that are applied at creation and changed in place."""
    return {name: Property(operation) for name in names}


def records(why: str, *names: str, replaces: bool = False) -> dict[str, Property]:
    """Properties that the local account keeps and shows, but does nothing with."""
    return {name: Property(why, replaces=replaces, recorded=True) for name in names}


def _no_attributes(_call: Call, _physical_id: str, _properties: Properties) -> dict[str, Any]:
    return {}


def _no_further_replacement(_old: Properties, _new: Properties) -> frozenset[str]:
    return frozenset()


def _nothing_to_update(_call: Call, _physical_id: str, _old: Properties, _new: Properties) -> None:
    return None


def _nothing_to_delete(_call: Call, _physical_id: str, _properties: Properties) -> None:
    return None


@dataclass(frozen=True)
class ResourceType:
    """A resource type: its properties, and the four things that can be done with it."""

    name: str
    properties: Mapping[str, Property]
    create: Callable[[Call, Properties], str]
    """Returns the physical id. It tells `call.claim` as soon as something exists that a rollback must delete."""
    update: Callable[[Call, str, Properties, Properties], str | None] = _nothing_to_update
    """Changes it in place; returns the new physical id if that changed."""
    delete: Callable[[Call, str, Properties], None] = _nothing_to_delete
    attributes: Callable[[Call, str, Properties], dict[str, Any]] = _no_attributes
    """What `Fn::GetAtt` can read; asked after creation and after each update."""
    named_by: str | None = None
    """The property that fixes the physical name: with it set, a replacement is refused."""
    also_replaces: Callable[[Properties, Properties], frozenset[str]] = _no_further_replacement
    """Properties whose change replaces under conditions that their own entry cannot say."""
    moving: frozenset[str] = frozenset()
    """Attributes (`Ref` among them) that an update in place changes."""
    tags: Literal["list", "map"] | None = None
    """How `Tags` is written, if the stack's own tags are to be added to it."""
    recorded: str | None = None
    """Why the whole type is only recorded; None for a type that is applied."""
    inert: str | None = None
    """Why what is made, and can be described, has no effect in the local account."""
    required: frozenset[str] = field(default_factory=frozenset)
    provided: bool = False
    """Whether a function of the account makes it: it takes any property, an update may change any attribute, and one
    that answers another physical id has made a new resource, whose predecessor is deleted when all is well."""

    def moves(self, attribute: str) -> bool:
        """Whether an update in place may change the attribute; `Ref` is one."""
        return self.provided or attribute in self.moving

    def check(self, logical_id: str, properties: Properties) -> None:
        """Raise a ResourceError for a property that is missing or not supported."""
        if self.recorded:
            return
        unknown = [] if self.provided else sorted(set(properties) - set(self.properties))
        if unknown:
            raise ResourceError(
                f"The local account does not support property {', '.join(unknown)} of {logical_id} ({self.name}). "
                f"Supported: {', '.join(sorted(self.properties))}."
            )
        missing = sorted(self.required - set(properties))
        if missing:
            raise ResourceError(f"Properties validation failed for resource {logical_id}: missing {', '.join(missing)}")

    def recorded_properties(self, properties: Properties) -> dict[str, str]:
        """The given properties that are only recorded, each with its reason."""
        if self.recorded:
            return dict.fromkeys(properties, self.recorded)
        return {name: entry.by for name, entry in self.properties.items() if entry.recorded and name in properties}
