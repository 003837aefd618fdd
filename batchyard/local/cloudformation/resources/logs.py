"""AWS::Logs: log groups."""

from __future__ import annotations

from typing import Any

from batchyard.local.account import arn
from batchyard.local.cloudformation.resources import tags
from batchyard.local.cloudformation.resources.call import Call
from batchyard.local.cloudformation.resources.table import Properties, ResourceType, applies, creates, records


def _arn(call: Call, name: str) -> str:
    return arn("logs", call.region, f"log-group:{name}")


def _create(call: Call, properties: Properties) -> str:
    name = properties.get("LogGroupName") or call.generated_name(512)
    given = {key: properties[key] for key in ("KmsKeyId",) if key in properties}
    if labels := tags.as_map(properties.get("Tags")):
        given["tags"] = labels
    call.invoke("logs", "CreateLogGroup", given | {"logGroupName": name})
    call.claim(str(name))
    _set_retention(call, name, properties)
    return str(name)


def _set_retention(call: Call, name: str, properties: Properties) -> None:
    days = properties.get("RetentionInDays")
    if days is None:
        call.client("logs").delete_retention_policy(logGroupName=name)
    else:
        call.invoke("logs", "PutRetentionPolicy", {"logGroupName": name, "retentionInDays": days})


def _update(call: Call, name: str, old: Properties, new: Properties) -> None:
    logs = call.client("logs")
    if old.get("RetentionInDays") != new.get("RetentionInDays"):
        _set_retention(call, name, new)
    if old.get("KmsKeyId") != new.get("KmsKeyId"):
        if "KmsKeyId" in new:
            logs.associate_kms_key(logGroupName=name, kmsKeyId=new["KmsKeyId"])
        else:
            logs.disassociate_kms_key(logGroupName=name)
    added, removed = tags.changes(old.get("Tags"), new.get("Tags"))
    if removed:
        logs.untag_resource(resourceArn=_arn(call, name), tagKeys=removed)
    if added:
        logs.tag_resource(resourceArn=_arn(call, name), tags=added)


def _attributes(call: Call, name: str, _properties: Properties) -> dict[str, Any]:
    return {"Arn": f"{_arn(call, name)}:*"}


LOG_GROUP = ResourceType(
    "AWS::Logs::LogGroup",
    properties=creates("CreateLogGroup", "LogGroupName")
    | records("the local account has one class of log groups", "LogGroupClass", replaces=True)
    | applies("PutRetentionPolicy", "RetentionInDays")
    | applies("AssociateKmsKey", "KmsKeyId")
    | applies("TagResource", "Tags"),
    create=_create,
    update=_update,
    delete=lambda call, name, _properties: call.client("logs").delete_log_group(logGroupName=name),
    attributes=_attributes,
    named_by="LogGroupName",
    tags="list",
)

TYPES = (LOG_GROUP,)
