"""AWS::SSM: parameters."""

from __future__ import annotations

from typing import Any

from batchyard.local.cloudformation.resources import tags
from batchyard.local.cloudformation.resources.call import Call
from batchyard.local.cloudformation.resources.table import Properties, ResourceType, applies, creates

_PUT = ("Type", "Value", "Description", "AllowedPattern", "Tier", "DataType")


def _create(call: Call, properties: Properties) -> str:
    name = properties.get("Name") or call.generated_name(1011)
    given = {key: properties[key] for key in _PUT if key in properties}
    call.invoke("ssm", "PutParameter", given | {"Name": name, "Tags": tags.as_list(properties.get("Tags"))})
    return call.claim(str(name))


def _update(call: Call, name: str, old: Properties, new: Properties) -> None:
    given = {key: new[key] for key in _PUT if key in new}
    call.invoke("ssm", "PutParameter", given | {"Name": name, "Overwrite": True})
    added, removed = tags.changes(old.get("Tags"), new.get("Tags"))
    if removed:
        call.client("ssm").remove_tags_from_resource(ResourceType="Parameter", ResourceId=name, TagKeys=removed)
    if added:
        call.client("ssm").add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=tags.as_list(added))


def _attributes(_call: Call, _name: str, properties: Properties) -> dict[str, Any]:
    return {"Type": properties["Type"], "Value": properties["Value"]}


PARAMETER = ResourceType(
    "AWS::SSM::Parameter",
    properties=creates("PutParameter", "Name") | applies("PutParameter", *_PUT) | applies("AddTagsToResource", "Tags"),
    create=_create,
    update=_update,
    delete=lambda call, name, _properties: call.client("ssm").delete_parameter(Name=name),
    attributes=_attributes,
    named_by="Name",
    moving=frozenset({"Type", "Value"}),
    tags="map",
    required=frozenset({"Type", "Value"}),
)

TYPES = (PARAMETER,)
