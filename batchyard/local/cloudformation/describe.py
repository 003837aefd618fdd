"""The read side of the API: stacks, resources, events and templates in the shapes that it answers with."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from batchyard.local.cloudformation.changeset import ChangeSet
from batchyard.local.cloudformation.requests import required_capabilities
from batchyard.local.cloudformation.stack import STACK_TYPE, Event, Output, Stack, StackResource
from batchyard.local.cloudformation.template import Template

_NO_DRIFT = {"StackDriftStatus": "NOT_CHECKED"}


def new_operation_id() -> str:
    """An id for one operation on a stack."""
    return str(uuid.uuid4())


def stack(entry: Stack) -> dict[str, Any]:
    """A member of DescribeStacks."""
    deployment = entry.deployment
    described: dict[str, Any] = {
        "StackId": entry.stack_id,
        "StackName": entry.name,
        "ChangeSetId": entry.change_set_id,
        "CreationTime": entry.created,
        "LastUpdatedTime": entry.updated,
        "DeletionTime": entry.deleted,
        "StackStatus": entry.status,
        "StackStatusReason": entry.reason,
        "DisableRollback": entry.disable_rollback,
        "EnableTerminationProtection": entry.termination_protection,
        "NotificationARNs": [],
        "RollbackConfiguration": {},
        "DriftInformation": _NO_DRIFT,
        "Outputs": [_output(output) for output in entry.outputs],
        "Parameters": [],
        "Tags": [],
        "Capabilities": [],
    }
    if deployment is not None:
        described |= {
            "Description": deployment.template.description,
            "Parameters": [parameter.described() for parameter in deployment.parameters.values()],
            "Tags": _tags(deployment.tags),
            "Capabilities": list(deployment.capabilities),
            "RoleARN": deployment.role_arn,
        }
    return described


def summary(entry: Stack) -> dict[str, Any]:
    """A member of ListStacks."""
    return stack(entry) | {"TemplateDescription": entry.deployment.template.description if entry.deployment else None}


def resource(owner: Stack, entry: StackResource) -> dict[str, Any]:
    """A member of DescribeStackResources, DescribeStackResource and ListStackResources."""
    return {
        "StackName": owner.name,
        "StackId": owner.stack_id,
        "LogicalResourceId": entry.logical_id,
        "PhysicalResourceId": entry.physical_id or None,
        "ResourceType": entry.type_name,
        "Timestamp": entry.timestamp,
        "LastUpdatedTimestamp": entry.timestamp,
        "ResourceStatus": entry.status,
        "ResourceStatusReason": entry.reason,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    }


def event(owner: Stack, entry: Event) -> dict[str, Any]:
    """A member of DescribeStackEvents."""
    return {
        "StackId": owner.stack_id,
        "StackName": owner.name,
        "EventId": entry.event_id,
        "OperationId": entry.operation_id,
        "LogicalResourceId": entry.logical_id,
        "PhysicalResourceId": entry.physical_id,
        "ResourceType": entry.type_name,
        "Timestamp": entry.timestamp,
        "ResourceStatus": entry.status,
        "ResourceStatusReason": entry.reason,
        "ClientRequestToken": entry.token,
    }


def operation_event(owner: Stack, entry: Event) -> dict[str, Any]:
    """A member of DescribeEvents."""
    return event(owner, entry) | {
        "EventType": "STACK_EVENT",
        "OperationType": None if entry.type_name != STACK_TYPE else entry.status.split("_", 1)[0] + "_STACK",
    }


def change_set(change: ChangeSet) -> dict[str, Any]:
    """DescribeChangeSet without the changes; also a member of ListChangeSets."""
    target = change.target
    described: dict[str, Any] = {
        "ChangeSetName": change.name,
        "ChangeSetId": change.change_set_id,
        "StackId": change.stack.stack_id,
        "StackName": change.stack.name,
        "Description": change.description,
        "CreationTime": change.created,
        "ExecutionStatus": change.execution_status,
        "Status": change.status,
        "StatusReason": change.reason,
        "NotificationARNs": [],
        "RollbackConfiguration": {},
        "OnStackFailure": change.on_stack_failure,
        "IncludeNestedStacks": False,
    }
    if target is not None:
        described |= {
            "Parameters": [parameter.described() for parameter in target.parameters.values()],
            "Capabilities": list(target.capabilities),
            "Tags": _tags(target.tags),
        }
    return described


def template_summary(template: Template) -> dict[str, Any]:
    """GetTemplateSummary."""
    capabilities = required_capabilities(template)
    reason = f"The following resource(s) require capabilities: [{', '.join(_iam_types(template))}]"
    return {
        "Description": template.description,
        "Version": template.body.get("AWSTemplateFormatVersion"),
        "Metadata": None,
        "Capabilities": capabilities,
        "CapabilitiesReason": reason if capabilities else None,
        "ResourceTypes": sorted({entry.type_name for entry in template.resources.values()}),
        "DeclaredTransforms": [],
        "Parameters": [_declaration(name, entry) for name, entry in template.section("Parameters").items()],
        "ResourceIdentifierSummaries": [],
    }


def _iam_types(template: Template) -> list[str]:
    return sorted({r.type_name for r in template.resources.values() if r.type_name.startswith("AWS::IAM::")})


def _declaration(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "ParameterKey": name,
        "DefaultValue": entry.get("Default"),
        "ParameterType": entry.get("Type", "String"),
        "NoEcho": str(entry.get("NoEcho", "false")).lower() == "true",
        "Description": entry.get("Description"),
        "ParameterConstraints": {"AllowedValues": entry.get("AllowedValues", [])},
    }


def _output(output: Output) -> dict[str, Any]:
    return {
        "OutputKey": output.key,
        "OutputValue": output.value,
        "Description": output.description,
        "ExportName": output.export,
    }


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
