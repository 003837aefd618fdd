"""CloudFormation in front of moto, over real HTTP: what the tests of the CloudFormation engine talk to."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batchyard.local.server import MOTO_SETTINGS, Clients
from batchyard.local.signature import scope

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REGION = "us-east-1"


@dataclass(frozen=True)
class Account:
    """A running local account."""

    endpoint: str
    clients: Clients

    def client(self, service: str, region: str = REGION) -> Any:
        """A boto3 client for it."""
        return self.clients(service, region)


@contextmanager
def local_account(folder: Path) -> Iterator[Account]:
    """Serve an empty account on a free loopback port until the block ends; `folder` takes its files."""
    os.environ.update(MOTO_SETTINGS)
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    from batchyard.local.cloudformation.application import RECORDED_PATH, create_application

    class SilentHandler(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            pass

    services: dict[str, WSGIApplication] = {}
    others: WSGIApplication = DomainDispatcherApplication(create_backend_app)

    def route(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        signed = scope(environ)
        service = "cloudformation" if environ["PATH_INFO"] == RECORDED_PATH else signed.service if signed else ""
        return services.get(service, others)(environ, start_response)

    server = make_server("127.0.0.1", 0, route, threaded=True, request_handler=SilentHandler)
    endpoint = f"http://127.0.0.1:{server.server_port}"
    clients = Clients(endpoint)
    cloudformation = create_application(clients)
    services["cloudformation"] = cloudformation
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Account(endpoint, clients)
    finally:
        cloudformation.close()
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
