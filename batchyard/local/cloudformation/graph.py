"""What refers to what in a template, and the order that follows from it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from batchyard.local.cloudformation.errors import validation_error
from batchyard.local.cloudformation.intrinsics import variables
from batchyard.local.cloudformation.template import Template


def references(value: Any, holds: Callable[[str], bool] | None = None) -> Iterator[str]:
    """The names that `Ref`, `Fn::GetAtt` and `Fn::Sub` in the value refer to.

    With `holds` (whether a condition is true), only the branch of each `Fn::If` that is taken counts.
    """
    if isinstance(value, list):
        for item in value:
            yield from references(item, holds)
    if not isinstance(value, dict):
        return
    if len(value) == 1:
        ((name, argument),) = value.items()
        if name == "Ref" and isinstance(argument, str):
            yield argument
            return
        if name == "Fn::GetAtt":
            yield argument.split(".", 1)[0] if isinstance(argument, str) else argument[0]
            value = {} if isinstance(argument, str) else {"": argument[1:]}
        elif name == "Fn::Sub":
            yield from _substituted(argument)
        elif name == "Fn::If" and holds and isinstance(argument, list) and len(argument) == 3:
            value = {"": argument[1 if holds(argument[0]) else 2]}
    for item in value.values():
        yield from references(item, holds)


def _substituted(argument: Any) -> Iterator[str]:
    template, local = (argument, {}) if isinstance(argument, str) else (argument[0], argument[1])
    for name in variables(template):
        if name not in local:
            yield name.split(".", 1)[0]


def check_references(template: Template) -> None:
    """Refuse a template that refers to what it does not declare, in CloudFormation's words."""
    parameters = set(template.section("Parameters"))
    known = parameters | set(template.resources)
    unresolved = set()
    for resource in template.resources.values():
        unresolved |= _unknown(references(resource.properties), known)
        unresolved |= set(resource.depends_on) - set(template.resources)
    if unresolved:
        raise _unresolved(unresolved, "Resources")
    if unresolved := _unknown(references(template.section("Conditions")), parameters):
        raise _unresolved(unresolved, "Conditions")
    if unresolved := _unknown(references(template.section("Outputs")), known):
        raise _unresolved(unresolved, "Outputs")


def _unknown(names: Iterator[str], known: Collection[str]) -> set[str]:
    return {name for name in names if name not in known and not name.startswith("AWS::")}


def _unresolved(names: Collection[str], block: str) -> Exception:
    listed = ", ".join(sorted(names))
    return validation_error(
        f"Template format error: Unresolved resource dependencies [{listed}] in the {block} block of the template"
    )


def order(dependencies: Mapping[str, Collection[str]]) -> list[str]:
    """The names so that each comes after what it depends on, otherwise in the given order.

    Raises CloudFormation's ValidationError for a circle.
    """
    done: dict[str, None] = {}
    waiting = {name: set(needs) & set(dependencies) for name, needs in dependencies.items()}
    while waiting:
        ready = [name for name, needs in waiting.items() if needs <= done.keys()]
        if not ready:
            circle = ", ".join(sorted(_circle(waiting)))
            raise validation_error(f"Circular dependency between resources: [{circle}]")
        for name in ready:
            done[name] = None
            del waiting[name]
    return list(done)


def _circle(waiting: Mapping[str, set[str]]) -> set[str]:
    """The members of circles alone, without what merely waits for one."""
    members = set(waiting)
    while True:
        needed = {need for name in members for need in waiting[name]}
        smaller = {name for name in members & needed if waiting[name] & members}
        if smaller == members:
            return members
        members = smaller
