"""For which service and region a request was signed.

Every AWS tool signs its requests (Signature Version 4) and names region and service in the credential scope.
On one endpoint for all services that scope is what tells them apart. The signature itself is not verified:
the local account has no secrets to check it with.

Source: IAM User Guide, "AWS Signature Version 4 for API requests", elements of a request's signature.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

_HEADER = re.compile(r"^AWS4-[A-Z0-9-]+\s.*?\bCredential=([^,\s]+)")


@dataclass(frozen=True)
class Scope:
    """The credential scope of one request; `service` is the signing name: `batch`, `s3`, `cloudformation`."""

    service: str
    region: str


def scope(environ: Mapping[str, Any]) -> Scope | None:
    """The scope of a WSGI request, from its Authorization header or presigned query; None without either."""
    header = _HEADER.match(environ.get("HTTP_AUTHORIZATION", ""))
    if header:
        return _parse(header.group(1))
    presigned = parse_qs(environ.get("QUERY_STRING", "")).get("X-Amz-Credential")
    return _parse(presigned[0]) if presigned else None


def _parse(credential: str) -> Scope | None:
    """Read `AKID/date/region/service/aws4_request`; an access key id may itself hold slashes."""
    parts = credential.rsplit("/", 4)
    if len(parts) != 5 or parts[4] != "aws4_request" or not parts[3]:
        return None
    return Scope(service=parts[3], region=parts[2])
