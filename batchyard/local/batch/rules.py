"""Small rules that several resources share: names, ARNs, ranges, pages.

Source: AWS Batch API Reference (members of the Create and Submit operations) and service quotas (tags).
"""

import re
from collections.abc import Sequence
from typing import Any, TypeVar

from batchyard.local.account import arn
from batchyard.local.batch.errors import refuse
from batchyard.local.batch.model import Document

_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
MAXIMUM_TAGS = 50

Item = TypeVar("Item")


def check_name(member: str, name: str) -> None:
    """Refuse a name other than 1 to 128 letters, digits, hyphens and underscores."""
    if not _NAME.fullmatch(name):
        raise refuse(
            f"{member} {name!r} should match valid pattern: "
            "1 to 128 letters (upper and lower case), numbers, hyphens (-) and underscores (_)"
        )


def check_range(member: str, value: float | None, low: float, high: float) -> None:
    """Refuse a number outside `low`…`high`, both allowed."""
    if value is not None and not low <= value <= high:
        raise refuse(f"{member} must be between {low} and {high}, but was {value}")


def check_tags(tags: Document) -> None:
    """Refuse more tags than a resource may have, and keys that AWS keeps for itself."""
    if len(tags) > MAXIMUM_TAGS:
        raise refuse(f"A resource can have at most {MAXIMUM_TAGS} tags, but {len(tags)} were given")
    for key in tags:
        if key.lower().startswith("aws:"):
            raise refuse(f"Tag keys that start with 'aws:' are reserved, but {key!r} was given")


def batch_arn(region: str, kind: str, name: str) -> str:
    """The ARN of a Batch resource: `kind` is its word in the ARN, for example `job-queue`."""
    return arn("batch", region, f"{kind}/{name}")


def name_in(region: str, kind: str, reference: str) -> str:
    """The name that a name or an ARN of this account, region and kind refers to."""
    prefix = batch_arn(region, kind, "")
    if reference.startswith(prefix):
        return reference[len(prefix) :]
    if reference.startswith("arn:"):
        raise refuse(f"{reference} is not a {kind} of this account and region ({prefix}…)")
    return reference


def page(items: Sequence[Item], request: Document, limit: int) -> tuple[list[Item], Document]:
    """One page of `items` and, where more follow, `{"nextToken": …}` to put into the answer."""
    size = request.get("maxResults", limit)
    check_range("maxResults", size, 1, limit)
    token: Any = request.get("nextToken", "0")
    if not str(token).isdigit():
        raise refuse(f"nextToken {token!r} did not come from this operation")
    start = int(token)
    more = {"nextToken": str(start + size)} if start + size < len(items) else {}
    return list(items[start : start + size]), more
