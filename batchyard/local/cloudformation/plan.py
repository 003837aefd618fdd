"""What a new deployment changes in a stack: computed without touching anything.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from batchyard.local.cloudformation.errors import validation_error
from batchyard.local.cloudformation.graph import order, references
from batchyard.local.cloudformation.intrinsics import Pending, resolve
from batchyard.local.cloudformation.resources.registry import resource_type
from batchyard.local.cloudformation.resources.table import ResourceType
from batchyard.local.cloudformation.resources.tags import as_list, as_map
from batchyard.local.cloudformation.scope import Surroundings, TemplateScope
from batchyard.local.cloudformation.stack import Deployment, Stack, StackResource

UNKNOWN = Pending("{{changeSet:KNOWN_AFTER_APPLY}}")


@dataclass(frozen=True)
class PropertyChange:
    """A property that differs; `certain` is false while its new value is not known."""

    name: str
    before: Any
    after: Any
    replaces: bool
    certain: bool


@dataclass(frozen=True)
class ResourceChange:
    """What happens to one resource: Add, Modify or Remove."""

    action: str
    logical_id: str
    type_name: str
    physical_id: str | None = None
    changes: tuple[PropertyChange, ...] = ()
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    metadata_changed: bool = False
    causes: tuple[str, ...] = ()
    """Logical ids of other changed resources that this one refers to."""

    @property
    def replacement(self) -> str | None:
        """`True`, `False` or `Conditional` for a modification."""
        if self.action != "Modify":
            return None
        replacing = [change for change in self.changes if change.replaces]
        if any(change.certain for change in replacing):
            return "True"
        return "Conditional" if replacing else "False"


def compare(kind: ResourceType, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[PropertyChange, ...]:
    """The properties that differ between two resolved sets of them."""
    further = kind.also_replaces(before, after)
    changes = []
    for name in sorted(set(before) | set(after)):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        entry = kind.properties.get(name)
        replaces = (entry.replaces if entry else False) or name in further
        changes.append(PropertyChange(name, old, new, replaces, certain=not _pending(new)))
    return tuple(changes)


def _pending(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_pending(item) for item in value.values())
    if isinstance(value, list):
        return any(_pending(item) for item in value)
    return isinstance(value, Pending)


def dependencies(scope: TemplateScope) -> dict[str, frozenset[str]]:
    """For each resource whose condition holds, in the order of deployment, the resources it needs."""
    template = scope.template
    wanted = [name for name in template.resources if scope.wanted(name)]
    needs = {
        name: (
            frozenset(references(template.resources[name].properties, scope.condition))
            | frozenset(template.resources[name].depends_on)
        )
        & frozenset(wanted)
        for name in wanted
    }
    return {name: needs[name] for name in order(needs)}


def with_stack_tags(kind: ResourceType, properties: Mapping[str, Any], tags: Mapping[str, str]) -> Mapping[str, Any]:
    """The properties with the stack's tags added, where the type takes tags; the resource's own win."""
    if kind.tags is None or not tags:
        return properties
    merged = {**tags, **as_map(properties.get("Tags"))}
    return {**properties, "Tags": merged if kind.tags == "map" else as_list(merged)}


def plan(stack: Stack, target: Deployment, surroundings: Surroundings) -> tuple[ResourceChange, ...]:
    """The changes in the order of deployment, removals last.

    Raises a ValidationError for a template that cannot be deployed.
    """
    planned: dict[str, ResourceChange] = {}

    def renewed(name: str) -> bool:
        change = planned.get(name)
        return name not in stack.resources or (change is not None and change.replacement in ("True", "Conditional"))

    def physical_id(name: str) -> Any:
        kind = resource_type(target.template.resources[name].type_name)
        if renewed(name) or (name in planned and kind.moves("Ref")):
            return UNKNOWN
        return stack.resources[name].physical_id

    def attribute(name: str, key: str) -> Any:
        kind = resource_type(target.template.resources[name].type_name)
        if renewed(name) or (name in planned and kind.moves(key)):
            return UNKNOWN
        return stack.resources[name].attributes.get(key, UNKNOWN)

    scope = TemplateScope(target.template, target.parameters, surroundings, physical_id, attribute)
    needs = dependencies(scope)
    for name in needs:
        causes = tuple(sorted(need for need in needs[name] if need in planned))
        change = _change(name, stack.resources.get(name), target, scope, causes)
        if change:
            planned[name] = change
    removed = [
        ResourceChange("Remove", entry.logical_id, entry.type_name, entry.physical_id, before=entry.properties)
        for entry in stack.resources.values()
        if entry.logical_id not in needs
    ]
    return (*planned.values(), *removed)


def _change(
    name: str, current: StackResource | None, target: Deployment, scope: TemplateScope, causes: tuple[str, ...]
) -> ResourceChange | None:
    resource = target.template.resources[name]
    kind = resource_type(resource.type_name)
    after = with_stack_tags(kind, resolve(resource.properties, scope), target.tags)
    kind.check(name, after)
    if current is None:
        return ResourceChange("Add", name, resource.type_name, after=after)
    if current.type_name != resource.type_name:
        raise validation_error(
            "Update of resource type is not permitted. The new template modifies resource type of the following "
            f"resources: [{name}]"
        )
    changes = compare(kind, current.properties, after)
    metadata_changed = resource.metadata != current.metadata
    if not changes and not metadata_changed:
        return None
    return ResourceChange(
        "Modify",
        name,
        resource.type_name,
        current.physical_id,
        changes,
        current.properties,
        after,
        metadata_changed,
        causes,
    )
