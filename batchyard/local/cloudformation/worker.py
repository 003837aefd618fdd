"""One resource at a time: make it, change it, delete it, and write down what happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from batchyard.local.cloudformation.errors import CloudFormationError, ResourceError
from batchyard.local.cloudformation.plan import compare
from batchyard.local.cloudformation.resources.call import Call, Client, explained, is_missing
from batchyard.local.cloudformation.resources.registry import resource_type
from batchyard.local.cloudformation.stack import Stack, StackResource, now
from batchyard.local.cloudformation.store import Store
from batchyard.local.cloudformation.template import Resource


class ResourceFailedError(Exception):
    """A resource could not be brought to where it should be; its events say so already."""

    def __init__(self, logical_id: str, verb: str, reason: str) -> None:
        super().__init__(reason)
        self.logical_id = logical_id
        self.verb = verb


@dataclass(frozen=True)
class ResourceWorker:
    """Brings single resources of a stack to where they should be."""

    stack: Stack
    clients: Callable[[str, str], Client]
    store: Store

    def create(self, resource: Resource, properties: Mapping[str, Any], needs: frozenset[str]) -> StackResource:
        """Make the resource and keep it in the stack."""
        kind = resource_type(resource.type_name)
        call = self._call(resource.logical_id, resource.type_name)
        entry = _entry(resource, properties, needs, "", "CREATE_IN_PROGRESS")
        self._note(entry)
        try:
            kind.check(resource.logical_id, properties)
            physical_id = kind.create(call, properties)
            entry = replace(entry, physical_id=physical_id)
            self._note(replace(entry, reason="Resource creation Initiated"))
            attributes = kind.attributes(call, physical_id, properties)
        except Exception as error:  # Whatever a handler meets becomes the reason.
            entry = replace(entry, physical_id=call.claimed or entry.physical_id)
            raise self._failed(entry, "CREATE", error) from error
        entry = replace(entry, attributes=attributes, status="CREATE_COMPLETE", timestamp=now())
        self._note(entry)
        return entry

    def update(
        self, current: StackResource, resource: Resource, properties: Mapping[str, Any], needs: frozenset[str]
    ) -> StackResource:
        """Change the resource in place."""
        kind = resource_type(resource.type_name)
        call = self._call(resource.logical_id, resource.type_name)
        entry = _entry(resource, current.properties, needs, current.physical_id, "UPDATE_IN_PROGRESS")
        entry = replace(entry, attributes=current.attributes, attempted=properties)
        self._note(entry)
        undoing = current.attempted is not None and current.properties == properties
        before = current.attempted if undoing and current.attempted is not None else current.properties
        try:
            kind.check(resource.logical_id, properties)
            physical_id = kind.update(call, current.physical_id, before, properties)
            entry = replace(entry, physical_id=physical_id or current.physical_id)
            attributes = kind.attributes(call, entry.physical_id, properties)
        except Exception as error:  # Whatever a handler meets becomes the reason.
            raise self._failed(entry, "UPDATE", error) from error
        entry = replace(
            entry,
            properties=properties,
            attempted=None,
            attributes=attributes,
            status="UPDATE_COMPLETE",
            timestamp=now(),
        )
        self._note(entry)
        return entry

    def check_replaceable(
        self,
        current: StackResource,
        resource: Resource,
        properties: Mapping[str, Any],
        needs: frozenset[str],
        *,
        allowed: bool,
    ) -> None:
        """Refuse a replacement that could not be undone, or whose new resource would have to share a fixed name."""
        name = resource_type(resource.type_name).named_by
        if not allowed:
            reason = "Replacement type updates not supported on stack with disable-rollback."
        elif name and name in properties and properties[name] == current.properties.get(name):
            reason = (
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename "
                f"{properties[name]} and update the stack again."
            )
        else:
            return
        entry = _entry(resource, current.properties, needs, current.physical_id, "UPDATE_FAILED")
        raise self._failed(replace(entry, attributes=current.attributes), "UPDATE", ResourceError(reason))

    def refuse(self, resource: Resource, needs: frozenset[str], error: CloudFormationError) -> ResourceFailedError:
        """What to raise for a resource whose properties cannot be resolved."""
        current = self.stack.resources.get(resource.logical_id)
        verb = "UPDATE" if current else "CREATE"
        entry = current or _entry(resource, {}, needs, "", "CREATE_FAILED")
        return self._failed(entry, verb, ResourceError(error.message))

    def delete(self, entry: StackResource) -> None:
        """Delete what the entry describes, whether or not the stack still holds it."""
        if not entry.physical_id:
            return
        kind = resource_type(entry.type_name)
        call = self._call(entry.logical_id, entry.type_name)
        self._event(entry, "DELETE_IN_PROGRESS")
        try:
            kind.delete(call, entry.physical_id, entry.properties)
        except Exception as error:
            if not (isinstance(error, ClientError) and is_missing(error)):
                reason = explained(error)
                self._event(entry, "DELETE_FAILED", reason)
                raise ResourceFailedError(entry.logical_id, "DELETE", reason) from error
        self._event(entry, "DELETE_COMPLETE")

    def skip(self, entry: StackResource) -> None:
        """Leave a retained resource where it is."""
        self._event(entry, "DELETE_SKIPPED")

    def changed(self, current: StackResource, properties: Mapping[str, Any]) -> tuple[bool, bool]:
        """Whether the properties differ from the present ones, and whether that replaces the resource."""
        changes = compare(resource_type(current.type_name), current.properties, properties)
        return bool(changes), any(change.replaces for change in changes)

    def _call(self, logical_id: str, type_name: str) -> Call:
        stack, store = self.stack, self.store
        return Call(
            self.clients,
            store.responses,
            lambda physical_id: store.properties_of(physical_id, stack.region),
            store.next_number,
            stack.region,
            stack.name,
            stack.stack_id,
            logical_id,
            type_name,
        )

    def _failed(self, entry: StackResource, verb: str, error: Exception) -> ResourceFailedError:
        reason = explained(error)
        self._note(replace(entry, status=f"{verb}_FAILED", reason=reason, timestamp=now()))
        return ResourceFailedError(entry.logical_id, verb, reason)

    def _note(self, entry: StackResource) -> None:
        self.stack.keep(entry)
        self._event(entry, entry.status, entry.reason)

    def _event(self, entry: StackResource, status: str, reason: str | None = None) -> None:
        self.stack.record(entry.logical_id, entry.physical_id, entry.type_name, status, reason)


def _entry(
    resource: Resource, properties: Mapping[str, Any], needs: frozenset[str], physical_id: str, status: str
) -> StackResource:
    return StackResource(
        logical_id=resource.logical_id,
        type_name=resource.type_name,
        physical_id=physical_id,
        status=status,
        properties=properties,
        attributes={},
        depends_on=needs,
        deletion_policy=resource.deletion_policy,
        update_replace_policy=resource.update_replace_policy,
        metadata=resource.metadata,
    )
