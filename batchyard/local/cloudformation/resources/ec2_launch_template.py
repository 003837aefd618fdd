"""AWS::EC2::LaunchTemplate: each change of its data is a new version."""

from __future__ import annotations

from typing import Any

from batchyard.local.cloudformation.resources.call import Call
from batchyard.local.cloudformation.resources.ec2 import retag
from batchyard.local.cloudformation.resources.table import Properties, ResourceType, applies, creates


def _create(call: Call, properties: Properties) -> str:
    name = properties.get("LaunchTemplateName") or call.generated_name(128)
    made = call.invoke("ec2", "CreateLaunchTemplate", {**properties, "LaunchTemplateName": name})
    return call.claim(made["LaunchTemplate"]["LaunchTemplateId"])


def _update(call: Call, template_id: str, old: Properties, new: Properties) -> None:
    retag(call, template_id, _own_tags(old), _own_tags(new))
    versioned = ("LaunchTemplateData", "VersionDescription")
    if any(old.get(name) != new.get(name) for name in versioned):
        given = {name: new[name] for name in versioned if name in new}
        call.invoke("ec2", "CreateLaunchTemplateVersion", {**given, "LaunchTemplateId": template_id})


def _own_tags(properties: Properties) -> Properties:
    """The tags of the launch template itself; those of what it launches are part of its data."""
    return {
        "Tags": [
            tag
            for specification in properties.get("TagSpecifications", [])
            if specification["ResourceType"] == "launch-template"
            for tag in specification["Tags"]
        ]
    }


def _attributes(call: Call, template_id: str, _properties: Properties) -> dict[str, Any]:
    found = call.client("ec2").describe_launch_templates(LaunchTemplateIds=[template_id])["LaunchTemplates"][0]
    return {
        "LaunchTemplateId": template_id,
        "LatestVersionNumber": str(found["LatestVersionNumber"]),
        "DefaultVersionNumber": str(found["DefaultVersionNumber"]),
    }


LAUNCH_TEMPLATE = ResourceType(
    "AWS::EC2::LaunchTemplate",
    properties=creates("CreateLaunchTemplate", "LaunchTemplateName")
    | applies("CreateLaunchTemplateVersion", "LaunchTemplateData", "VersionDescription")
    | applies("CreateTags", "TagSpecifications"),
    create=_create,
    update=_update,
    delete=lambda call, template_id, _properties: call.client("ec2").delete_launch_template(
        LaunchTemplateId=template_id
    ),
    attributes=_attributes,
    named_by="LaunchTemplateName",
    moving=frozenset({"LatestVersionNumber"}),
    required=frozenset({"LaunchTemplateData"}),
)

TYPES = (LAUNCH_TEMPLATE,)
