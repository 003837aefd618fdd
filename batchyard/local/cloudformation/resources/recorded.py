"""Types that the local account keeps and shows, but that have no effect in it."""

from __future__ import annotations

from typing import Any

from batchyard.local.account import arn
from batchyard.local.cloudformation.resources.call import Call
from batchyard.local.cloudformation.resources.table import Properties, ResourceType


def _create(call: Call, _properties: Properties) -> str:
    return call.generated_name()


def _plain(name: str, why: str) -> ResourceType:
    return ResourceType(name, {}, _create, recorded=why)


def _project(call: Call, properties: Properties) -> str:
    return str(properties.get("Name", call.generated_name()))


def _project_attributes(call: Call, physical_id: str, _properties: Properties) -> dict[str, Any]:
    return {"Arn": arn("codebuild", call.region, f"project/{physical_id}")}


def _placement_group() -> ResourceType:
    def attributes(_call: Call, physical_id: str, _properties: Properties) -> dict[str, Any]:
        return {"GroupName": physical_id}

    why = "no instance starts in the local account"
    return ResourceType("AWS::EC2::PlacementGroup", {}, _create, attributes=attributes, recorded=why)


TYPES = (
    _placement_group(),
    _plain("AWS::CDK::Metadata", "the CDK's own usage note; it means nothing to an account"),
    ResourceType(
        "AWS::CodeBuild::Project",
        {},
        _project,
        attributes=_project_attributes,
        recorded="the local account builds no images",
    ),
    _plain("Custom::ContainerImageBuild", "the local account builds no images; jobs run container/ as deployed"),
)
