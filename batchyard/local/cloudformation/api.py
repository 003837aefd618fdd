"""CloudFormation's operations: arguments in, result out. Work on stacks goes on in threads of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from batchyard.local.cloudformation import describe, queries
from batchyard.local.cloudformation.changeset import (
    NO_CHANGES,
    ChangeSet,
    change_set_not_found,
    described_changes,
)
from batchyard.local.cloudformation.engine import Engine
from batchyard.local.cloudformation.errors import CloudFormationError, validation_error
from batchyard.local.cloudformation.requests import changes_anything, planned, target_of, template_of
from batchyard.local.cloudformation.stack import Stack, now
from batchyard.local.cloudformation.store import Store

_LOG = logging.getLogger(__name__)

Arguments = Mapping[str, Any]
Result = Mapping[str, Any]

CREATABLE = frozenset({"REVIEW_IN_PROGRESS"})
UPDATABLE = frozenset(
    {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "CREATE_FAILED", "UPDATE_FAILED"}
)


@dataclass
class Api:
    """The stacks of the account, and the threads that work on them."""

    store: Store
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def engine(self) -> Engine:
        """The engine over this store."""
        return Engine(self.store, self.store.clients)

    def start(self, stack: Stack, status: str, work: Callable[[], None], *, token: str | None = None) -> None:
        """Enter the status and do the work in a thread; the caller holds the store's lock."""
        stack.operation_id, stack.token = describe.new_operation_id(), token
        stack.enter(status, "User Initiated")
        stack.settled.clear()

        def run() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - a stack must not stay in progress for ever
                _LOG.exception("The operation on stack %s broke off", stack.name)
                failed = stack.status.replace("_COMPLETE_CLEANUP", "").replace("_IN_PROGRESS", "_FAILED")
                stack.enter(failed, f"Internal failure of the local account: {type(error).__name__}: {error}")
            finally:
                stack.settled.set()

        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=run, name=f"cloudformation-{stack.name}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def join(self, timeout: float) -> None:
        """Wait for the threads, all together at most `timeout` seconds."""
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def deploy(
        self, stack: Stack, change: ChangeSet, *, disable_rollback: bool = False, token: str | None = None
    ) -> None:
        """Start the creation or update that a change set plans."""
        target = change.target
        assert target is not None
        creating = stack.status in CREATABLE
        if not creating:
            stack.updated = now()
        stack.change_set_id, stack.disable_rollback = change.change_set_id, disable_rollback
        stop = disable_rollback or change.on_stack_failure == "DO_NOTHING"

        def work() -> None:
            self.engine.deploy(stack, target, disable_rollback=stop)
            succeeded = stack.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
            change.execution_status = "EXECUTE_COMPLETE" if succeeded else "EXECUTE_FAILED"
            if stack.status == "ROLLBACK_COMPLETE" and change.on_stack_failure == "DELETE":
                stack.enter("DELETE_IN_PROGRESS")
                self.engine.delete(stack)

        change.execution_status = "EXECUTE_IN_PROGRESS"
        self.start(stack, "CREATE_IN_PROGRESS" if creating else "UPDATE_IN_PROGRESS", work, token=token)


# -- change sets -----------------------------------------------------------------------------------------


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
    _check_updatable(stack)
    return stack


