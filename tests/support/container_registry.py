"""An image registry on loopback with ECR's login, and a stand-in for the part of ECR's API that a push asks.

The registry is Debian's docker-registry, with one user. The stand-in hands out that user's password as ECR does, and
describes images from what the registry holds: nothing in it can say that an image is there when it is not.
"""

from __future__ import annotations

import base64
import ctypes
import ctypes.util
import json
import re
import secrets
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.requirements import require_program, unavailable

USER = "AWS"
START_SECONDS = 20.0
_LISTENING = re.compile(r"listening on (127\.0\.0\.1:\d+)")
_MANIFESTS = ", ".join(
    (
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
    )
)


@dataclass(frozen=True)
class Registry:
    """A running registry."""

    host: str
    password: str
    storage: Path

    def manifest(self, repository: str, tag: str) -> tuple[str, dict[str, Any]] | None:
        """Digest and manifest of an image, or None."""
        request = urllib.request.Request(
            f"http://{self.host}/v2/{repository}/manifests/{tag}",
            headers={"Accept": _MANIFESTS, "Authorization": f"Basic {self.token()}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                return answer.headers["Docker-Content-Digest"], json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def token(self) -> str:
        """User and password as HTTP's basic authentication, and ECR's answer, encode them."""
        return base64.b64encode(f"{USER}:{self.password}".encode()).decode()

    def pushed_at(self, repository: str, tag: str) -> float:
        """When the tag was written, in seconds since 1970."""
        tags = self.storage / "docker/registry/v2/repositories" / repository / "_manifests/tags"
        return (tags / tag / "current/link").stat().st_mtime


@contextmanager
def running_registry(folder: Path) -> Iterator[Registry]:
    """A registry on a free loopback port until the block ends."""
    program = require_program("docker-registry")
    password = secrets.token_hex(20)
    (folder / "users").write_text(f"{USER}:{_bcrypt(password)}\n")
    storage = folder / "storage"
    configuration = {
        "version": 0.1,
        "log": {"level": "info", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(storage)}},
        "http": {"addr": "127.0.0.1:0", "secret": secrets.token_hex(20)},
        "auth": {"htpasswd": {"realm": "tests", "path": str(folder / "users")}},
    }
    # JSON is YAML.
    (folder / "registry.yml").write_text(json.dumps(configuration))
    log = folder / "registry.log"
    with log.open("wb") as output:
        process = subprocess.Popen([program, "serve", folder / "registry.yml"], stdout=output, stderr=output)
    try:
        yield Registry(_address(process, log), password, storage)
    finally:
        process.terminate()
        process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while not (found := _LISTENING.search(log.read_text())):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
    return found[1]


def _bcrypt(password: str) -> str:
    """The only kind of hash that the registry takes; the C library's crypt makes it."""
    library = ctypes.util.find_library("crypt")
    if library is None:
        unavailable("there is no libcrypt")
    crypt = ctypes.CDLL(library).crypt
    crypt.restype = ctypes.c_char_p
    hashed = crypt(password.encode(), b"$2b$05$" + secrets.token_hex(11).encode())
    if not hashed or not hashed.startswith(b"$2b$"):
        unavailable("libcrypt has no bcrypt")
    return str(hashed.decode())


@dataclass(frozen=True)
class EcrStandIn:
    """ECR's API for one repository of a registry."""

    endpoint: str
    requests: list[str]
    """The operations that were asked for, in order."""


@contextmanager
def running_ecr(registry: Registry, repository: str, password: str | None = None) -> Iterator[EcrStandIn]:
    """Serve it until the block ends; `password` is what it hands out, if not the right one."""
    asked: list[str] = []
    handed_out = registry.token() if password is None else base64.b64encode(f"{USER}:{password}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            asked.append(operation)
            code, answer = getattr(self, f"answer_{operation}")(body)
            content = json.dumps(answer).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def answer_GetAuthorizationToken(self, _body: dict[str, Any]) -> tuple[int, Any]:  # noqa: N802 - ECR's name
            data = {
                "authorizationToken": handed_out,
                "expiresAt": time.time() + 43200,
                "proxyEndpoint": f"http://{registry.host}",
            }
            return 200, {"authorizationData": [data]}

        def answer_DescribeImages(self, body: dict[str, Any]) -> tuple[int, Any]:  # noqa: N802
            if body["repositoryName"] != repository:
                return 400, {"__type": "RepositoryNotFoundException", "message": "no such repository"}
            tag = body["imageIds"][0]["imageTag"]
            found = registry.manifest(repository, tag)
            if found is None:
                return 400, {"__type": "ImageNotFoundException", "message": "no such image"}
            digest, manifest = found
            details = {
                "repositoryName": repository,
                "imageDigest": digest,
                "imageTags": [tag],
                "imageSizeInBytes": sum(layer["size"] for layer in manifest["layers"]),
                "imagePushedAt": registry.pushed_at(repository, tag),
            }
            return 200, {"imageDetails": [details]}

        def log_message(self, *_: object) -> None:
            """The tests assert what was asked."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield EcrStandIn(f"http://127.0.0.1:{server.server_port}", asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
