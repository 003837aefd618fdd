"""What deployment files can say: every field of the schema, and every choice that one of them offers.

A place is written like `compute_environments.*.type`, a choice like `compute_environments.*.type=SPOT`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from batchyard.settings import allowed

Settings = dict[str, Any]
Schema = allowed.Schema


def said(settings: Settings) -> set[str]:
    """What settings say: each field, and each choice that was made (`network.type=public`)."""
    return set(_said(settings, allowed.deployment_schema(), ""))


def sayable() -> set[str]:
    """All that settings can say, as `said` says it."""
    return set(_sayable(allowed.deployment_schema(), ""))


def choices(schema: Schema) -> list[Any]:
    """All that a field may be, where these are few."""
    return list(schema.get("enum", [schema["const"]] if "const" in schema else []))


def may_be_null(schema: Schema) -> bool:
    """Whether null says something: where the default is another value."""
    alternatives = [each.get("type") for each in schema.get("anyOf", ())]
    return "null" in alternatives and schema.get("default") is not None


def inner(place: str, name: str) -> str:
    """The place of a field, or of all members of a mapping or list."""
    return f"{place}.{name}" if place else name


def _said(value: Any, schema: Schema, place: str) -> Iterator[str]:
    if place:
        yield place
    if value is None:
        yield f"{place}=null"
        return
    schema = allowed.resolved(schema)
    if isinstance(value, dict):
        values = allowed.member(schema)
        for name, each in value.items():
            of_member, last = (schema["properties"][name], name) if values is None else (values, "*")
            yield from _said(each, of_member, inner(place, last))
    elif isinstance(value, list):
        for each in value:
            yield from _said(each, schema["items"], inner(place, "*"))
    elif value in named(schema):
        yield f"{place}={value}"


def _sayable(schema: Schema, place: str) -> Iterator[str]:
    if place:
        yield place
    if may_be_null(schema):
        yield f"{place}=null"
    schema = allowed.resolved(schema)
    values = allowed.member(schema) or schema.get("items")
    for name, each in schema.get("properties", {"*": values} if values else {}).items():
        yield from _sayable(each, inner(place, name))
    yield from (f"{place}={each}" for each in named(schema))


def named(schema: Schema) -> list[Any]:
    """The choices that a field is about; a number is one of many."""
    found = [True, False] if schema.get("type") == "boolean" else choices(schema)
    return [each for each in found if isinstance(each, (bool, str))]
