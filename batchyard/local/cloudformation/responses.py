"""Answers of custom resources: each is awaited at a URL of its own, which takes one PUT.

AWS hands out a presigned S3 URL; here it is a path of this server, on loopback, with a secret in it.

Source: AWS CloudFormation User Guide, "Custom resource response objects".
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Queue
from typing import Any

RESPONSES_PATH = "/_batchyard/cloudformation/responses/"
MAXIMUM_BYTES = 4096

Answer = Mapping[str, Any]


@dataclass(frozen=True)
class Awaited:
    """An answer that is awaited; whoever knows sooner that none will come puts an exception in its place."""

    path: str
    arrived: Queue[Answer | Exception] = field(default_factory=Queue)


@dataclass(frozen=True)
class Responses:
    """The answers that are awaited now, by the secret in their URL."""

    _awaited: dict[str, Awaited] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def await_one(self) -> Iterator[Awaited]:
        """Take an answer in while the block runs."""
        secret = secrets.token_urlsafe(32)
        awaited = Awaited(f"{RESPONSES_PATH}{secret}")
        with self._lock:
            self._awaited[secret] = awaited
        try:
            yield awaited
        finally:
            with self._lock:
                self._awaited.pop(secret, None)

    def deliver(self, path: str, body: bytes) -> tuple[int, str]:
        """Hand on what was PUT; returns the HTTP status and what to say."""
        with self._lock:
            awaited = self._awaited.pop(path.removeprefix(RESPONSES_PATH), None)
        if awaited is None:
            return 403, "No answer is awaited here, or one has come already."
        if len(body) > MAXIMUM_BYTES:
            awaited.arrived.put(ValueError("Response object is too long."))
            return 400, f"An answer may have {MAXIMUM_BYTES} bytes."
        try:
            answer = json.loads(body)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            awaited.arrived.put(ValueError("Invalid Response object: it is no JSON object"))
            return 400, "An answer is a JSON object."
        awaited.arrived.put(answer)
        return 200, ""
