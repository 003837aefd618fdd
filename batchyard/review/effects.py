"""What CloudFormation would do to each resource of a stack, from its template before and after.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from batchyard.local.cloudformation.resources.batch_compute import COMPUTE_ENVIRONMENT
from batchyard.review.specification import Replacement, replacement

Template = Mapping[str, Any]

#: A reference inside the text of Fn::Sub: ${Name} or ${Name.Attribute}; ${!Name} is none.
_IN_TEXT = re.compile(r"\$\{([A-Za-z0-9:]+)(?:\.([A-Za-z0-9.]+))?\}")

JOB_DEFINITION = "AWS::Batch::JobDefinition"

#: What an update in place gives a new value, beside what it changes: later readers of these see a change too.
_MOVED_IN_PLACE: Mapping[str, frozenset[str]] = {
    JOB_DEFINITION: frozenset({"Ref", "JobDefinitionArn"}),
    "AWS::EC2::LaunchTemplate": frozenset({"LatestVersionNumber", "DefaultVersionNumber"}),
}

#: Replacements that depend on more than one property; the specification knows single ones.
_CONDITIONAL = {COMPUTE_ENVIRONMENT.name: COMPUTE_ENVIRONMENT.also_replaces}

#: What holds data that nobody can make again.
STATEFUL = frozenset(
    {"AWS::S3::Bucket", "AWS::ECR::Repository", "AWS::Logs::LogGroup", "AWS::EFS::FileSystem", "AWS::KMS::Key"}
)


class Effect(Enum):
    """What happens to one resource."""

    ADDED = "added"
    REMOVED = "removed"
    KEPT = "leaves the stack, stays in the account"
    IN_PLACE = "in place"
    NEW_REVISION = "new revision"
    NEW_VERSION = "new version"
    MAY_BE_REPLACED = "may be replaced"
    REPLACED = "replaced"
    REFUSED = "refused: a resource cannot change its type"


#: What an update in place is called where the old state stays beside the new one.
_IN_PLACE_NAMES = {JOB_DEFINITION: Effect.NEW_REVISION, "AWS::EC2::LaunchTemplate": Effect.NEW_VERSION}

#: Properties of CloudFormation itself beside `Properties` whose change is an update.
_OF_THE_RESOURCE = ("DeletionPolicy", "UpdateReplacePolicy")


@dataclass(frozen=True)
class Change:
    """What happens to one resource, and because of which of its properties."""

    logical_id: str
    kind: str
    effect: Effect
    properties: tuple[str, ...] = ()
    replacing: tuple[str, ...] = ()
    """The properties that force (or may force) the replacement."""

    @property
    def name(self) -> str:
        """The logical id without the hash that the CDK ends it with."""
        return re.sub(r"[0-9A-F]{8}$", "", self.logical_id)


@dataclass(frozen=True)
class _Moved:
    """A resource's attributes that get a new value; every one of them where the resource is replaced."""

    attributes: frozenset[str] | None

    def holds(self, attribute: str) -> bool:
        return self.attributes is None or attribute in self.attributes


def effects(before: Template, after: Template) -> list[Change]:
    """What happens to each resource that is not left alone, in the order of the new template, removals last."""
    old, new = before.get("Resources", {}), after.get("Resources", {})
    moved = _moved_parameters(before, after)
    while True:
        changes = [change for name in new if (change := _change(name, old.get(name), new[name], moved))]
        more = {**_moved_parameters(before, after), **{each.logical_id: _moves(each) for each in changes}}
        if more == moved:
            break
        moved = more
    return [*changes, *(_removal(name, old[name]) for name in old if name not in new)]


def references(value: Any) -> Iterator[tuple[str, str]]:
    """Every (logical id, attribute) that a value refers to; the attribute of a Ref is `Ref`."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == "Ref":
                yield inner, "Ref"
            elif key == "Fn::GetAtt":
                name, _, attribute = inner.partition(".") if isinstance(inner, str) else (inner[0], "", inner[1])
                yield name, attribute
            else:
                if key == "Fn::Sub":
                    text = inner if isinstance(inner, str) else inner[0]
                    yield from ((name, attribute or "Ref") for name, attribute in _IN_TEXT.findall(text))
                yield from references(inner)


def _moved_parameters(before: Template, after: Template) -> dict[str, _Moved]:
    old, new = before.get("Parameters", {}), after.get("Parameters", {})
    return {name: _Moved(None) for name in new if name in old and old[name] != new[name]}


def _moves(change: Change) -> _Moved:
    if change.effect in (Effect.REPLACED, Effect.MAY_BE_REPLACED):
        return _Moved(None)
    return _Moved(_MOVED_IN_PLACE.get(change.kind, frozenset()))


def _marked(value: Any, moved: Mapping[str, _Moved]) -> Any:
    """The value, unequal to what it was where it refers to something that gets a new value."""
    if any(name in moved and moved[name].holds(attribute) for name, attribute in references(value)):
        if isinstance(value, dict) and not {"Ref", "Fn::GetAtt", "Fn::Sub"} & value.keys():
            return {key: _marked(inner, moved) for key, inner in value.items()}
        if isinstance(value, list):
            return [_marked(item, moved) for item in value]
        return {"moved": value}
    return value


def _change(name: str, old: Any, new: Any, moved: Mapping[str, _Moved]) -> Change | None:
    kind = new["Type"]
    if old is None:
        return Change(name, kind, Effect.ADDED)
    if old["Type"] != kind:
        return Change(name, kind, Effect.REFUSED, ("Type",))
    before, after = old.get("Properties", {}), _marked(new.get("Properties", {}), moved)
    changed = [key for key in sorted({*before, *after}) if before.get(key) != after.get(key)]
    further = _CONDITIONAL[kind](before, after) if kind in _CONDITIONAL else frozenset()
    rules: dict[str, Replacement] = {key: "yes" if key in further else replacement(kind, key) for key in changed}
    of_the_resource = [key for key in _OF_THE_RESOURCE if old.get(key) != new.get(key)]
    if not changed and not of_the_resource:
        return None
    replacing = tuple(key for key, rule in rules.items() if rule != "no")
    if "yes" in rules.values():
        effect = Effect.REPLACED
    elif replacing:
        effect = Effect.MAY_BE_REPLACED
    else:
        effect = _IN_PLACE_NAMES.get(kind, Effect.IN_PLACE) if changed else Effect.IN_PLACE
    return Change(name, kind, effect, (*changed, *of_the_resource), replacing)


def _removal(name: str, old: Mapping[str, Any]) -> Change:
    kept = old.get("DeletionPolicy") in ("Retain", "RetainExceptOnCreate")
    return Change(name, old["Type"], Effect.KEPT if kept else Effect.REMOVED)
