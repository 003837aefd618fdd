"""What the handlers of AWS::EC2 share: tags at creation, tags changed in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from batchyard.local.cloudformation.resources import tags
from batchyard.local.cloudformation.resources.call import Call
from batchyard.local.cloudformation.resources.table import Properties

Update = Callable[[Call, str, Properties, Properties], Any]


def creation(call: Call, operation: str, kind: str, properties: Properties, *names: str) -> Any:
    """Call a creating operation with those of the named properties that are given, and the resource's tags.

    `kind` is the API's ResourceType for the tags, such as `route-table`.
    """
    given: dict[str, Any] = {name: properties[name] for name in names if name in properties}
    if labels := tags.as_list(properties.get("Tags")):
        given["TagSpecifications"] = [{"ResourceType": kind, "Tags": labels}]
    return call.invoke("ec2", operation, given)


def retag(call: Call, physical_id: str, old: Properties, new: Properties) -> None:
    """Bring a resource's tags from old to new."""
    added, removed = tags.changes(old.get("Tags"), new.get("Tags"))
    if removed:
        call.client("ec2").delete_tags(Resources=[physical_id], Tags=[{"Key": key} for key in removed])
    if added:
        call.client("ec2").create_tags(Resources=[physical_id], Tags=tags.as_list(added))


def and_retag(update: Update) -> Update:
    """An update that brings the tags along too."""

    def both(call: Call, physical_id: str, old: Properties, new: Properties) -> Any:
        retag(call, physical_id, old, new)
        return update(call, physical_id, old, new)

    return both


def truth(value: Any) -> bool:
    """A boolean of a template, which may be written as text."""
    return str(value).lower() == "true"
