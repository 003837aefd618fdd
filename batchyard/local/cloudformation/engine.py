"""The stack's state machine: create or update, roll back, delete.

Statuses and their order are those of the CloudFormation User Guide:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace

from batchyard.local.cloudformation.errors import CloudFormationError
from batchyard.local.cloudformation.graph import order
from batchyard.local.cloudformation.intrinsics import resolve, text
from batchyard.local.cloudformation.plan import dependencies, with_stack_tags
from batchyard.local.cloudformation.resources.call import Client
from batchyard.local.cloudformation.resources.registry import resource_type
from batchyard.local.cloudformation.scope import TemplateScope
from batchyard.local.cloudformation.stack import (
    RETAINING,
    Deployment,
    Output,
    Stack,
    StackResource,
    now,
)
from batchyard.local.cloudformation.store import Store
from batchyard.local.cloudformation.worker import ResourceFailedError, ResourceWorker


@dataclass
class Run:
    """What one operation has done so far, so that it can be finished or undone."""

    may_replace: bool = True
    created: list[str] = field(default_factory=list)
    replaced: dict[str, StackResource] = field(default_factory=dict)
    """The resources as they were before their replacement."""
    superseded: list[StackResource] = field(default_factory=list)
    """Custom resources as they were before an update that their function answered with another physical id."""


@dataclass(frozen=True)
class Engine:
    """Works on stacks, in the thread it is called from."""

    store: Store
    clients: Callable[[str, str], Client]

    def deploy(self, stack: Stack, target: Deployment, *, disable_rollback: bool = False) -> None:
        """Bring the stack, whose status is CREATE_IN_PROGRESS or UPDATE_IN_PROGRESS, to the target."""
        creating = stack.status == "CREATE_IN_PROGRESS"
        previous = stack.deployment
        run = Run(may_replace=not disable_rollback)
        try:
            outputs = self._reach(stack, target, run)
        except (ResourceFailedError, CloudFormationError) as failure:
            reason = _failure_reason(failure, creating and not disable_rollback)
            if disable_rollback:
                stack.deployment = target
                stack.rollback_to = stack.rollback_to or previous
                stack.enter("CREATE_FAILED" if creating else "UPDATE_FAILED", reason)
            elif creating or previous is None:
                stack.deployment = target
                self._undo_creation(stack, reason)
            else:
                self._undo_update(stack, previous, run, reason)
            return
        stack.deployment, stack.rollback_to = target, None
        stack.outputs = outputs
        if creating:
            stack.enter("CREATE_COMPLETE")
            return
        stack.enter("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        self._clean_up(stack, self._leftovers(stack, target, run))
        stack.enter("UPDATE_COMPLETE")

    def roll_back(self, stack: Stack) -> None:
        """RollbackStack, ContinueUpdateRollback: return to the last deployment that was complete."""
        previous = stack.rollback_to or stack.deployment
        if stack.status == "ROLLBACK_IN_PROGRESS" or previous is None:
            self._undo_creation(stack, None)
        else:
            self._undo_update(stack, previous, Run(), None)

    def delete(self, stack: Stack, retained: Iterable[str] = ()) -> None:
        """Delete a stack whose status is DELETE_IN_PROGRESS."""
        users = self.store.importers_of(stack)
        if users:
            export, user = users[0]
            stack.enter("DELETE_FAILED", f"Delete canceled. Cannot delete export {export} as it is in use by {user}.")
            return
        failed = self._delete_resources(stack, skip=set(retained))
        if failed:
            stack.enter("DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(failed)}]. ")
            return
        stack.outputs = ()
        stack.deleted = now()
        stack.enter("DELETE_COMPLETE")

    # -- forward -----------------------------------------------------------------------------------------

    def _reach(self, stack: Stack, target: Deployment, run: Run) -> tuple[Output, ...]:
        worker = ResourceWorker(stack, self.clients, self.store)
        scope = self._scope(stack, target)
        needs = dependencies(scope)
        for name in needs:
            self._settle(worker, scope, name, needs[name], run)
        outputs = self._outputs(scope)
        self.store.check_exports(stack, outputs)
        return outputs

    def _settle(self, worker: ResourceWorker, scope: TemplateScope, name: str, needs: frozenset[str], run: Run) -> None:
        """Create, update, replace or leave one resource."""
        resource = scope.template.resources[name]
        kind = resource_type(resource.type_name)
        stack = worker.stack
        try:
            resolved = resolve(resource.properties, scope)
        except CloudFormationError as error:
            raise worker.refuse(resource, needs, error) from error
        properties = with_stack_tags(kind, resolved, scope.tags)
        current = stack.resources.get(name)
        if current is not None and current.status == "CREATE_FAILED":
            worker.delete(current)
            current = None
        if current is None:
            run.created.append(name)
            worker.create(resource, properties, needs)
            return
        changed, replaces = worker.changed(current, properties)
        if not changed and current.attempted is None:
            stack.keep(
                replace(
                    current,
                    status=current.status.replace("UPDATE_FAILED", "UPDATE_COMPLETE"),
                    metadata=resource.metadata,
                    deletion_policy=resource.deletion_policy,
                    update_replace_policy=resource.update_replace_policy,
                    depends_on=needs,
                )
            )
        elif replaces:
            worker.check_replaceable(current, resource, properties, needs, allowed=run.may_replace)
            stack.record(
                name,
                current.physical_id,
                current.type_name,
                "UPDATE_IN_PROGRESS",
                "Requested update requires the creation of a new physical resource; hence creating one.",
            )
            run.replaced[name] = current
            entry = worker.create(resource, properties, needs)
            stack.keep(replace(entry, status="UPDATE_COMPLETE"))
            stack.record(name, entry.physical_id, entry.type_name, "UPDATE_COMPLETE")
        else:
            entry = worker.update(current, resource, properties, needs)
            if kind.provided and entry.physical_id != current.physical_id:
                run.superseded.append(current)

    def _scope(self, stack: Stack, target: Deployment) -> TemplateScope:
        return TemplateScope(
            target.template,
            target.parameters,
            self.store.surroundings(stack),
            lambda name: stack.resources[name].physical_id,
            lambda name, key: _attribute(stack.resources[name], key),
            target.tags,
        )

    @staticmethod
    def _outputs(scope: TemplateScope) -> tuple[Output, ...]:
        outputs = []
        for key, entry in scope.template.section("Outputs").items():
            if "Condition" in entry and not scope.condition(entry["Condition"]):
                continue
            export = entry.get("Export", {}).get("Name")
            outputs.append(
                Output(
                    key,
                    text(resolve(entry["Value"], scope)),
                    entry.get("Description"),
                    None if export is None else text(resolve(export, scope)),
                )
            )
        return tuple(outputs)

    # -- back --------------------------------------------------------------------------------------------

    def _undo_creation(self, stack: Stack, reason: str | None) -> None:
        if stack.status != "ROLLBACK_IN_PROGRESS":  # A rollback that was asked for has entered it already.
            stack.enter("ROLLBACK_IN_PROGRESS", reason)
        failed = self._delete_resources(stack, creation_rolled_back=True)
        if failed:
            stack.enter("ROLLBACK_FAILED", f"The following resource(s) failed to delete: [{', '.join(failed)}]. ")
        else:
            stack.enter("ROLLBACK_COMPLETE")

    def _undo_update(self, stack: Stack, previous: Deployment, run: Run, reason: str | None) -> None:
        if stack.status != "UPDATE_ROLLBACK_IN_PROGRESS":
            stack.enter("UPDATE_ROLLBACK_IN_PROGRESS", reason)
        leftovers = []
        for name, old in run.replaced.items():
            leftovers.append(stack.resources[name])
            stack.keep(old)
        for name in run.created:
            if name in stack.resources:
                leftovers.append(stack.resources[name])
                stack.drop(name)
        again = Run(superseded=run.superseded)
        try:
            stack.outputs = self._reach(stack, previous, again)
        except (ResourceFailedError, CloudFormationError) as failure:
            for entry in leftovers:
                if entry.logical_id not in stack.resources:
                    stack.keep(entry)
            stack.enter("UPDATE_ROLLBACK_FAILED", _failure_reason(failure, creating=False))
            return
        stack.deployment, stack.rollback_to = previous, None
        stack.enter("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        self._clean_up(stack, [*leftovers, *self._leftovers(stack, previous, again)], created_now=True)
        stack.enter("UPDATE_ROLLBACK_COMPLETE")

    def _leftovers(self, stack: Stack, target: Deployment, run: Run) -> list[StackResource]:
        """What an operation has made superfluous, taken out of the stack: replaced and removed resources.

        A replaced resource goes by its UpdateReplacePolicy, a removed one by its DeletionPolicy.
        """
        scope = self._scope(stack, target)
        removed = [entry for entry in stack.resources.values() if not _wanted(scope, entry.logical_id)]
        for entry in removed:
            stack.drop(entry.logical_id)
        superseded = [
            entry
            for entry in run.superseded
            if entry.logical_id not in stack.resources
            or entry.physical_id != stack.resources[entry.logical_id].physical_id
        ]
        replaced = [
            replace(entry, deletion_policy=entry.update_replace_policy)
            for entry in (*run.replaced.values(), *superseded)
        ]
        return [*replaced, *removed]

    def _clean_up(self, stack: Stack, entries: list[StackResource], *, created_now: bool = False) -> None:
        worker = ResourceWorker(stack, self.clients, self.store)
        for entry in _reversed(entries):
            if _retained(entry, created_now):
                worker.skip(entry)
                continue
            try:
                worker.delete(entry)
            except ResourceFailedError:
                # As in AWS, what cannot be cleaned up is left behind with an event that says so.
                continue

    def _delete_resources(
        self, stack: Stack, skip: Collection[str] = (), *, creation_rolled_back: bool = False
    ) -> list[str]:
        worker = ResourceWorker(stack, self.clients, self.store)
        failed: list[str] = []
        for entry in _reversed(stack.resources.values()):
            if entry.status in ("DELETE_COMPLETE", "DELETE_SKIPPED"):
                continue  # The stack let go of it in an earlier operation: what bears its name now is not the stack's.
            if entry.logical_id in skip or _retained(entry, creation_rolled_back):
                worker.skip(entry)
                stack.keep(replace(entry, status="DELETE_SKIPPED", timestamp=now()))
                continue
            try:
                worker.delete(entry)
                stack.keep(replace(entry, status="DELETE_COMPLETE", timestamp=now()))
            except ResourceFailedError as failure:
                failed.append(entry.logical_id)
                stack.keep(replace(entry, status="DELETE_FAILED", reason=str(failure), timestamp=now()))
        return failed


def _attribute(entry: StackResource, key: str) -> object:
    if key not in entry.attributes:
        known = ", ".join(sorted(entry.attributes)) or "none"
        raise CloudFormationError(
            "ValidationError",
            f"Requested attribute {key} does not exist in schema for {entry.type_name}. The local account knows: "
            f"{known}.",
        )
    return entry.attributes[key]


def _wanted(scope: TemplateScope, name: str) -> bool:
    return name in scope.template.resources and scope.wanted(name)


def _retained(entry: StackResource, created_now: bool) -> bool:
    if entry.status == "CREATE_FAILED":
        return False  # It never became the stack's: a fixed name that it left behind would block the next try.
    if entry.deletion_policy == "RetainExceptOnCreate" and created_now:
        return False
    return entry.deletion_policy in RETAINING and bool(entry.physical_id)


def _reversed(entries: Iterable[StackResource]) -> list[StackResource]:
    """The entries so that each comes before what it depends on."""
    listed = list(entries)
    position = {name: index for index, name in enumerate(order({e.logical_id: e.depends_on for e in listed}))}
    return sorted(listed, key=lambda entry: position[entry.logical_id], reverse=True)


def _failure_reason(failure: Exception, creating: bool) -> str:
    if isinstance(failure, ResourceFailedError):
        verb = "create" if failure.verb == "CREATE" else failure.verb.lower()
        reason = f"The following resource(s) failed to {verb}: [{failure.logical_id}]. "
        return reason + "Rollback requested by user." if creating else reason
    return getattr(failure, "message", str(failure))
