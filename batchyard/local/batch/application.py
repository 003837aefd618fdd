"""The service as a WSGI application: routing, validation and errors round the table of operations."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from batchyard.local.batch.config import BatchConfig, Clock
from batchyard.local.batch.engine import Engine
from batchyard.local.batch.errors import BatchError, ClientException
from batchyard.local.batch.model import find, request_of
from batchyard.local.batch.operations import OPERATIONS
from batchyard.local.batch.recorded import recorded
from batchyard.local.batch.service import Service
from batchyard.local.batch.validation import validated
from batchyard.local.runners.container import Workplace
from batchyard.local.runners.images import Images
from batchyard.local.runners.process import ProcessRunner, make_tools
from batchyard.local.runners.scratch import remove_tree
from batchyard.local.signature import scope

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["BatchApplication", "BatchConfig", "Clock", "create_application"]

RECORDED_PATH = "/_batchyard/batch/recorded"
DEFAULT_REGION = "us-east-1"
STATUS_LINES = {200: "200 OK", 400: "400 Bad Request", 404: "404 Not Found", 500: "500 Internal Server Error"}

log = logging.getLogger(__name__)


class BatchApplication:
    """The Batch service of the local account. `close` ends it and every job that runs."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        headers = {"Content-Type": "application/json", "x-amzn-RequestId": str(uuid.uuid4())}
        try:
            status, answer = 200, self._answer(environ)
        except BatchError as error:
            status, answer = error.status, {"message": str(error)}
            headers["x-amzn-ErrorType"] = error.code
        except Exception:
            # The last line of defence: a fault of ours is a ServerException, as it is in the real service.
            log.exception("%s %s", environ.get("REQUEST_METHOD"), environ.get("PATH_INFO"))
            status, answer = 500, {"message": "The local account's Batch service failed; its log says why"}
            headers["x-amzn-ErrorType"] = "ServerException"
        body = json.dumps(answer).encode()
        headers["Content-Length"] = str(len(body))
        start_response(STATUS_LINES[status], list(headers.items()))
        return [body]

    def close(self) -> None:
        """Stop the scheduler; end and reap every running job. Harmless when done twice."""
        self._service.engine.close()

    def _answer(self, environ: WSGIEnvironment) -> Any:
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        body = _read(environ)
        if (method, path) == ("GET", RECORDED_PATH):
            return recorded(self._service)
        found = find(method, path)
        if found is None:
            raise ClientException(f"AWS Batch has no operation {method} {path}")
        model, in_path = found
        operation = OPERATIONS.get(model.name)
        if operation is None:
            raise ClientException(f"The local account does not implement {model.name} of AWS Batch")
        query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        request = validated(model.input_shape, request_of(model, in_path, query, body))
        signed = scope(environ)
        region = signed.region if signed else DEFAULT_REGION
        if not operation.locked:
            return operation.handler(self._service, region, request)
        with self._service.lock:
            return operation.handler(self._service, region, request)


def _read(environ: WSGIEnvironment) -> Any:
    """The body, read to its end: a connection is used again only if nothing of it is left."""
    content = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if not content:
        return {}
    try:
        body = json.loads(content)
        # Half of a surrogate pair, written as \ud800, is JSON and no text: nobody could be given it.
        json.dumps(body, ensure_ascii=False).encode()
    except ValueError as error:
        raise ClientException(f"The request's body is not JSON: {error}") from error
    return body


def create_application(config: BatchConfig) -> BatchApplication:
    """The service, with its scheduler running. Scratch that a former server left behind is removed."""
    images = Images(container_folder=config.container, store=config.images_folder, host_images=config.host_images)
    make_tools(config.tools_folder)
    _remove_leftovers(config)
    workplace = Workplace(
        endpoint_url=config.endpoint,
        jobs_folder=config.jobs_folder,
        tools_folder=config.tools_folder,
        images=images,
        stop_timeout=config.stop_timeout,
        clients=config.clients,
    )
    runner = ProcessRunner(workplace, lambda region: config.clients("logs", region), config.close_timeout)
    engine = Engine(runner, config.clock, config.max_jobs)
    engine.start()
    return BatchApplication(Service(config=config, engine=engine, images=images))


def _remove_leftovers(config: BatchConfig) -> None:
    """Remove scratch folders, and nothing that does not look like one."""
    if not config.jobs_folder.is_dir():
        return
    for folder in config.jobs_folder.iterdir():
        try:
            uuid.UUID(folder.name.partition("_")[0])
        except ValueError:
            continue
        remove_tree(folder)
