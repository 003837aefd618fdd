"""One container of a job, in either form of a job definition: what it must say, and overrides.

Source: AWS Batch API Reference, ContainerProperties, TaskContainerProperties, ContainerOverrides.
"""

from collections.abc import Mapping
from typing import Any

from batchyard.local.batch.errors import refuse
from batchyard.local.batch.model import Document

RESERVED = "AWS_BATCH"
#: Lists that Batch describes even where none was given.
_EMPTY_LISTS = ("command", "environment", "mountPoints", "ulimits", "resourceRequirements", "secrets")


def with_lists(container: Document, *more: str) -> Document:
    """A container as Batch describes it: with lists, and `more` of them, that were not given."""
    return {**{member: [] for member in (*_EMPTY_LISTS, *more)}, **container}


def check_container(container: Document, who: str) -> None:
    """Refuse a container that no job could have; `who` is what it is called."""
    if not container.get("image"):
        raise refuse(f"{who} must name an image")
    for kind, legacy in (("VCPU", "vcpus"), ("MEMORY", "memory")):
        if requirement(container, kind, legacy) is None:
            raise refuse(f"{who} must state {legacy}: in resourceRequirements (type {kind}) or as {legacy}")
    for path in (point.get("containerPath", "") for point in container.get("mountPoints", ())):
        if not path.startswith("/"):
            raise refuse(f"mountPoints.containerPath {path!r} must be an absolute path")
    check_environment(container.get("environment", ()))
    check_requirements(container.get("resourceRequirements", ()))


def requirement(container: Mapping[str, Any], kind: str, legacy: str) -> Any:
    """The amount of a resource that a container asks for; None where it does not say."""
    for entry in container.get("resourceRequirements", ()):
        if entry["type"] == kind:
            return entry["value"]
    return container.get(legacy)


def check_environment(variables: Any) -> None:
    """Refuse environment variables without a name, or with one that Batch keeps for itself."""
    for variable in variables:
        if not variable.get("name"):
            raise refuse("Environment variables must have a name")
        if variable["name"].startswith(RESERVED):
            raise refuse(
                f"Environment variables cannot start with {RESERVED!r}, but {variable['name']!r} was given: "
                "this naming convention is reserved for variables that AWS Batch sets"
            )


def check_requirements(requirements: Any) -> None:
    """Refuse amounts that are no positive numbers, and the same resource twice."""
    kinds = [entry["type"] for entry in requirements]
    if len(set(kinds)) < len(kinds):
        raise refuse("resourceRequirements can name each type only once")
    for entry in requirements:
        try:
            amount = float(entry["value"]) if entry["type"] == "VCPU" else int(entry["value"])
        except ValueError:
            amount = 0
        if not 0 < amount < float("inf"):
            raise refuse(f"resourceRequirements: {entry['type']} must be a positive number, not {entry['value']!r}")


def merged(container: Document, overrides: Document) -> Document:
    """A container with overrides: environment by name, resources by type, everything else as a whole.

    The old members `vcpus` and `memory` override the old members only, never resourceRequirements.
    """
    environment = {one["name"]: one.get("value", "") for one in container["environment"]}
    environment |= {one["name"]: one.get("value", "") for one in overrides.get("environment", ())}
    resources = {one["type"]: one["value"] for one in container["resourceRequirements"]}
    resources |= {one["type"]: one["value"] for one in overrides.get("resourceRequirements", ())}
    result = {
        **container,
        "environment": [{"name": name, "value": value} for name, value in environment.items()],
        "resourceRequirements": [{"type": kind, "value": value} for kind, value in resources.items()],
    }
    if overrides.get("command"):
        result["command"] = overrides["command"]
    for member in ("vcpus", "memory", "instanceType"):
        if member in overrides:
            result[member] = overrides[member]
    return result
