"""What the operations share: the stacks, and the threads that work on them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from batchyard.local.cloudformation import describe
from batchyard.local.cloudformation.changeset import ChangeSet
from batchyard.local.cloudformation.engine import Engine
from batchyard.local.cloudformation.errors import validation_error
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


def check_updatable(stack: Stack) -> None:
    """Refuse an update while another operation works on the stack, or after one that only a deletion can follow."""
    if stack.status not in UPDATABLE:
        raise validation_error(f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")
