"""CloudFormation's operations on change sets: arguments in, result out."""

from __future__ import annotations

from batchyard.local.cloudformation import describe
from batchyard.local.cloudformation.api import CREATABLE, Api, Arguments, Result, check_updatable
from batchyard.local.cloudformation.changeset import NO_CHANGES, ChangeSet, change_set_not_found, described_changes
from batchyard.local.cloudformation.errors import CloudFormationError, validation_error
from batchyard.local.cloudformation.requests import changes_anything, planned, target_of
from batchyard.local.cloudformation.stack import Stack


def _find_change_set(api: Api, region: str, given: Arguments) -> ChangeSet | None:
    name = given["ChangeSetName"]
    if name.startswith("arn:"):
        return api.store.change_sets.get(name)
    if not given.get("StackName"):
        raise validation_error("StackName must be specified if ChangeSetName is not specified as an ARN.")
    stack = api.store.get(given["StackName"], region)
    for change in reversed(list(api.store.change_sets.values())):
        if change.stack is stack and change.name == name:
            return change
    return None


def _get_change_set(api: Api, region: str, given: Arguments) -> ChangeSet:
    change = _find_change_set(api, region, given)
    if change is None:
        raise change_set_not_found(given["ChangeSetName"])
    return change


def create_change_set(api: Api, region: str, given: Arguments) -> Result:
    """Plan a creation or update. The plan is made before this answers."""
    kind, name = given.get("ChangeSetType", "UPDATE"), given["StackName"]
    if kind == "IMPORT" or given.get("ResourcesToImport"):
        raise validation_error("The local account cannot import resources into a stack.")
    with api.store.lock:
        stack = _stack_for_change_set(api, region, name, kind)
        if any(c.stack is stack and c.name == given["ChangeSetName"] for c in api.store.change_sets.values()):
            raise CloudFormationError(
                "AlreadyExistsException", f"ChangeSet {given['ChangeSetName']} cannot be created due to a name conflict"
            )
        change = ChangeSet(given["ChangeSetName"], stack, kind, None, (), given.get("Description"))
        change.on_stack_failure = given.get("OnStackFailure")
        target = target_of(api.store, stack, given)
        change.target = target
        try:
            change.changes = planned(api.store, stack, target)
        except CloudFormationError as error:
            change.fail(error.message)
        else:
            if not changes_anything(stack, target, change.changes):
                change.fail(NO_CHANGES)
        api.store.stacks.setdefault(stack.stack_id, stack)
        api.store.change_sets[change.change_set_id] = change
    return {"Id": change.change_set_id, "StackId": stack.stack_id}


def _stack_for_change_set(api: Api, region: str, name: str, kind: str) -> Stack:
    stack = api.store.find(name, region)
    if kind == "CREATE":
        if stack is not None and stack.status != "REVIEW_IN_PROGRESS":
            raise CloudFormationError("AlreadyExistsException", f"Stack [{name}] already exists")
        if stack is None:
            stack = Stack.new(name, region)
            stack.enter("REVIEW_IN_PROGRESS", "User Initiated")
        return stack
    if stack is None:
        raise validation_error(f"Stack [{name}] does not exist")
    check_updatable(stack)
    return stack


def describe_change_set(api: Api, region: str, given: Arguments) -> Result:
    """A change set with its changes."""
    change = _get_change_set(api, region, given)
    values = bool(given.get("IncludePropertyValues"))
    return describe.change_set(change) | {
        "Changes": described_changes(change, values=values),
    }


def execute_change_set(api: Api, region: str, given: Arguments) -> Result:
    """Start what the change set plans; answers at once."""
    with api.store.lock:
        change = _get_change_set(api, region, given)
        if change.execution_status != "AVAILABLE":
            raise CloudFormationError(
                "InvalidChangeSetStatus",
                f"ChangeSet [{change.change_set_id}] cannot be executed in its current status of [{change.status}], "
                f"execution status [{change.execution_status}]",
            )
        stack = change.stack
        if stack.status not in CREATABLE:
            check_updatable(stack)
        api.deploy(
            stack,
            change,
            disable_rollback=bool(given.get("DisableRollback")),
            token=given.get("ClientRequestToken"),
        )
        for other in list(api.store.change_sets.values()):
            if other.stack is stack and other is not change:
                del api.store.change_sets[other.change_set_id]
    return {}


def delete_change_set(api: Api, region: str, given: Arguments) -> Result:
    """Delete a change set; one that is not there is no error, as in AWS."""
    with api.store.lock:
        change = _find_change_set(api, region, given)
        if change is not None:
            del api.store.change_sets[change.change_set_id]
    return {}


def list_change_sets(api: Api, region: str, given: Arguments) -> Result:
    """The change sets of a stack."""
    stack = api.store.get(given["StackName"], region)
    mine = [change for change in api.store.change_sets.values() if change.stack is stack]
    return {"Summaries": [describe.change_set(change) for change in mine]}
