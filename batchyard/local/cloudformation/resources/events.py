"""AWS::Events::Rule: held and described by EventBridge; nothing sends events here."""

from __future__ import annotations

import json
from typing import Any

from batchyard.local.cloudformation.resources import tags
from batchyard.local.cloudformation.resources.call import Call
from batchyard.local.cloudformation.resources.table import Properties, ResourceType, applies, creates

_PUT = ("Description", "EventPattern", "RoleArn", "ScheduleExpression", "State")


def _put(call: Call, name: str, old: Properties, new: Properties) -> None:
    """Make the rule what the new properties say."""
    bus = _bus(new)
    given = {key: new[key] for key in _PUT if key in new}
    if "EventPattern" in given:
        given["EventPattern"] = _as_text(given["EventPattern"])
    arn = str(call.invoke("events", "PutRule", {**given, **bus, "Name": name})["RuleArn"])
    call.claim(name)
    targets = {target["Id"]: target for target in new.get("Targets", [])}
    gone = sorted({target["Id"] for target in old.get("Targets", [])} - targets.keys())
    if gone:
        call.client("events").remove_targets(Rule=name, Ids=gone, **bus)
    if targets:
        call.invoke("events", "PutTargets", {**bus, "Rule": name, "Targets": list(targets.values())})
    added, removed = tags.changes(old.get("Tags"), new.get("Tags"))
    if removed:
        call.client("events").untag_resource(ResourceARN=arn, TagKeys=removed)
    if added:
        call.client("events").tag_resource(ResourceARN=arn, Tags=tags.as_list(added))


def _bus(properties: Properties) -> dict[str, Any]:
    return {key: properties[key] for key in ("EventBusName",) if key in properties}


def _as_text(pattern: Any) -> str:
    return pattern if isinstance(pattern, str) else json.dumps(pattern)


def _create(call: Call, properties: Properties) -> str:
    name = str(properties.get("Name") or call.generated_name(64))
    _put(call, name, {}, properties)
    return name


def _update(call: Call, name: str, old: Properties, new: Properties) -> None:
    _put(call, name, old, new)


def _delete(call: Call, name: str, properties: Properties) -> None:
    bus = _bus(properties)
    targets = [target["Id"] for target in properties.get("Targets", [])]
    if targets:
        call.client("events").remove_targets(Rule=name, Ids=targets, **bus)
    call.client("events").delete_rule(Name=name, **bus)


def _attributes(call: Call, name: str, properties: Properties) -> dict[str, Any]:
    bus = _bus(properties)
    return {"Arn": call.client("events").describe_rule(Name=name, **bus)["Arn"]}


RULE = ResourceType(
    "AWS::Events::Rule",
    properties=creates("PutRule", "Name", "EventBusName")
    | applies("PutRule", *_PUT)
    | applies("PutTargets", "Targets")
    | applies("TagResource", "Tags"),
    create=_create,
    update=_update,
    delete=_delete,
    attributes=_attributes,
    named_by="Name",
    tags="list",
    inert="rules are held and shown, but no event and no schedule sets one off here",
)

TYPES = (RULE,)
