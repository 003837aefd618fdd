"""CloudFormation's operations that only read."""

from __future__ import annotations

import json

from batchyard.local.cloudformation import describe
from batchyard.local.cloudformation.api import Arguments, Result
from batchyard.local.cloudformation.errors import validation_error
from batchyard.local.cloudformation.stack import Stack, StackResource
from batchyard.local.cloudformation.store import Store

_PATIENCE_SECONDS = 10.0


def describe_stacks(store: Store, region: str, given: Arguments) -> Result:
    """One stack, or all that are not deleted."""
    name = given.get("StackName")
    if name:
        # The CDK CLI asks once and then every five seconds: an answer that waits a moment spares it the five.
        store.get(name, region).settled.wait(_PATIENCE_SECONDS)
        return {"Stacks": [describe.stack(store.get(name, region))]}
    return {"Stacks": [describe.stack(s) for s in store.of_region(region) if s.status != "DELETE_COMPLETE"]}


def list_stacks(store: Store, region: str, given: Arguments) -> Result:
    """All stacks, deleted ones too, or those of some statuses."""
    wanted = set(given.get("StackStatusFilter", []))
    chosen = [stack for stack in store.of_region(region) if not wanted or stack.status in wanted]
    return {"StackSummaries": [describe.summary(stack) for stack in chosen]}


def describe_stack_events(store: Store, region: str, given: Arguments) -> Result:
    """A stack's history, the newest first."""
    stack = store.get(given["StackName"], region)
    return {"StackEvents": [describe.event(stack, entry) for entry in reversed(list(stack.events))]}


def describe_events(store: Store, region: str, given: Arguments) -> Result:
    """As DescribeStackEvents, with filters. Of a change set there are none: its plan is its only event."""
    name = given.get("StackName")
    if given.get("ChangeSetName"):
        return {"OperationEvents": []}
    if not name:
        raise validation_error("The local account lists events by StackName only.")
    stack = store.get(name, region)
    events = [entry for entry in reversed(list(stack.events)) if _selected(entry.operation_id, given)]
    if given.get("Filters", {}).get("FailedEvents"):
        events = [entry for entry in events if entry.status.endswith("_FAILED")]
    return {"OperationEvents": [describe.operation_event(stack, entry) for entry in events]}


def _selected(operation_id: str, given: Arguments) -> bool:
    return given.get("OperationId") in (None, operation_id)


def _living(stack: Stack) -> list[StackResource]:
    gone = () if stack.status == "DELETE_COMPLETE" else ("DELETE_COMPLETE",)
    return [entry for entry in stack.resources.values() if entry.status not in gone]


def describe_stack_resources(store: Store, region: str, given: Arguments) -> Result:
    """A stack's resources: of the stack, or of the stack that owns a physical id."""
    physical_id, logical_id = given.get("PhysicalResourceId"), given.get("LogicalResourceId")
    if given.get("StackName"):
        stacks = [store.get(given["StackName"], region)]
    elif physical_id:
        stacks = [
            stack
            for stack in store.of_region(region)
            if stack.status != "DELETE_COMPLETE" and any(e.physical_id == physical_id for e in _living(stack))
        ]
        if not stacks:
            raise validation_error(f"Stack for {physical_id} does not exist")
    else:
        raise validation_error("Either StackName or PhysicalResourceId must be specified")
    return {
        "StackResources": [
            describe.resource(stack, entry)
            for stack in stacks
            for entry in _living(stack)
            if logical_id in (None, entry.logical_id)
        ]
    }


def describe_stack_resource(store: Store, region: str, given: Arguments) -> Result:
    """One resource, with its metadata."""
    stack = store.get(given["StackName"], region)
    entry = stack.resources.get(given["LogicalResourceId"])
    if entry is None:
        raise validation_error(f"Resource {given['LogicalResourceId']} does not exist for stack {stack.name}")
    return {"StackResourceDetail": describe.resource(stack, entry) | {"Metadata": json.dumps(entry.metadata)}}


def list_stack_resources(store: Store, region: str, given: Arguments) -> Result:
    """A stack's resources."""
    stack = store.get(given["StackName"], region)
    return {"StackResourceSummaries": [describe.resource(stack, entry) for entry in _living(stack)]}


def get_template(store: Store, region: str, given: Arguments) -> Result:
    """The template of a stack or of a change set. No transforms run here: both stages are the same."""
    change_set = given.get("ChangeSetName")
    if change_set:
        for change in store.change_sets.values():
            if change_set in (change.name, change.change_set_id) and change.target is not None:
                return _template(change.target.template.text)
    if not given.get("StackName"):
        raise validation_error("StackName or an existing ChangeSetName must be specified")
    stack = store.get(given["StackName"], region)
    if stack.deployment is None:
        return {"StagesAvailable": []}  # Under review: the CDK CLI reads this as an empty template.
    return _template(stack.deployment.template.text)


def _template(text: str) -> Result:
    return {"TemplateBody": text, "StagesAvailable": ["Original", "Processed"]}


def list_exports(store: Store, region: str, _given: Arguments) -> Result:
    """What the region's stacks export."""
    return {
        "Exports": [
            {"ExportingStackId": stack.stack_id, "Name": name, "Value": output.value}
            for name, (stack, output) in sorted(store.exports(region).items())
        ]
    }


def list_imports(store: Store, region: str, given: Arguments) -> Result:
    """The stacks that import an export."""
    name = given["ExportName"]
    users = store.importers(name, region)
    if not users:
        raise validation_error(f"Export '{name}' is not imported by any stack.")
    return {"Imports": users}
