"""CloudFormation's operations that change stacks, and those that judge a template: arguments in, result out."""

from __future__ import annotations

from batchyard.local.cloudformation import describe
from batchyard.local.cloudformation.api import Api, Arguments, Result, check_updatable
from batchyard.local.cloudformation.changeset import ChangeSet
from batchyard.local.cloudformation.errors import CloudFormationError, validation_error
from batchyard.local.cloudformation.requests import changes_anything, planned, target_of, template_of
from batchyard.local.cloudformation.stack import Stack


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
        check_updatable(stack)
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
