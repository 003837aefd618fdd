"""The local account's server: CloudFormation and AWS Batch of our own, every other service moto's, on loopback.

Started by `batchyard local up`. It tells whoever started it how it went, by one line on the file descriptor
`--report-to`: `ready`, or `error: …`.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import os
import signal
import socket
import sys
import threading
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from batchyard.local import state
from batchyard.local.guard import guarded
from batchyard.local.signature import scope
from batchyard.toolchain import CONTAINER

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from batchyard.local.batch.application import BatchApplication

ADDRESS = "127.0.0.1"
READ_TIMEOUT_SECONDS = 930
"""A function may run for 15 minutes before its invocation is answered."""

# moto reads these once, when it is imported.
MOTO_SETTINGS = {
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "true",
    "S3_IGNORE_SUBDOMAIN_BUCKETNAME": "true",
}


@dataclass(frozen=True)
class Settings:
    """What a local account is started with."""

    port: int
    """0 takes a free one."""
    region: str
    host_images: bool
    max_jobs: int
    folder: Path = state.FOLDER
    container: Path = CONTAINER


class Clients:
    """boto3 clients for the account itself, one for each service and region."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._made: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def __call__(self, service: str, region: str) -> Any:
        """The client of a service in a region; boto3 clients may be shared between threads, their making not."""
        with self._lock:
            if (service, region) not in self._made:
                import boto3
                from botocore.config import Config

                self._made[service, region] = boto3.client(  # type: ignore[call-overload]
                    service,
                    region_name=region,
                    endpoint_url=self._endpoint,
                    aws_access_key_id=state.ACCESS_KEY_ID,
                    aws_secret_access_key=state.SECRET_ACCESS_KEY,
                    config=Config(
                        s3={"addressing_style": "path"},
                        retries={"total_max_attempts": 1},
                        read_timeout=READ_TIMEOUT_SECONDS,
                    ),
                )
            return self._made[service, region]


class LocalAccount:
    """One local account: a WSGI application, and the jobs that run behind it."""

    def __init__(self, settings: Settings, endpoint: str) -> None:
        os.environ.update(MOTO_SETTINGS)
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        from batchyard.local.batch.application import BatchConfig
        from batchyard.local.batch.application import create_application as create_batch
        from batchyard.local.cloudformation.application import create_application as create_cloudformation
        from batchyard.local.functions.application import FunctionsApplication

        clients = Clients(endpoint)
        self.instance = uuid.uuid4().hex
        self._batch: BatchApplication = create_batch(
            BatchConfig(
                endpoint=endpoint,
                jobs_folder=settings.folder / "jobs",
                images_folder=settings.folder / "images",
                container=settings.container,
                host_images=settings.host_images,
                max_jobs=settings.max_jobs,
                clients=clients,
            )
        )
        self._cloudformation = create_cloudformation(clients)
        self._others: WSGIApplication = DomainDispatcherApplication(create_backend_app)
        self._functions = FunctionsApplication(clients, endpoint, self._others)
        self._services: dict[str, WSGIApplication] = {
            "batch": self._batch,
            "cloudformation": self._cloudformation,
            "lambda": self._functions,
        }
        self.application = guarded(self._route)

    def _route(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Hand a request to the service that its signature names."""
        path = environ.get("PATH_INFO", "")
        if path == state.PING_PATH:
            return self._answer(start_response, "200 OK", {"instance": self.instance})
        if path.startswith("/_batchyard/"):
            service = path.split("/")[2]
            application = self._services.get(service)
        elif path.startswith("/moto-api"):
            # moto's own console can erase the account, and answers any page.
            application = None
        else:
            signed = scope(environ)
            application = self._services.get(signed.service if signed else "", self._others)
        if application is None:
            return self._answer(start_response, "404 Not Found", {"message": f"There is no {path} here."})
        return application(environ, start_response)

    @staticmethod
    def _answer(start_response: StartResponse, status: str, content: object) -> Iterable[bytes]:
        body = json.dumps(content).encode()
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    def close(self) -> None:
        """End every function, stack operation and job that runs, and wait for them."""
        self._functions.close()
        self._cloudformation.close()
        self._batch.close()


def listen(port: int) -> socket.socket:
    """A socket that listens on loopback; OSError where the port is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((ADDRESS, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


class Running:
    """A local account that serves on its own socket, until it is closed."""

    def __init__(self, settings: Settings) -> None:
        from werkzeug.serving import WSGIRequestHandler, make_server

        class QuietHandler(WSGIRequestHandler):
            """Logs errors, not every request: polling would fill the disk."""

            protocol_version = "HTTP/1.1"

            def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
                if str(code).startswith("5"):
                    super().log_request(code, size)

        self._listener = listen(settings.port)
        self.port: int = self._listener.getsockname()[1]
        self.endpoint = f"http://{ADDRESS}:{self.port}"
        self.account = LocalAccount(settings, self.endpoint)
        self._server = make_server(
            ADDRESS,
            self.port,
            self.account.application,
            threaded=True,
            request_handler=QuietHandler,
            fd=self._listener.fileno(),
        )

    def serve(self) -> None:
        """Answer requests until `stop` is called."""
        self._server.serve_forever(poll_interval=0.1)

    def stop(self) -> None:
        """End `serve`, from another thread."""
        self._server.shutdown()

    def close(self) -> None:
        """End every job and free the port. Jobs end first: their logs go through this server."""
        self.account.close()
        self._server.shutdown()
        self._server.server_close()
        self._listener.close()


def serve(settings: Settings, report: int) -> int:
    """Serve in the foreground until TERM or INT; returns the exit code."""

    def tell(line: str) -> None:
        with contextlib.suppress(OSError):
            os.write(report, f"{line}\n".encode())

    try:
        running = Running(settings)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        tell(f"error: port {settings.port} is taken by another program" if taken else f"error: {error}")
        return 1
    stopping = threading.Event()

    def on_signal(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, on_signal)
    threading.Thread(target=running.serve, name="server", daemon=True).start()
    state.write(
        state.State(
            instance=running.account.instance,
            endpoint=running.endpoint,
            region=settings.region,
            pid=os.getpid(),
            port=running.port,
            host_images=settings.host_images,
            max_jobs=settings.max_jobs,
            started_at=time.time(),
        ),
        settings.folder / state.STATE_FILE.name,
    )
    tell("ready")
    stopping.wait()
    running.close()
    state.remove(running.account.instance, settings.folder / state.STATE_FILE.name)
    return 0


def main() -> None:
    """Start from the command line that `batchyard local up` builds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--region", required=True)
    parser.add_argument("--max-jobs", type=int, required=True)
    parser.add_argument("--host-images", action="store_true")
    parser.add_argument("--folder", type=Path, default=state.FOLDER)
    parser.add_argument("--report-to", type=int, default=2, help="the file descriptor that is told how it went")
    given = parser.parse_args()
    settings = Settings(
        port=given.port,
        region=given.region,
        host_images=given.host_images,
        max_jobs=given.max_jobs,
        folder=given.folder,
    )
    code = serve(settings, given.report_to)
    sys.stdout.flush()
    sys.stderr.flush()
    # Everything is closed by now; taking moto's world apart object by object would cost another second.
    os._exit(code)


if __name__ == "__main__":
    main()
