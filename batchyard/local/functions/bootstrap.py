"""Runs a function's handler once: the first program of an invocation's process.

Run by path, in the invocation's folder, with the handler's name as its one argument. `event.json` there holds the
event and the context; `result.json` gets what the handler answered, or how it failed.

Source: AWS Lambda Developer Guide, "Define Lambda function handler in Python", "Using the Lambda context object to
retrieve Python function information", and the errors that AWS's own runtime reports.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1


class Context:
    """What AWS hands to a handler beside the event."""

    def __init__(self, described: dict[str, Any]) -> None:
        self.function_name: str = described["function_name"]
        self.function_version: str = described["function_version"]
        self.invoked_function_arn: str = described["invoked_function_arn"]
        self.memory_limit_in_mb: str = described["memory_limit_in_mb"]
        self.aws_request_id: str = described["aws_request_id"]
        self.log_group_name: str = described["log_group_name"]
        self.log_stream_name: str = described["log_stream_name"]
        self.identity = None
        self.client_context = None
        self._ends_at: float = described["ends_at"]

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the time limit."""
        return max(0, int((self._ends_at - time.time()) * 1000))


def failure(kind: str, message: str, request_id: str, trace: list[str] | None = None) -> dict[str, Any]:
    """An error in the form of AWS's runtime."""
    told = {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace or []}
    return {"error": True, "payload": told}


def answer(handler: str, event: Any, context: Context) -> dict[str, Any]:
    """What the handler answers, or how it failed; never raises an Exception."""
    module_name, _, name = handler.rpartition(".")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except SyntaxError as error:
        traceback.print_exc()
        return failure("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", "")
    except Exception as error:  # noqa: BLE001 - whatever the module does when it is imported
        traceback.print_exc()
        return failure("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}", "")
    function = getattr(module, name, None)
    if function is None:
        return failure("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module_name}'", "")
    try:
        value = function(event, context)
    except Exception as error:  # noqa: BLE001 - whatever the handler raises is its answer
        traceback.print_exc()
        trace = traceback.format_tb(error.__traceback__)[1:]
        return failure(type(error).__name__, str(error), context.aws_request_id, trace)
    try:
        return {"error": False, "payload": json.loads(json.dumps(value))}
    except (TypeError, ValueError) as error:
        return failure("Runtime.MarshalError", f"Unable to marshal response: {error}", context.aws_request_id)


def main() -> None:
    """Run the handler and leave its answer."""
    if sys.platform == "linux":
        # The server is gone, however it went: so is what it has started.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # This program's own folder gives way to the function's.
    sys.path[0] = str(Path("code").resolve())
    given = json.loads(Path("event.json").read_text())
    result = Path("result.json").resolve()
    result.write_text(json.dumps(answer(sys.argv[1], given["event"], Context(given["context"]))))


if __name__ == "__main__":
    main()