def _check_updatable(stack: Stack) -> None:
    if stack.status not in UPDATABLE:
        raise validation_error(f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")


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
            _check_updatable(stack)
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


# -- stacks ----------------------------------------------------------------------------------------------


def create_stack(api: Api, region: str, given: Arguments) -> Result:
    """Create a stack without a change set."""
    name = given["StackName"]
    with api.store.lock:
        if api.store.find(name, region) is not None:
            raise CloudFormationError("AlreadyExistsException", f"Stack [{name}] already exists")
        stack = Stack.new(name, region)
        stack.termination_protection = bool(given.get("EnableTerminationProtection"))
        change = _direct_change(api, stack, given)
        failure = given.get("OnFailure")
        change.on_stack_failure = failure
        api.store.stacks[stack.stack_id] = stack
        api.deploy(
            stack,
            change,
            disable_rollback=bool(given.get("DisableRollback")),
            token=given.get("ClientRequestToken"),
        )
    return {"StackId": stack.stack_id}


def update_stack(api: Api, region: str, given: Arguments) -> Result:
    """Update a stack without a change set."""
    with api.store.lock:
        stack = api.store.get(given["StackName"], region)
        _check_updatable(stack)
        change = _direct_change(api, stack, given)
        assert change.target is not None
        if not changes_anything(stack, change.target, change.changes):
            raise validation_error("No updates are to be performed.")
        api.deploy(
            stack,
            change,
            disable_rollback=bool(given.get("DisableRollback")),
            token=given.get("ClientRequestToken"),
        )
    return {"StackId": stack.stack_id}


def _direct_change(api: Api, stack: Stack, given: Arguments) -> ChangeSet:
    target = target_of(api.store, stack, given)
    change = ChangeSet("direct", stack, "", target, planned(api.store, stack, target), None)
    change.change_set_id = ""
    return change


def delete_stack(api: Api, region: str, given: Arguments) -> Result:
    """Start the deletion; a stack that is not there is no error, as in AWS."""
    with api.store.lock:
        stack = api.store.find(given["StackName"], region)
        if stack is None or stack.status == "DELETE_COMPLETE":
            return {}
        if stack.termination_protection:
            raise validation_error(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        if stack.in_progress:
            raise validation_error(f"Stack:{stack.stack_id} is in {stack.status} state and can not be deleted.")
        retained = given.get("RetainResources", [])
        if retained and stack.status != "DELETE_FAILED":
            raise validation_error("Invalid operation on stack. RetainResources needs the state DELETE_FAILED.")
        api.start(
            stack,
            "DELETE_IN_PROGRESS",
            lambda: api.engine.delete(stack, retained),
            token=given.get("ClientRequestToken"),
        )
    return {}


def roll_back(api: Api, region: str, given: Arguments) -> Result:
    """RollbackStack and ContinueUpdateRollback."""
    statuses = {
        "CREATE_FAILED": "ROLLBACK_IN_PROGRESS",
        "UPDATE_FAILED": "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_FAILED": "UPDATE_ROLLBACK_IN_PROGRESS",
    }
    with api.store.lock:
        stack = api.store.get(given["StackName"], region)
        if stack.status not in statuses:
            raise validation_error(
                f"Stack:{stack.stack_id} is in {stack.status} state and can not be rolled back. "
                f"Allowed: {', '.join(statuses)}."
            )
        if given.get("ResourcesToSkip"):
            raise validation_error("The local account does not support ResourcesToSkip.")
        api.start(stack, statuses[stack.status], lambda: api.engine.roll_back(stack))
    return {"StackId": stack.stack_id}


def update_termination_protection(api: Api, region: str, given: Arguments) -> Result:
    """Switch termination protection."""
    stack = api.store.get(given["StackName"], region)
    stack.termination_protection = given["EnableTerminationProtection"]
    return {"StackId": stack.stack_id}


def get_template_summary(api: Api, region: str, given: Arguments) -> Result:
    """What a template declares."""
    return describe.template_summary(template_of(api.store, region, given))


def validate_template(api: Api, region: str, given: Arguments) -> Result:
    """Whether a template is well formed, and what it declares."""
    summary = describe.template_summary(template_of(api.store, region, given))
    return {key: summary.get(key) for key in ("Parameters", "Description", "Capabilities", "CapabilitiesReason")}


# -- the table -------------------------------------------------------------------------------------------

Operation = Callable[[Api, str, Arguments], Result]


def _read(query: Callable[[Store, str, Arguments], Result]) -> Operation:
    return lambda api, region, given: query(api.store, region, given)


OPERATIONS: Mapping[str, Operation] = {
    "ContinueUpdateRollback": roll_back,
    "CreateChangeSet": create_change_set,
    "CreateStack": create_stack,
    "DeleteChangeSet": delete_change_set,
    "DeleteStack": delete_stack,
    "DescribeChangeSet": describe_change_set,
    "DescribeEvents": _read(queries.describe_events),
    "DescribeStackEvents": _read(queries.describe_stack_events),
    "DescribeStackResource": _read(queries.describe_stack_resource),
    "DescribeStackResources": _read(queries.describe_stack_resources),
    "DescribeStacks": _read(queries.describe_stacks),
    "ExecuteChangeSet": execute_change_set,
    "GetTemplate": _read(queries.get_template),
    "GetTemplateSummary": get_template_summary,
    "ListChangeSets": list_change_sets,
    "ListExports": _read(queries.list_exports),
    "ListImports": _read(queries.list_imports),
    "ListStackResources": _read(queries.list_stack_resources),
    "ListStacks": _read(queries.list_stacks),
    "RollbackStack": roll_back,
    "UpdateStack": update_stack,
    "UpdateTerminationProtection": update_termination_protection,
    "ValidateTemplate": validate_template,
}
