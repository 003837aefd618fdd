"""Tags, in the two ways that templates write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batchyard.local.cloudformation.intrinsics import text


def as_map(tags: Any) -> dict[str, str]:
    """`Tags` of either form (a list of Key and Value, or a mapping) as a mapping."""
    if isinstance(tags, Mapping):
        return {key: text(value) for key, value in tags.items()}
    return {entry["Key"]: text(entry["Value"]) for entry in tags or []}


def as_list(tags: Any, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """`Tags` of either form as a list, with the API's names for its two members."""
    return [{key: name, value: content} for name, content in as_map(tags).items()]


def changes(old: Any, new: Any) -> tuple[dict[str, str], list[str]]:
    """The tags to set, and the keys to take away."""
    before, after = as_map(old), as_map(new)
    return (
        {key: value for key, value in after.items() if before.get(key) != value},
        sorted(set(before) - set(after)),
    )
