"""Refuse what a web page could forge: the local account runs jobs, and jobs are code.

A page in the user's own browser can send requests to loopback. It cannot hide where it comes from: the browser
names it in Origin, Referer or Sec-Fetch-Site, and a page that re-binds its name to 127.0.0.1 still sends its own
name in Host (the Fetch standard, https://fetch.spec.whatwg.org/#origin-header).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
FORGEABLE_SITES = frozenset({"cross-site", "same-site"})


def host_name(authority: str) -> str:
    """The host of `host:port`, in lower case, with an IPv6 address in its brackets."""
    authority = authority.strip().lower()
    if authority.startswith("["):
        return authority.partition("]")[0] + "]"
    return authority.partition(":")[0]


def is_own(authority: str, port: str) -> bool:
    """Whether `host:port` is this server: a loopback name, or a bucket in front of localhost, with its port."""
    name = host_name(authority)
    own_name = name in LOOPBACK_NAMES or name.endswith(".localhost")
    return own_name and authority.strip().rpartition(":")[2] == port


def refusal(environ: WSGIEnvironment) -> str | None:
    """Why a request is refused; None if it is not."""
    port = str(environ["SERVER_PORT"])
    host = environ.get("HTTP_HOST", "")
    if not is_own(host, port):
        return f"the Host header names {host!r}, which is not this server"
    for header in ("Origin", "Referer"):
        value = environ.get(f"HTTP_{header.upper()}")
        if value is not None and not is_own(urlsplit(value).netloc, port):
            return f"the {header} header says that it comes from {value!r}"
    if environ.get("HTTP_SEC_FETCH_SITE", "none") in FORGEABLE_SITES:
        return "a page of another site sent it"
    return None


def guarded(application: WSGIApplication) -> WSGIApplication:
    """The application behind the guard."""

    def guard(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        reason = refusal(environ)
        if reason is None:
            return application(environ, start_response)
        body = f"The local account refuses this request: {reason}.\n".encode()
        start_response(
            "403 Forbidden",
            [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))],
        )
        return [body]

    return guard
