"""An S3 endpoint on loopback that goes wrong on purpose: path-style GET and HEAD of objects, with faults put in."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

BUCKET = "jobs"


@dataclass(frozen=True)
class Refusal:
    """An S3 error answer."""

    status: int
    code: str
    message: str = "put in by the test"


@dataclass(frozen=True)
class Cut:
    """Half the body, then the connection ends: by a reset or by an ordinary close."""

    reset: bool


@dataclass(frozen=True)
class Shortened:
    """Half the body under headers that fit half a body: only the object's size shows that something is missing."""


@dataclass(frozen=True)
class Silence:
    """Some of the body, then nothing, until the client goes away."""

    after: int = 0


@dataclass(frozen=True)
class Slowly:
    """The whole body, a tenth at a time, over so many seconds."""

    seconds: float


Fault = Refusal | Cut | Shortened | Silence | Slowly

NO_SUCH_KEY = Refusal(404, "NoSuchKey")
ACCESS_DENIED = Refusal(403, "AccessDenied")
SLOW_DOWN = Refusal(503, "SlowDown")
INTERNAL_ERROR = Refusal(500, "InternalError")


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    method: str
    bucket: str
    key: str
    version: str | None
    region: str | None


@dataclass
class FaultS3:
    """The endpoint's objects, the faults that wait for the next GETs of a key, and what was asked for."""

    endpoint: str = ""
    objects: dict[tuple[str, str | None], bytes] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    region: str = "eu-central-1"
    silent: threading.Event = field(default_factory=threading.Event)
    _next: dict[str, deque[Fault]] = field(default_factory=dict)
    _always: dict[str, Fault] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, key: str, body: bytes | str, *faults: Fault, version: str | None = None) -> str:
        """Store an object; its first GETs meet the faults, in order. Returns its URL."""
        self.objects[key, version] = body.encode() if isinstance(body, str) else body
        self._next[key] = deque(faults)
        return f"s3://{BUCKET}/{key}"

    def refuse(self, key: str, fault: Fault) -> str:
        """Make every GET of a key fail. Returns its URL."""
        self._always[key] = fault
        return f"s3://{BUCKET}/{key}"

    def gets(self, key: str) -> int:
        """How many GETs of a key arrived."""
        return sum(request.method == "GET" and request.key == key for request in self.requests)

    def forget(self) -> None:
        """Back to an empty bucket."""
        with self._lock:
            for memory in (self.objects, self.requests, self._next, self._always):
                memory.clear()
            self.silent.clear()

    def note(self, request: Request) -> Fault | None:
        """Record a request and take the fault that it meets. A HEAD meets refusals that last, and no other fault."""
        with self._lock:
            self.requests.append(request)
            lasting = self._always.get(request.key)
            if request.method != "GET":
                return lasting if isinstance(lasting, Refusal) else None
            waiting = self._next.get(request.key)
            return waiting.popleft() if waiting else lasting


class Handler(BaseHTTPRequestHandler):
    """Answers from the FaultS3 that its server carries."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # headers and body in one packet: otherwise Nagle's algorithm adds 40 ms
    server: Server

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: stderr is the test's."""

    def answer(self) -> None:
        parts = urlsplit(self.path)
        bucket, _, key = unquote(parts.path).removeprefix("/").partition("/")
        version = parse_qs(parts.query).get("versionId", [None])[0]
        state = self.server.state
        # …Credential=KEY/DATE/REGION/s3/aws4_request, …
        scope = self.headers.get("Authorization", "").partition("Credential=")[2].split("/")
        fault = state.note(Request(self.command, bucket, key, version, scope[2] if len(scope) > 2 else None))
        if not key:
            self.send(200, b"", {"x-amz-bucket-region": state.region})
        elif isinstance(fault, Refusal):
            self.refuse(fault)
        elif (key, version) not in state.objects:
            self.refuse(Refusal(404, "NoSuchVersion" if version else "NoSuchKey"))
        else:
            self.deliver(state.objects[key, version], fault)

    def refuse(self, refusal: Refusal) -> None:
        body = f"<Error><Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message></Error>"
        self.send(refusal.status, body.encode(), {"Content-Type": "application/xml"})

    def deliver(self, body: bytes, fault: Fault | None) -> None:
        headers = {"ETag": '"0123456789abcdef"', "Last-Modified": "Mon, 23 Nov 2026 00:00:00 GMT"}
        asked = self.headers.get("Range")
        if asked is None:
            self.send(200, body, headers, fault)
            return
        first, _, last = asked.removeprefix("bytes=").partition("-")
        if int(first) >= len(body):
            self.refuse(Refusal(416, "InvalidRange"))
            return
        part = body[int(first) : int(last) + 1 if last else None]
        headers["Content-Range"] = f"bytes {first}-{int(first) + len(part) - 1}/{len(body)}"
        self.send(206, part, headers, fault)

    def send(self, status: int, body: bytes, headers: dict[str, str], fault: Fault | None = None) -> None:
        half = body[: len(body) // 2]
        sent = half if isinstance(fault, Cut | Shortened) else body
        if isinstance(fault, Silence):
            sent = body[: fault.after]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(sent if isinstance(fault, Shortened) else body)))
        self.end_headers()
        if self.command == "GET":
            pause = fault.seconds / 10 if isinstance(fault, Slowly) else 0
            piece = len(sent) // 10 if pause else max(1, len(sent))
            for start in range(0, len(sent), piece):
                self.wfile.write(sent[start : start + piece])
                self.wfile.flush()
                time.sleep(pause)
            self.wfile.flush()  # the headers of an empty body
            self.end(fault)

    def end(self, fault: Fault | None) -> None:
        if isinstance(fault, Cut):
            if fault.reset:  # a close with linger 0 sends RST
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
            else:
                self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif isinstance(fault, Silence):
            self.server.state.silent.set()
            self.connection.recv(1)  # ends when the client goes away
            self.close_connection = True


class Server(ThreadingHTTPServer):
    """The HTTP server that carries a FaultS3."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, state: FaultS3) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.state = state

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed leaves a broken connection: that is what some tests are about."""


@contextmanager
def fault_s3() -> Iterator[FaultS3]:
    """A FaultS3 that listens on a free loopback port."""
    state = FaultS3()
    with Server(state) as server:
        state.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
