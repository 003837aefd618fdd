"""A template: its text parsed (JSON, or YAML with the short forms) and its structure checked.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from batchyard.local.cloudformation.errors import CloudFormationError, validation_error

SECTIONS = frozenset(
    {
        "AWSTemplateFormatVersion",
        "Description",
        "Metadata",
        "Parameters",
        "Rules",
        "Mappings",
        "Conditions",
        "Transform",
        "Resources",
        "Outputs",
        "Hooks",
    }
)
RESOURCE_ATTRIBUTES = frozenset(
    {
        "Type",
        "Properties",
        "Metadata",
        "DependsOn",
        "Condition",
        "DeletionPolicy",
        "UpdatePolicy",
        "UpdateReplacePolicy",
    }
)
DELETION_POLICIES = ("Delete", "Retain", "RetainExceptOnCreate")
#: Update policies that say what the local account does in any case; it supports no other.
UPDATE_POLICIES: Mapping[str, Any] = {
    "AWS::AutoScaling::AutoScalingGroup": {"AutoScalingScheduledAction": {"IgnoreUnmodifiedGroupSizeProperties": True}},
}


@dataclass(frozen=True)
class Resource:
    """One entry of the template's Resources, intrinsics still unresolved."""

    logical_id: str
    type_name: str
    properties: Mapping[str, Any]
    depends_on: tuple[str, ...]
    condition: str | None
    deletion_policy: str
    update_replace_policy: str
    metadata: Mapping[str, Any]


@dataclass(frozen=True)
class Template:
    """A parsed template; `text` is what the user sent."""

    text: str
    body: Mapping[str, Any]
    resources: Mapping[str, Resource]

    def section(self, name: str) -> Mapping[str, Any]:
        """One top-level section, empty when the template has none."""
        return self.body.get(name) or {}

    @property
    def description(self) -> str | None:
        """The template's Description."""
        return self.body.get("Description")


def parse(text: str) -> Template:
    """Parse and check a template.

    Raises a ValidationError with CloudFormation's words when it is not well formed.
    """
    body = _load(text)
    unknown = sorted(set(body) - SECTIONS)
    if unknown:
        raise _format_error(f"Invalid template property or properties [{', '.join(unknown)}]")
    if body.get("Transform"):
        raise _format_error(f"The local account runs no transforms; the template asks for {body['Transform']}")
    for name in SECTIONS - {"AWSTemplateFormatVersion", "Description", "Transform"}:
        if not isinstance(body.get(name) or {}, dict):
            raise _format_error(f"[/{name}] 'expected type: Mapping, found: {type(body[name]).__name__}'")
    if not body.get("Resources"):
        raise _format_error("At least one Resources member must be defined.")
    resources = {name: _resource(name, entry) for name, entry in body["Resources"].items()}
    return Template(text, body, resources)


def _format_error(message: str) -> CloudFormationError:
    return validation_error(f"Template format error: {message}")


def _resource(name: str, entry: Any) -> Resource:
    if not name.isalnum():
        raise _format_error(f"Resource name {name} is non alphanumeric.")
    if not isinstance(entry, dict) or not isinstance(entry.get("Type"), str):
        raise _format_error(f"[/Resources/{name}] Every Resources object must contain a Type member.")
    if "CreationPolicy" in entry:
        raise validation_error(f"The local account does not support the CreationPolicy of resource {name}.")
    if "UpdatePolicy" in entry and entry["UpdatePolicy"] != UPDATE_POLICIES.get(entry["Type"]):
        supported = ", ".join(f"{policy} of {kind}" for kind, policy in UPDATE_POLICIES.items())
        raise validation_error(
            f"The local account does not support the UpdatePolicy of resource {name}. Supported: {supported}."
        )
    unknown = sorted(set(entry) - RESOURCE_ATTRIBUTES)
    if unknown:
        raise validation_error(f"Invalid template resource property '{unknown[0]}' of resource {name}")
    depends_on = entry.get("DependsOn") or []
    deletion_policy = _policy(name, entry, "DeletionPolicy")
    return Resource(
        logical_id=name,
        type_name=entry["Type"],
        properties=entry.get("Properties") or {},
        depends_on=tuple([depends_on] if isinstance(depends_on, str) else depends_on),
        condition=entry.get("Condition"),
        deletion_policy=deletion_policy,
        update_replace_policy=_policy(name, entry, "UpdateReplacePolicy"),
        metadata=entry.get("Metadata") or {},
    )


def _policy(name: str, entry: Mapping[str, Any], key: str) -> str:
    policy = entry.get(key, "Delete")
    if policy not in DELETION_POLICIES:
        allowed = ", ".join(DELETION_POLICIES)
        raise _format_error(f"Unrecognized {key} {policy} for resource {name}. The local account knows: {allowed}.")
    return str(policy)


# -- text ------------------------------------------------------------------------------------------------


class _Constructor(SafeConstructor):
    """YAML as CloudFormation reads it: `!Ref` and its like are known, dates stay text (policy versions are dates)."""

    def short_form(self, suffix: str, node: Node) -> dict[str, Any]:
        """`!Sub x` as `{"Fn::Sub": x}`."""
        value: Any
        if isinstance(node, MappingNode):
            value = self.construct_mapping(node, deep=True)
        elif isinstance(node, SequenceNode):
            value = self.construct_sequence(node, deep=True)
        else:
            value = self.construct_scalar(node)
        if suffix == "GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Constructor.add_multi_constructor("!", _Constructor.short_form)
_Constructor.add_constructor("tag:yaml.org,2002:timestamp", SafeConstructor.construct_yaml_str)


def _yaml(text: str) -> Any:
    reader = YAML(typ="safe", pure=True)
    reader.Constructor = _Constructor
    return reader.load(text)


def _load(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError as json_fault:
        try:
            body = _yaml(text)
        except YAMLError as yaml_fault:
            if text.lstrip().startswith("{"):
                raise _format_error(f"JSON not well-formed. {json_fault}") from None
            raise _format_error(f"YAML not well-formed. {yaml_fault}") from None
    if not isinstance(body, dict):
        raise _format_error("unsupported structure.")
    return body
