"""A server that stands for an instance's metadata service and for S3, and answers no request that is signed wrongly.

The signature is computed again by botocore, from what arrived.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEY, SECRET, SESSION = "AKIAIOSFODNN7EXAMPLE", "a/secret+of=nobody", "a+session/token=="
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, "
    r"SignedHeaders=(\S+), Signature=([0-9a-f]{64})"
)


@contextmanager
def signed_s3(region: str, objects: Mapping[str, bytes]) -> Iterator[str]:
    """The URL of a server that has these objects, by their path."""

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            is_asked = self.path == "/latest/api/token" and self.headers["X-aws-ec2-metadata-token-ttl-seconds"]
            self._answer(b"a-token" if is_asked else None)

        def do_GET(self) -> None:
            credentials = "/latest/meta-data/iam/security-credentials/"
            if not self.path.startswith(credentials):
                self._answer(objects.get(self.path) if self._is_signed() else None)
            elif self.headers["X-aws-ec2-metadata-token"] != "a-token":
                self._answer(None)
            elif self.path == credentials:
                self._answer(b"the-role")
            else:
                text = f'{{\n "Code" : "Success",\n "AccessKeyId" : "{KEY}",\n "SecretAccessKey" : "{SECRET}",\n'
                self._answer(f'{text} "Token" : "{SESSION}"\n}}'.encode())

        def _is_signed(self) -> bool:
            found = _AUTHORIZATION.fullmatch(self.headers["Authorization"] or "")
            if found is None or (found[1], found[3]) != (KEY, region):
                return False
            signed = found[4].split(";")
            if not {"host", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"} <= set(signed):
                return False
            url = f"http://{self.headers['Host']}{self.path}"
            request = AWSRequest(method="GET", url=url, headers={name: self.headers[name] for name in signed})
            request.context["timestamp"] = self.headers["X-Amz-Date"]
            signer = S3SigV4Auth(Credentials(KEY, SECRET, SESSION), "s3", region)
            text = signer.string_to_sign(request, signer.canonical_request(request))
            return bool(signer.signature(text, request) == found[5])

        def _answer(self, body: bytes | None) -> None:
            self.send_response(403 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing: pytest shows what matters."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
