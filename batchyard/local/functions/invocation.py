"""One invocation: a function's code, unpacked into a folder of its own, run by this Python under a time limit.

Source: AWS Lambda Developer Guide, "Defined runtime environment variables"; Invoke in the Lambda API Reference.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from batchyard.local.runners.scratch import CONTAINER_PATH, account_environment

_HERE = Path(__file__).parent
BOOTSTRAP, LAYER = _HERE / "bootstrap.py", _HERE / "layer"


@dataclass(frozen=True)
class Function:
    """A function, ready to run."""

    configuration: Mapping[str, Any]
    """GetFunctionConfiguration's answer."""
    code: bytes
    """A zip archive."""
    region: str
    log_group: str

    @property
    def timeout(self) -> int:
        """Seconds that an invocation may take."""
        return int(self.configuration["Timeout"])


@dataclass(frozen=True)
class Result:
    """How an invocation ended."""

    payload: Any
    failed: bool
    output: bytes
    """What the function wrote to standard output and error."""
    milliseconds: float


@dataclass
class Invocation:
    """One run of a function for one event."""

    function: Function
    endpoint_url: str
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    stream: str = field(default_factory=lambda: f"{datetime.now(timezone.utc):%Y/%m/%d}/[$LATEST]{uuid.uuid4().hex}")
    _process: subprocess.Popen[bytes] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _is_ended: bool = False

    def run(self, event: Any) -> Result:
        """Run it to its end, or to the end of its time; nothing that it started is left."""
        with tempfile.TemporaryDirectory(prefix="batchyard-function-") as name:
            folder = Path(name)
            began = time.monotonic()
            payload = self._carry_out(folder, event)
            failed = payload["error"]
            log = folder / "log"
            output = log.read_bytes() if log.is_file() else b""
            return Result(payload["payload"], failed, output, (time.monotonic() - began) * 1000)

    def end(self) -> None:
        """Kill it, whether or not it runs already."""
        with self._lock:
            self._is_ended = True
            if self._process is not None:
                _kill_group(self._process)

    def _carry_out(self, folder: Path, event: Any) -> dict[str, Any]:
        code = folder / "code"
        with zipfile.ZipFile(io.BytesIO(self.function.code)) as archive:
            archive.extractall(code)
        (folder / "home").mkdir()
        described = {**self._context(), "ends_at": time.time() + self.function.timeout}
        (folder / "event.json").write_text(json.dumps({"event": event, "context": described}))
        with (folder / "log").open("wb") as log, self._lock:
            if self._is_ended:
                return self._failure("Runtime.ExitError", "The local account ends")
            self._process = subprocess.Popen(
                [sys.executable, str(BOOTSTRAP), self.function.configuration["Handler"]],
                cwd=folder,
                env=self._environment(folder),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            status = self._process.wait(self.function.timeout)
        except subprocess.TimeoutExpired:
            message = f"Task timed out after {self.function.timeout:.2f} seconds"
            return self._failure("Sandbox.Timedout", message)
        finally:
            _kill_group(self._process)
            self._process.wait()
        answered = folder / "result.json"
        if not answered.is_file():
            ended = f"signal: {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
            return self._failure("Runtime.ExitError", f"Error: Runtime exited with error: {ended}")
        told: dict[str, Any] = json.loads(answered.read_text())
        return told

    def _failure(self, kind: str, message: str) -> dict[str, Any]:
        told = {"errorType": kind, "errorMessage": f"RequestId: {self.request_id} {message}"}
        return {"error": True, "payload": told}

    def _context(self) -> dict[str, Any]:
        configuration = self.function.configuration
        return {
            "function_name": configuration["FunctionName"],
            "function_version": configuration["Version"],
            "invoked_function_arn": configuration["FunctionArn"],
            "memory_limit_in_mb": str(configuration["MemorySize"]),
            "aws_request_id": self.request_id,
            "log_group_name": self.function.log_group,
            "log_stream_name": self.stream,
        }

    def _environment(self, folder: Path) -> dict[str, str]:
        """Lambda's variables, then the function's own: none of this process."""
        configuration = self.function.configuration
        return {
            "PATH": CONTAINER_PATH,
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "home"),
            "PYTHONPATH": str(LAYER),
            "PYTHONUNBUFFERED": "1",
            "_HANDLER": configuration["Handler"],
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{configuration['Runtime']}",
            "AWS_LAMBDA_FUNCTION_NAME": configuration["FunctionName"],
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration["MemorySize"]),
            "AWS_LAMBDA_FUNCTION_VERSION": configuration["Version"],
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": self.function.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": self.stream,
            "AWS_REGION": self.function.region,
            "AWS_DEFAULT_REGION": self.function.region,
            "LAMBDA_TASK_ROOT": str(folder / "code"),
            **account_environment(self.endpoint_url),
            **configuration.get("Environment", {}).get("Variables", {}),
        }


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
