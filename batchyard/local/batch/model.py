"""The operations of AWS Batch as data: routes and shapes, read from botocore's own service model."""

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.model import OperationModel, ServiceModel, Shape

Document = dict[str, Any]
"""A JSON object in the shape that the service model gives it. Stored documents are replaced, never changed."""


@dataclass(frozen=True)
class Route:
    """One line of the routing table: an HTTP method and a path lead to an operation."""

    method: str
    path: re.Pattern[str]
    operation: OperationModel


@functools.cache
def service_model() -> ServiceModel:
    """botocore's model of the service `batch`."""
    return botocore.session.get_session().get_service_model("batch")


@functools.cache
def routes() -> tuple[Route, ...]:
    """The routing table of all operations that the service model knows."""
    model = service_model()
    operations = (model.operation_model(name) for name in model.operation_names)
    return tuple(_route(operation) for operation in operations)


def _route(operation: OperationModel) -> Route:
    path = re.sub(r"\{(\w+)\}", r"(?P<\1>.+)", operation.http["requestUri"])
    return Route(operation.http["method"], re.compile(path), operation)


def find(method: str, path: str) -> tuple[OperationModel, dict[str, str]] | None:
    """The operation behind a request and the members that stand in its path; None where there is none."""
    for route in routes():
        found = route.path.fullmatch(path)
        if found and route.method == method:
            return route.operation, found.groupdict()
    return None


def request_of(
    operation: OperationModel, in_path: Mapping[str, str], query: Mapping[str, Sequence[str]], body: Any
) -> Any:
    """All members of a request in one object, from where the model puts each: path, query string, or body."""
    shape: Any = operation.input_shape
    located = {
        member.serialization.get("name", name): (name, member)
        for name, member in shape.members.items()
        if member.serialization.get("location") in ("uri", "querystring")
    }
    if not located:
        return body
    outside: Document = {located[name][0]: value for name, value in in_path.items()}
    for name, values in query.items():
        if name in located:
            member_name, member = located[name]
            outside[member_name] = list(values) if member.type_name == "list" else values[-1]
    return {**body, **outside} if isinstance(body, dict) else body


def members_of(shape: Shape) -> Mapping[str, Shape]:
    """The members of a structure."""
    members: Mapping[str, Shape] = getattr(shape, "members", {})
    return members
