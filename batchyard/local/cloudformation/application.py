"""The WSGI application: CloudFormation's Query API over the engine.

Mounted in front of the other services for requests whose credential scope says `cloudformation`.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import botocore.session
from botocore.model import OperationModel, ServiceModel

from batchyard.local import moto_mends
from batchyard.local.cloudformation.api import Api
from batchyard.local.cloudformation.errors import CloudFormationError
from batchyard.local.cloudformation.operations import OPERATIONS
from batchyard.local.cloudformation.protocol import error_document, parse_input, result_document
from batchyard.local.cloudformation.recorded import recorded
from batchyard.local.cloudformation.resources.call import Client
from batchyard.local.cloudformation.responses import MAXIMUM_BYTES, RESPONSES_PATH
from batchyard.local.cloudformation.store import Store
from batchyard.local.signature import scope

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_LOG = logging.getLogger(__name__)

RECORDED_PATH = "/_batchyard/cloudformation/recorded"
_DEFAULT_REGION = "us-east-1"


class CloudFormationApplication:
    """CloudFormation of the local account."""

    def __init__(self, clients: Callable[[str, str], Client]) -> None:
        moto_mends.install()
        self._store = Store(clients)
        self._api = Api(self._store)
        loader = botocore.session.get_session().get_component("data_loader")
        self._model = ServiceModel(loader.load_service_model("cloudformation", "service-2"), "cloudformation")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if environ.get("PATH_INFO") == RECORDED_PATH:
            return _send(start_response, 200, "application/json", json.dumps(recorded(self._store)).encode())
        if environ.get("PATH_INFO", "").startswith(RESPONSES_PATH):
            return self._take_in(environ, start_response)
        request_id = str(uuid.uuid4())
        try:
            status, body = 200, self._answer(environ, request_id)
        except CloudFormationError as error:
            status, body = error.status, error_document(error, request_id)
        except Exception as error:  # noqa: BLE001 - the last resort of a server
            _LOG.exception("A request to CloudFormation failed")
            # Not a 500: that makes every SDK try again, which hides the fault for a minute and mends nothing.
            fault = CloudFormationError("InternalFailure", f"The local account failed: {type(error).__name__}: {error}")
            status, body = fault.status, error_document(fault, request_id)
        return _send(start_response, status, "text/xml", body)

    def close(self, timeout: float = 10.0) -> None:
        """Wait, at most `timeout` seconds, for operations under way."""
        self._api.join(timeout)

    def _take_in(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """A custom resource's answer."""
        if environ["REQUEST_METHOD"] != "PUT":
            return _send(start_response, 405, "text/plain", b"PUT an answer here.")
        body = environ["wsgi.input"].read(min(int(environ.get("CONTENT_LENGTH") or 0), MAXIMUM_BYTES + 1))
        status, told = self._store.responses.deliver(environ["PATH_INFO"], body)
        return _send(start_response, status, "text/plain", told.encode())

    def _answer(self, environ: WSGIEnvironment, request_id: str) -> bytes:
        form = _form(environ)
        operation = self._operation(form.get("Action", ""))
        signed = scope(environ)
        region = signed.region if signed else _DEFAULT_REGION
        result = OPERATIONS[operation.name](self._api, region, parse_input(operation, form))
        return result_document(operation, result, request_id)

    def _operation(self, name: str) -> OperationModel:
        if name not in OPERATIONS:
            raise CloudFormationError(
                "InvalidAction",
                f"InvalidAction: the local account does not implement {name or 'a request without Action'}",
            )
        return self._model.operation_model(name)


def create_application(clients: Callable[[str, str], Client]) -> CloudFormationApplication:
    """CloudFormation of the local account; `clients(service, region)` gives boto3 clients of that same account.

    The clients must be safe to share between threads, and must not need the thread that answers the request.
    """
    return CloudFormationApplication(clients)


def _form(environ: WSGIEnvironment) -> dict[str, str]:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    sent = environ["wsgi.input"].read(length).decode() if length else environ.get("QUERY_STRING", "")
    return {key: values[-1] for key, values in parse_qs(sent, keep_blank_values=True).items()}


def _send(start_response: StartResponse, status: int, kind: str, body: bytes) -> Iterable[bytes]:
    reason = {200: "OK", 400: "Bad Request", 404: "Not Found"}.get(status, "Error")
    headers: list[tuple[str, Any]] = [("Content-Type", kind), ("Content-Length", str(len(body)))]
    start_response(f"{status} {reason}", headers)
    return [body]
