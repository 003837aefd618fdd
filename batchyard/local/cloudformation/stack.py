"""What a stack is: its deployed template, its resources, its events."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from batchyard.local.account import arn
from batchyard.local.cloudformation.parameters import Parameter
from batchyard.local.cloudformation.template import Template

STACK_TYPE = "AWS::CloudFormation::Stack"
RETAINING = frozenset({"Retain", "RetainExceptOnCreate"})


def now() -> datetime:
    """The present time, in UTC as the API reports it."""
    return datetime.now(timezone.utc)


@dataclass(frozen=True)
class Deployment:
    """What a stack is asked to be."""

    template: Template
    parameters: Mapping[str, Parameter]
    tags: Mapping[str, str]
    capabilities: tuple[str, ...] = ()
    role_arn: str | None = None


@dataclass(frozen=True)
class StackResource:
    """A resource that a stack has made; `properties` are resolved."""

    logical_id: str
    type_name: str
    physical_id: str
    status: str
    properties: Mapping[str, Any]
    attributes: Mapping[str, Any]
    depends_on: frozenset[str]
    deletion_policy: str
    update_replace_policy: str
    metadata: Mapping[str, Any]
    reason: str | None = None
    timestamp: datetime = field(default_factory=now)
    attempted: Mapping[str, Any] | None = None
    """The properties that an unfinished or failed update wanted: the resource may hold any part of them."""


@dataclass(frozen=True)
class Output:
    """An output of a stack."""

    key: str
    value: str
    description: str | None
    export: str | None


@dataclass(frozen=True)
class Event:
    """One line of a stack's history."""

    event_id: str
    operation_id: str
    logical_id: str
    physical_id: str
    type_name: str
    status: str
    reason: str | None
    token: str | None
    timestamp: datetime


@dataclass
class Stack:
    """A stack. `resources` and `outputs` are replaced as a whole, so that a reader always sees one state of them."""

    name: str
    region: str
    stack_id: str
    status: str = "REVIEW_IN_PROGRESS"
    reason: str | None = None
    deployment: Deployment | None = None
    rollback_to: Deployment | None = None
    """What RollbackStack returns to, after a failed update that was not rolled back."""
    resources: Mapping[str, StackResource] = field(default_factory=dict)
    outputs: tuple[Output, ...] = ()
    events: list[Event] = field(default_factory=list)
    created: datetime = field(default_factory=now)
    updated: datetime | None = None
    deleted: datetime | None = None
    disable_rollback: bool = False
    termination_protection: bool = False
    change_set_id: str | None = None
    operation_id: str = ""
    token: str | None = None
    settled: threading.Event = field(default_factory=threading.Event)
    """Set while no operation works on the stack."""

    @classmethod
    def new(cls, name: str, region: str) -> Stack:
        """An empty stack under review."""
        stack = cls(name, region, arn("cloudformation", region, f"stack/{name}/{uuid.uuid4()}"))
        stack.settled.set()
        return stack

    @property
    def in_progress(self) -> bool:
        """Whether an operation works on it."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"

    def enter(self, status: str, reason: str | None = None) -> None:
        """Change the stack's own status and record it."""
        self.record(self.name, self.stack_id, STACK_TYPE, status, reason)
        self.status, self.reason = status, reason

    def record(self, logical_id: str, physical_id: str, type_name: str, status: str, reason: str | None = None) -> None:
        """Add an event."""
        event_id = f"{logical_id}-{status}-{uuid.uuid4()}" if type_name != STACK_TYPE else str(uuid.uuid4())
        self.events.append(
            Event(event_id, self.operation_id, logical_id, physical_id, type_name, status, reason, self.token, now())
        )

    def keep(self, resource: StackResource) -> None:
        """Add or replace a resource."""
        self.resources = {**self.resources, resource.logical_id: resource}

    def drop(self, logical_id: str) -> None:
        """Forget a resource."""
        self.resources = {name: entry for name, entry in self.resources.items() if name != logical_id}
