"""A Batch service on a loopback port, with moto beside it for logs, ECS and S3, as the local account has it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from batchyard.local.batch.application import BatchApplication, BatchConfig, create_application
from batchyard.local.signature import scope

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

REGION = "us-east-1"
DEADLINE = 30.0

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Server:
    """A running server: `client` speaks to it, `jobs_folder` is where its jobs' scratch lies."""

    endpoint: str
    application: BatchApplication
    folder: Path
    client: Callable[..., Any]
    """Makes a boto3 client of a service and, if given, a region."""

    @property
    def batch(self) -> Any:
        """A boto3 client of AWS Batch."""
        return self.client("batch")

    @property
    def logs(self) -> Any:
        """A boto3 client of CloudWatch Logs."""
        return self.client("logs")


class _Quiet(WSGIRequestHandler):
    """A handler that keeps connections open, and does not print every request."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Print nothing."""


@contextmanager
def serving(folder: Path, **changes: Any) -> Iterator[Server]:
    """A server that keeps its files in `folder`; `changes` are members of BatchConfig."""
    made: dict[str, Any] = {}
    moto = DomainDispatcherApplication(create_backend_app)

    def route(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        signed = scope(environ)
        is_ours = (signed and signed.service == "batch") or environ["PATH_INFO"].startswith("/_batchyard/")
        answer: Iterable[bytes] = (made["batch"] if is_ours else moto)(environ, start_response)
        return answer

    listener = make_server("127.0.0.1", 0, route, threaded=True, request_handler=_Quiet)
    endpoint = f"http://127.0.0.1:{listener.server_port}"
    clients: dict[tuple[str, str], Any] = {}
    lock = threading.Lock()

    def client(service: str, region: str = REGION) -> Any:
        with lock:
            if (service, region) not in clients:
                clients[service, region] = boto3.client(  # type: ignore[call-overload]
                    service,
                    region_name=region,
                    endpoint_url=endpoint,
                    aws_access_key_id="test",
                    aws_secret_access_key="test",
                    config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
                )
            return clients[service, region]

    config = BatchConfig(
        endpoint=endpoint,
        jobs_folder=folder / "jobs",
        container=folder / "container",
        images_folder=folder / "images",
        clients=client,
        host_images=True,
        max_jobs=2,
        stop_timeout=1.0,
        close_timeout=0.5,
    )
    application = made["batch"] = create_application(replace(config, **changes))
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    try:
        yield Server(endpoint=endpoint, application=application, folder=folder, client=client)
    finally:
        application.close()
        listener.shutdown()
        listener.server_close()
        thread.join()


def until(probe: Callable[[], Answer | None], what: str, seconds: float = DEADLINE) -> Answer:
    """What `probe` answers as soon as it answers something true; a failure once the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)
