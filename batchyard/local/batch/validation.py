"""Whether a request has the shape that the service model says; every fault at once.

The wording follows the service's own validation errors.
"""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from batchyard.local.batch.errors import ClientException

#: Enumerations that Batch reads without regard to case: EvaluateOnExit's action says so in the API Reference;
#: CloudFormation's documentation and the CDK write the type of a compute environment in lower case.
CASE_INSENSITIVE = frozenset({"RetryAction", "CEType"})

_PRIMITIVES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "string": (lambda value: isinstance(value, str), "a string"),
    "boolean": (lambda value: isinstance(value, bool), "a boolean"),
    "integer": (lambda value: isinstance(value, int) and not isinstance(value, bool), "an integer"),
    "long": (lambda value: isinstance(value, int) and not isinstance(value, bool), "an integer"),
    "float": (lambda value: isinstance(value, int | float) and not isinstance(value, bool), "a number"),
    "double": (lambda value: isinstance(value, int | float) and not isinstance(value, bool), "a number"),
}


def validated(shape: Shape | None, value: Any) -> Any:
    """`value` without nulls and with enumerations spelt as the model does.

    Raises ClientException that lists all faults: member, what was given, what is allowed.
    """
    faults: list[str] = []
    clean = _clean(shape, value, "", faults) if shape else value
    if faults:
        plural = "errors" if len(faults) > 1 else "error"
        raise ClientException(f"{len(faults)} validation {plural} detected: {'; '.join(faults)}")
    return clean


def _clean(shape: Shape, value: Any, path: str, faults: list[str]) -> Any:
    if isinstance(shape, StructureShape):
        return _structure(shape, value, path, faults)
    if isinstance(shape, ListShape):
        return _list(shape, value, path, faults)
    if isinstance(shape, MapShape):
        return _map(shape, value, path, faults)
    is_valid, expected = _PRIMITIVES[shape.type_name]
    if not is_valid(value):
        faults.append(_fault(value, path, f"Member must be {expected}"))
        return value
    if isinstance(shape, StringShape):
        return _string(shape, value, path, faults)
    return value


def _structure(shape: StructureShape, value: Any, path: str, faults: list[str]) -> Any:
    if not isinstance(value, dict):
        faults.append(_fault(value, path, "Member must be an object"))
        return value
    given = {name: member for name, member in value.items() if member is not None}
    for name in given.keys() - shape.members.keys():
        allowed = ", ".join(shape.members)
        faults.append(_fault(given[name], _join(path, name), f"Member is not known; known are [{allowed}]"))
    faults.extend(
        f"Value null at '{_join(path, name)}' failed to satisfy constraint: Member must not be null"
        for name in shape.required_members
        if name not in given
    )
    return {
        name: _clean(shape.members[name], member, _join(path, name), faults)
        for name, member in given.items()
        if name in shape.members
    }


def _list(shape: ListShape, value: Any, path: str, faults: list[str]) -> Any:
    if not isinstance(value, list):
        faults.append(_fault(value, path, "Member must be a list"))
        return value
    _length(shape, value, path, faults)
    return [_clean(shape.member, item, f"{path}.{number}.member", faults) for number, item in enumerate(value, start=1)]


def _map(shape: MapShape, value: Any, path: str, faults: list[str]) -> Any:
    if not isinstance(value, dict):
        faults.append(_fault(value, path, "Member must be an object"))
        return value
    _length(shape, value, path, faults)
    return {
        _clean(shape.key, key, f"{path}.key", faults): _clean(shape.value, item, _join(path, key), faults)
        for key, item in value.items()
        if item is not None
    }


def _string(shape: StringShape, value: str, path: str, faults: list[str]) -> str:
    _length(shape, value, path, faults)
    allowed = shape.enum
    if shape.name in CASE_INSENSITIVE:
        value = value.upper()
    if allowed and value not in allowed:
        wanted = ", ".join(allowed)
        faults.append(_fault(value, path, f"Member must satisfy enum value set: [{wanted}]"))
    return value


def _length(shape: Shape, value: Any, path: str, faults: list[str]) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and len(value) < low:
        faults.append(_fault(value, path, f"Member must have length greater than or equal to {low}"))
    if high is not None and len(value) > high:
        faults.append(_fault(value, path, f"Member must have length less than or equal to {high}"))


def _fault(value: Any, path: str, constraint: str) -> str:
    shown = repr(value) if len(repr(value)) <= 200 else repr(value)[:200] + "…"
    return f"Value {shown} at '{path or 'body'}' failed to satisfy constraint: {constraint}"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
