"""Change sets: a deployment that was planned, and is described before it is executed."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from batchyard.local.account import arn
from batchyard.local.cloudformation.errors import CloudFormationError
from batchyard.local.cloudformation.intrinsics import text
from batchyard.local.cloudformation.plan import PropertyChange, ResourceChange
from batchyard.local.cloudformation.stack import Deployment, Stack, now

NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


@dataclass
class ChangeSet:
    """A change set of a stack."""

    name: str
    stack: Stack
    kind: str
    target: Deployment | None
    changes: tuple[ResourceChange, ...]
    description: str | None
    status: str = "CREATE_COMPLETE"
    reason: str | None = None
    execution_status: str = "AVAILABLE"
    on_stack_failure: str | None = None
    created: datetime = field(default_factory=now)
    change_set_id: str = ""

    def __post_init__(self) -> None:
        self.change_set_id = arn("cloudformation", self.stack.region, f"changeSet/{self.name}/{uuid.uuid4()}")

    def fail(self, reason: str) -> None:
        """Make it one that cannot be executed."""
        self.status, self.reason, self.execution_status = "FAILED", reason, "UNAVAILABLE"


def change_set_not_found(name: str) -> CloudFormationError:
    """The error of every operation but DeleteChangeSet on a change set that is not there."""
    return CloudFormationError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)


def described_changes(change_set: ChangeSet, *, values: bool) -> list[dict[str, Any]]:
    """The Changes of DescribeChangeSet, with the properties' values if `values`."""
    return [{"Type": "Resource", "ResourceChange": _described(change, values=values)} for change in change_set.changes]


def _described(change: ResourceChange, *, values: bool) -> dict[str, Any]:
    scope = (["Properties"] if change.changes else []) + (["Metadata"] if change.metadata_changed else [])
    described: dict[str, Any] = {
        "Action": change.action,
        "LogicalResourceId": change.logical_id,
        "PhysicalResourceId": change.physical_id,
        "ResourceType": change.type_name,
        "Replacement": change.replacement,
        "Scope": scope if change.action == "Modify" else [],
        "Details": [_detail(change, item, values=values) for item in change.changes],
    }
    if change.action == "Remove":
        described["PolicyAction"] = "Delete"
    if values and change.before is not None:
        described["BeforeContext"] = _context(change.before)
    if values and change.after is not None:
        described["AfterContext"] = _context(change.after)
    return described


def _detail(change: ResourceChange, item: PropertyChange, *, values: bool) -> dict[str, Any]:
    recreation = "Never"
    if item.replaces:
        recreation = "Always" if item.certain else "Conditionally"
    target: dict[str, Any] = {
        "Attribute": "Properties",
        "Name": item.name,
        "RequiresRecreation": recreation,
        "Path": f"/Properties/{item.name}",
        "AttributeChangeType": _change_type(item),
    }
    if values:
        target["BeforeValue"] = _value(item.before)
        target["AfterValue"] = _value(item.after)
    detail: dict[str, Any] = {
        "Target": target,
        "Evaluation": "Static" if item.certain else "Dynamic",
        "ChangeSource": "DirectModification",
    }
    if not item.certain and change.causes:
        detail |= {"ChangeSource": "ResourceReference", "CausingEntity": change.causes[0]}
    return detail


def _change_type(item: PropertyChange) -> str:
    if item.before is None:
        return "Add"
    return "Remove" if item.after is None else "Modify"


def _context(properties: Any) -> str:
    return json.dumps({"Properties": properties}, default=str)


def _value(value: Any) -> str | None:
    if value is None:
        return None
    return json.dumps(value, default=str) if isinstance(value, (dict, list)) else text(value)
