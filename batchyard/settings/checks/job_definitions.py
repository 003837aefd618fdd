"""Checks between the fields of a job definition, besides those of its containers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from batchyard.settings.containers import containers_of
from batchyard.settings.deployment import Deployment
from batchyard.settings.job_definition import JobDefinition
from batchyard.settings.problems import Path, Problem

#: What an argument begins with that stands for a parameter.
PLACEHOLDER = "Ref::"


def job_definitions(deployment: Deployment) -> Iterator[Problem]:
    """Everything that is wrong between the fields of one job definition, for each of them."""
    for name, definition in deployment.job_definitions.items():
        for find in _CHECKS:
            yield from find(("job_definitions", name), definition)


def _parameters(here: Path, definition: JobDefinition) -> Iterator[Problem]:
    """Parameters are for commands: a default that none uses is a misspelt one."""
    commands = {(*here, *place, "command"): each.command for place, each in containers_of(definition).items()}
    for path, command in commands.items():
        for position, argument in enumerate(command):
            if argument == PLACEHOLDER:
                yield Problem((*path, position), "the placeholder names no parameter", argument, "Ref::NAME")
    arguments = [argument for command in commands.values() for argument in command]
    used = [each.removeprefix(PLACEHOLDER) for each in arguments if each.startswith(PLACEHOLDER)]
    if not arguments:
        return
    for name in definition.parameters:
        if name not in used:
            yield Problem(
                (*here, "parameters", name),
                "no argument of the command uses it",
                repr(name),
                ", ".join(used) if used else "nothing: the command has no argument Ref::NAME",
                others=tuple(commands),
            )


def _retries(here: Path, definition: JobDefinition) -> Iterator[Problem]:
    for position, condition in enumerate(definition.retry_on):
        if not any((condition.exit_code, condition.reason, condition.status_reason)):
            yield Problem(
                (*here, "retry_on", position),
                "it says nothing, and would match every end",
                "no condition",
                "exit_code, reason, status_reason, or several of them",
            )
    if definition.retry_on and definition.attempts == 1:
        yield Problem(
            (*here, "attempts"),
            "retry_on names reasons to try again, and one attempt leaves none",
            "1",
            "2 to 10, or no retry_on",
            others=((*here, "retry_on"),),
        )


_CHECKS: tuple[Callable[[Path, JobDefinition], Iterator[Problem]], ...] = (
    _parameters,
    _retries,
)
