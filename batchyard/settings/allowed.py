"""The words for what a field allows, from the JSON Schema of the models: one source for errors and reference."""

from __future__ import annotations

from functools import cache
from typing import Any

from batchyard.settings.deployment import Deployment
from batchyard.settings.problems import Path

Schema = dict[str, Any]


@cache
def deployment_schema() -> Schema:
    """The JSON Schema of a deployment file."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Deployment.model_json_schema()}
    _close_mappings(schema)
    return schema


def _close_mappings(schema: Any) -> None:
    """Refuse keys that match no pattern, which pydantic refuses and does not write into the schema."""
    if isinstance(schema, dict):
        if "patternProperties" in schema:
            schema.setdefault("additionalProperties", False)
        for value in schema.values():
            _close_mappings(value)


def resolved(schema: Schema) -> Schema:
    """A schema with its reference followed and the alternative null left out."""
    alternatives = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    if len(alternatives) == 1:
        schema = {**schema, **alternatives[0]}
    reference = schema.get("$ref")
    if reference is None:
        return schema
    # What a section says of itself is more than what the field that holds it says.
    definition: Schema = deployment_schema()["$defs"][reference.rpartition("/")[2]]
    return {**schema, **definition}


def at(path: Path) -> Schema | None:
    """The schema of the field at `path`; None where the schema knows no such field."""
    schema = deployment_schema()
    for part in path:
        schema = resolved(schema)
        inner = _inner(schema, part)
        if inner is None:
            return None
        schema = inner
    return resolved(schema)


def _inner(schema: Schema, part: str | int) -> Schema | None:
    found: Schema | None = schema.get("items") if isinstance(part, int) else schema.get("properties", {}).get(part)
    return member(schema) if found is None else found


def member(schema: Schema) -> Schema | None:
    """The schema of a mapping's values, for a mapping whose keys are names; else None."""
    for patterned in schema.get("patternProperties", {}).values():
        found: Schema = patterned
        return found
    additional = schema.get("additionalProperties")
    return additional if isinstance(additional, dict) else None


def words(schema: Schema) -> str:
    """What a field's schema allows, in words."""
    if "x-allowed" in schema:
        return str(schema["x-allowed"])
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return "one of " + ", ".join(str(value) for value in values)
    describe = _BY_TYPE.get(str(schema.get("type")))
    return describe(schema) if describe else "a value"


def _integer(schema: Schema) -> str:
    return f"a whole number from {schema['minimum']:,} to {schema['maximum']:,}"


def _number(schema: Schema) -> str:
    return f"a number from {schema['minimum']:,} to {schema['maximum']:,}"


def _list(schema: Schema) -> str:
    items = words(resolved(schema["items"]))
    least, most = schema.get("minItems", 0), schema.get("maxItems")
    if most is not None:
        return f"a list of {least} to {most}, each {items}"
    return f"a list{f' of at least {least}' if least else ''}, each {items}"


def _mapping(schema: Schema) -> str:
    values = member(schema)
    if values is None:
        return "a mapping with the fields " + ", ".join(schema["properties"])
    values = resolved(values)
    what = "a mapping" if values.get("type") == "object" else words(values)
    most = schema.get("maxProperties")
    size = " of at least 1" if schema.get("minProperties") else f" of at most {most}" if most else ""
    return f"a mapping{size} from names to {what}"


_BY_TYPE = {
    "integer": _integer,
    "number": _number,
    "string": lambda schema: "text",
    "boolean": lambda schema: "true or false",
    "array": _list,
    "object": _mapping,
}
