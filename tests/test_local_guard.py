"""The local account answers its own user's tools, and no web page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytest

from batchyard.local.guard import guarded

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def status(**headers: str) -> str:
    """The status line that a request with these headers gets from a server on port 4566."""
    seen: list[str] = []

    def inner(_: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [b""]

    environ: WSGIEnvironment = {"SERVER_PORT": "4566", "HTTP_HOST": "127.0.0.1:4566", **headers}
    list(guarded(inner)(environ, lambda line, *_: seen.append(line)))  # type: ignore[arg-type]
    return seen[0]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"HTTP_HOST": "localhost:4566"},
        {"HTTP_HOST": "my-bucket.localhost:4566"},
        {"HTTP_HOST": "LocalHost:4566"},
        {"HTTP_HOST": "[::1]:4566"},
        {"HTTP_ORIGIN": "http://127.0.0.1:4566"},
        {"HTTP_REFERER": "http://localhost:4566/some/page"},
        {"HTTP_SEC_FETCH_SITE": "same-origin"},
        {"HTTP_SEC_FETCH_SITE": "none"},
    ],
)
def test_the_users_own_tools_are_answered(headers: dict[str, str]) -> None:
    assert status(**headers) == "200 OK"


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_HOST": ""},
        {"HTTP_HOST": "evil.example"},
        {"HTTP_HOST": "evil.example:4566"},
        {"HTTP_HOST": "127.0.0.1.evil.example:4566"},
        {"HTTP_HOST": "evil-localhost:4566"},
        {"HTTP_HOST": "127.0.0.1:4567"},
        {"HTTP_HOST": "127.0.0.1"},
        {"HTTP_ORIGIN": "null"},
        {"HTTP_ORIGIN": "https://evil.example"},
        {"HTTP_ORIGIN": "http://localhost:3000"},
        {"HTTP_ORIGIN": ""},
        {"HTTP_REFERER": "https://evil.example/page"},
        {"HTTP_SEC_FETCH_SITE": "cross-site"},
        {"HTTP_SEC_FETCH_SITE": "same-site"},
    ],
)
def test_what_a_page_could_forge_is_refused(headers: dict[str, str]) -> None:
    assert status(**headers) == "403 Forbidden"
