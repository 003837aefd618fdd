"""AWS::KMS: keys and their aliases."""

from __future__ import annotations

import json
from typing import Any

from batchyard.local.cloudformation.resources import tags
from batchyard.local.cloudformation.resources.call import Call
from batchyard.local.cloudformation.resources.table import (
    Properties,
    ResourceType,
    applies,
    creates,
    records,
)

_AT_CREATION = ("Description", "KeySpec", "KeyUsage", "MultiRegion", "Origin")


def _truth(value: Any) -> bool:
    return str(value).lower() == "true"


def _create_key(call: Call, properties: Properties) -> str:
    given: dict[str, Any] = {key: properties[key] for key in _AT_CREATION if key in properties}
    given["Tags"] = tags.as_list(properties.get("Tags"), "TagKey", "TagValue")
    if "KeyPolicy" in properties:
        given["Policy"] = json.dumps(properties["KeyPolicy"])
    key_id = call.claim(call.invoke("kms", "CreateKey", given)["KeyMetadata"]["KeyId"])
    _set_switches(call, key_id, {}, properties)
    return key_id


def _set_switches(call: Call, key_id: str, old: Properties, new: Properties) -> None:
    kms = call.client("kms")
    rotates = _truth(new.get("EnableKeyRotation", False))
    if rotates != _truth(old.get("EnableKeyRotation", False)):
        (kms.enable_key_rotation if rotates else kms.disable_key_rotation)(KeyId=key_id)
    enabled = _truth(new.get("Enabled", True))
    if enabled != _truth(old.get("Enabled", True)):
        (kms.enable_key if enabled else kms.disable_key)(KeyId=key_id)


def _update_key(call: Call, key_id: str, old: Properties, new: Properties) -> None:
    kms = call.client("kms")
    _set_switches(call, key_id, old, new)
    if old.get("Description") != new.get("Description"):
        kms.update_key_description(KeyId=key_id, Description=new.get("Description", ""))
    if old.get("KeyPolicy") != new.get("KeyPolicy") and "KeyPolicy" in new:
        kms.put_key_policy(KeyId=key_id, PolicyName="default", Policy=json.dumps(new["KeyPolicy"]))
    added, removed = tags.changes(old.get("Tags"), new.get("Tags"))
    if removed:
        kms.untag_resource(KeyId=key_id, TagKeys=removed)
    if added:
        kms.tag_resource(KeyId=key_id, Tags=tags.as_list(added, "TagKey", "TagValue"))


def _delete_key(call: Call, key_id: str, properties: Properties) -> None:
    days = int(properties.get("PendingWindowInDays", 30))
    call.client("kms").schedule_key_deletion(KeyId=key_id, PendingWindowInDays=days)


def _key_attributes(call: Call, key_id: str, _properties: Properties) -> dict[str, Any]:
    return {"Arn": call.client("kms").describe_key(KeyId=key_id)["KeyMetadata"]["Arn"], "KeyId": key_id}


KEY = ResourceType(
    "AWS::KMS::Key",
    properties=creates("CreateKey", "KeySpec", "KeyUsage", "MultiRegion", "Origin")
    | applies("UpdateKeyDescription", "Description")
    | applies("PutKeyPolicy", "KeyPolicy")
    | applies("EnableKeyRotation", "EnableKeyRotation")
    | applies("EnableKey", "Enabled")
    | applies("ScheduleKeyDeletion", "PendingWindowInDays")
    | applies("TagResource", "Tags")
    | records("keys do not rotate in the local account", "RotationPeriodInDays"),
    create=_create_key,
    update=_update_key,
    delete=_delete_key,
    attributes=_key_attributes,
    tags="list",
)


def _create_alias(call: Call, properties: Properties) -> str:
    name = str(properties["AliasName"])
    call.client("kms").create_alias(AliasName=name, TargetKeyId=properties["TargetKeyId"])
    return call.claim(name)


def _update_alias(call: Call, name: str, _old: Properties, new: Properties) -> None:
    call.client("kms").update_alias(AliasName=name, TargetKeyId=new["TargetKeyId"])


ALIAS = ResourceType(
    "AWS::KMS::Alias",
    properties=creates("CreateAlias", "AliasName") | applies("UpdateAlias", "TargetKeyId"),
    create=_create_alias,
    update=_update_alias,
    delete=lambda call, name, _properties: call.client("kms").delete_alias(AliasName=name),
    named_by="AliasName",
    required=frozenset({"AliasName", "TargetKeyId"}),
)

TYPES = (KEY, ALIAS)
