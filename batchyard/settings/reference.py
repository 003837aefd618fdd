"""The reference of all fields, as Markdown, made from the schema."""

from __future__ import annotations

import json
from collections.abc import Iterator

from batchyard.settings.allowed import Schema, deployment_schema, member, resolved, words

#: Of a longer default, a mapping by name, only the names stand in the table.
LONGEST_DEFAULT = 60


def reference() -> str:
    """Every section with a table of its fields: name, what it allows, its default, what it means."""
    return "\n".join(_section("", deployment_schema())).rstrip() + "\n"


def _section(path: str, schema: Schema) -> Iterator[str]:
    inner: list[tuple[str, Schema]] = []
    yield f"### `{path}`" if path else "### The file"
    yield ""
    yield " ".join(str(schema["description"]).split())
    yield ""
    yield "| field | allowed | default | what it is |"
    yield "|---|---|---|---|"
    for name, field in schema["properties"].items():
        whole = resolved(field)
        below = _below(name, whole)
        if below is not None:
            inner.append((f"{path}.{below[0]}" if path else below[0], below[1]))
        allows = f"see [below](#{_anchor(inner[-1][0])})" if below else words(whole)
        description = field.get("description") or whole.get("description", "")
        cells = (f"`{name}`", allows, _default(field), description)
        yield "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"
    yield ""
    for below_path, below_schema in inner:
        yield from _section(below_path, below_schema)


def _below(name: str, schema: Schema) -> tuple[str, Schema] | None:
    """The section that a field holds, or holds many of, in a list or by name."""
    if "properties" in schema:
        return name, schema
    items = resolved(schema.get("items", {}))
    if "properties" in items:
        return f"{name}[]", items
    values = member(schema)
    if values is not None and "properties" in resolved(values):
        return f"{name}.NAME", resolved(values)
    return None


def _anchor(path: str) -> str:
    """GitHub's anchor of a heading: lower case, without punctuation."""
    return "".join(letter for letter in path.lower() if letter.isalnum() or letter in "-_")


def _default(field: Schema) -> str:
    default = field.get("default")
    if default is None:
        return "unset"
    if "properties" in resolved(field):
        return "its fields' defaults"
    if default in ({}, []):
        return "none"
    text = json.dumps(default)
    return f"`{text}`" if len(text) <= LONGEST_DEFAULT else ", ".join(f"`{name}`" for name in default)
