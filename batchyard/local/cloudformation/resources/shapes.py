"""From a template's properties to a call's arguments.

Templates and APIs spell the same members differently (`MinvCpus`, `minvCpus`) and templates may write numbers and
booleans as strings. botocore's model of the operation knows the API's spelling and types, so one function serves
every type whose properties mirror its API.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from batchyard.local.cloudformation.errors import ResourceError
from batchyard.local.cloudformation.intrinsics import text

_NUMBERS = {"integer": int, "long": int, "float": float, "double": float}


def shaped(shape: Shape, value: Any, path: str) -> Any:
    """The value in the spelling and types of the API's shape.

    Raises a ResourceError that names the path of an unknown member or of a value of the wrong type.
    """
    if isinstance(shape, StructureShape):
        return _structure(shape, value, path)
    if isinstance(shape, ListShape):
        if not isinstance(value, list):
            raise ResourceError(f"{path} must be a list, got {value!r}")
        return [shaped(shape.member, item, f"{path}[{index}]") for index, item in enumerate(value)]
    if isinstance(shape, MapShape):
        if not isinstance(value, dict):
            raise ResourceError(f"{path} must be a mapping, got {value!r}")
        return {key: shaped(shape.value, item, f"{path}.{key}") for key, item in value.items()}
    return _scalar(shape, value, path)


def _structure(shape: StructureShape, value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ResourceError(f"{path} must be a mapping, got {value!r}")
    members = {name.lower(): name for name in shape.members}
    unknown = sorted(key for key in value if key.lower() not in members)
    if unknown:
        raise ResourceError(
            f"The local account does not support {path}.{unknown[0]}. Supported: {', '.join(sorted(shape.members))}."
        )
    return {
        members[key.lower()]: shaped(shape.members[members[key.lower()]], item, f"{path}.{key}")
        for key, item in value.items()
    }


def _scalar(shape: Shape, value: Any, path: str) -> Any:
    if isinstance(value, (dict, list)):
        raise ResourceError(f"{path} must be a {shape.type_name}, got {value!r}")
    if isinstance(value, bytes):
        return value
    try:
        if shape.type_name == "boolean":
            return {"true": True, "false": False}[text(value).lower()]
        if shape.type_name in _NUMBERS:
            return _NUMBERS[shape.type_name](value)
    except (KeyError, ValueError):
        raise ResourceError(f"{path} must be a {shape.type_name}, got {value!r}") from None
    return text(value)
