"""The WSGI application for Lambda: moto's, except that a function which is invoked really runs.

moto holds functions and describes them, and can run them in Docker only. Here, what is created or updated is looked
at as it passes, its code is kept by its hash, and an invocation is a process of this machine.

Source: Lambda API Reference: Invoke, CreateFunction, UpdateFunctionCode, UpdateFunctionConfiguration.
"""

from __future__ import annotations

import base64
import json
import logging
import re
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from botocore.exceptions import BotoCoreError, ClientError
from werkzeug.wrappers import Request, Response

from batchyard.local.functions.invocation import Function, Invocation, Result
from batchyard.local.runners.launch import LogTarget
from batchyard.local.runners.logs import Lines, LogGroupError, LogStream
from batchyard.local.signature import scope

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_LOG = logging.getLogger(__name__)

_FUNCTIONS = re.compile(r"^/2015-03-31/functions(?:/(?P<name>[^/]+)(?:/(?P<part>code|configuration|invocations))?)?/?$")
_TAIL_BYTES = 4096
_DEFAULT_REGION = "us-east-1"


class InvocationRefusedError(Exception):
    """An invocation that cannot be; the message says why."""


@dataclass
class FunctionsApplication:
    """Lambda of the local account, in front of `others`."""

    clients: Callable[[str, str], Any]
    """boto3 clients of this account, by service and region."""
    endpoint: str
    others: WSGIApplication
    codes: dict[str, bytes] = field(default_factory=dict)
    """Archives by CodeSha256: an older version of a function has older code."""
    log_groups: dict[tuple[str, str], str] = field(default_factory=dict)
    """Log groups of functions that name one, by region and function: moto drops LoggingConfig."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    running: list[Invocation] = field(default_factory=list)
    is_closed: bool = False

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        signed = scope(environ)
        region = signed.region if signed else _DEFAULT_REGION
        asked = _FUNCTIONS.match(request.path)
        if asked is None or request.method not in ("POST", "PUT"):
            return self.others(environ, start_response)
        if asked["part"] == "invocations":
            response = self._invoke(request, unquote(asked["name"]), region)
        else:
            response = self._pass_on(request, region)
        return response(environ, start_response)

    def close(self) -> None:
        """Kill every invocation that runs."""
        with self.lock:
            self.is_closed = True
            running = list(self.running)
        for invocation in running:
            invocation.end()

    def _pass_on(self, request: Request, region: str) -> Response:
        """Let moto create or update a function, and keep what moto does not give back."""
        body = request.get_data()
        request.environ["wsgi.input"] = BytesIO(body)
        response = Response.from_app(self.others, request.environ, buffered=True)
        if response.status_code < 300:
            asked, made = json.loads(body), json.loads(response.get_data())
            code = self._code(asked.get("Code") or asked, region)
            if code is not None:
                self.codes[made["CodeSha256"]] = code
            if group := asked.get("LoggingConfig", {}).get("LogGroup"):
                self.log_groups[region, made["FunctionName"]] = group
        return response

    def _code(self, given: Mapping[str, Any], region: str) -> bytes | None:
        """The archive that a request brings or names; None for one that is about something else."""
        if "ZipFile" in given:
            return base64.b64decode(given["ZipFile"])
        if "S3Bucket" in given:
            version = {"VersionId": given["S3ObjectVersion"]} if "S3ObjectVersion" in given else {}
            found = self.clients("s3", region).get_object(Bucket=given["S3Bucket"], Key=given["S3Key"], **version)
            archive: bytes = found["Body"].read()
            return archive
        return None

    def _invoke(self, request: Request, name: str, region: str) -> Response:
        try:
            event = json.loads(request.get_data() or b"{}")
            function = self._function(name, request.args.get("Qualifier"), region)
        except ValueError as error:
            return _refusal("InvalidRequestContentException", f"Could not parse request body into json: {error}")
        except InvocationRefusedError as error:
            return _refusal("InvalidParameterValueException", str(error))
        except ClientError as error:
            told = error.response["Error"]
            return _refusal(str(told.get("Code")), str(told.get("Message")), error.response["ResponseMetadata"])
        kind = request.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if kind == "DryRun":
            return Response(status=204)
        if kind == "Event":
            threading.Thread(target=self._run, args=(function, event), daemon=True).start()
            return Response(status=202)
        result = self._run(function, event)
        headers = {"X-Amz-Executed-Version": function.configuration["Version"]}
        if result.failed:
            headers["X-Amz-Function-Error"] = "Unhandled"
        if request.headers.get("X-Amz-Log-Type") == "Tail":
            headers["X-Amz-Log-Result"] = base64.b64encode(result.output[-_TAIL_BYTES:]).decode()
        return Response(json.dumps(result.payload), 200, headers, content_type="application/json")

    def _function(self, name: str, qualifier: str | None, region: str) -> Function:
        """The function that an invocation names. Raises a ClientError of Lambda's, or why it cannot run here."""
        which = {"Qualifier": qualifier} if qualifier else {}
        configuration = self.clients("lambda", region).get_function_configuration(FunctionName=name, **which)
        runtime = str(configuration.get("Runtime"))
        if not runtime.startswith("python"):
            raise InvocationRefusedError(
                f"The local account runs functions of Python only, and {configuration['FunctionName']} has runtime "
                f"{runtime}."
            )
        code = self.codes.get(configuration["CodeSha256"])
        if code is None or not zipfile.is_zipfile(BytesIO(code)):
            raise InvocationRefusedError(
                f"The local account does not have the code of {configuration['FunctionName']}: it runs what is given "
                "as a zip archive, inline or in this account's S3."
            )
        own = self.log_groups.get((region, configuration["FunctionName"]))
        return Function(configuration, code, region, own or f"/aws/lambda/{configuration['FunctionName']}")

    def _run(self, function: Function, event: Any) -> Result:
        """Run it, and write its output to its log group."""
        invocation = Invocation(function, self.endpoint)
        with self._listed(invocation):
            result = invocation.run(event)
        self._write_log(invocation, result)
        return result

    @contextmanager
    def _listed(self, invocation: Invocation) -> Iterator[None]:
        with self.lock:
            self.running.append(invocation)
            if self.is_closed:
                invocation.end()
        try:
            yield
        finally:
            with self.lock:
                self.running.remove(invocation)

    def _write_log(self, invocation: Invocation, result: Result) -> None:
        function, request_id = invocation.function, invocation.request_id
        target = LogTarget(function.region, function.log_group, invocation.stream, creates_group=True)
        stream = LogStream(lambda region: self.clients("logs", region), target)
        lines = Lines()
        version = function.configuration["Version"]
        ending = f"{json.dumps(result.payload)}\n" if result.failed else ""
        told = (
            f"START RequestId: {request_id} Version: {version}\n".encode()
            + result.output
            + f"{ending}END RequestId: {request_id}\n"
            f"REPORT RequestId: {request_id}\tDuration: {result.milliseconds:.2f} ms\n".encode()
        )
        try:
            stream.open()
            stream.add([*lines.feed(told), *lines.rest()])
            stream.flush()
        except (LogGroupError, BotoCoreError, ClientError) as error:
            _LOG.warning("the output of function %s is lost: %s", function.configuration["FunctionName"], error)


def _refusal(code: str, message: str, answered: Mapping[str, Any] | None = None) -> Response:
    """An error as Lambda words it."""
    status = (answered or {}).get("HTTPStatusCode", 400)
    body = json.dumps({"Type": "User", "Message": message})
    return Response(body, status, {"x-amzn-ErrorType": code}, content_type="application/json")
