"""The parameters of a job: what its command's `Ref::NAME` arguments become.

SubmitJob has no error for a parameter that no argument names, nor for an argument whose parameter nobody gave. Either
is a job that runs for nothing, so both are refused here.

Source: https://docs.aws.amazon.com/batch/latest/userguide/job_definition_parameters.html#parameters
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence

from batchyard.client.errors import InvalidInputError

PLACEHOLDER = "Ref::"
_ANYWHERE = re.compile(r"Ref::([A-Za-z0-9_-]+)")


def parse_parameters(pairs: Iterable[str]) -> dict[str, str]:
    """`K=V` texts as the values of `Ref::K`; of several with the same name the last one holds."""
    parameters = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name:
            raise InvalidInputError(f"parameter {pair!r}: write NAME=VALUE, for `Ref::NAME` in the command")
        parameters[name] = value
    return parameters


def check_used(commands: Collection[Sequence[str]], given: Mapping[str, str]) -> None:
    """Raise InvalidInputError for a parameter that no argument of these commands asks for."""
    named = {name for command in commands for argument in command for name in _ANYWHERE.findall(argument)}
    for name in given:
        if name not in named:
            has = ", ".join(sorted(named)) or "no parameters"
            raise InvalidInputError(
                f"parameter {name!r}: no argument of the command is {PLACEHOLDER}{name}; it has {has}"
            )


def check_given(commands: Collection[Sequence[str]], known: Collection[str]) -> None:
    """Raise InvalidInputError for arguments `Ref::NAME` of these commands that nothing would replace."""
    for command in commands:
        asked = [argument.removeprefix(PLACEHOLDER) for argument in command if argument.startswith(PLACEHOLDER)]
        missing = [name for name in dict.fromkeys(asked) if name not in known]
        if missing:
            options = " ".join(f"--parameter {name}=VALUE" for name in missing)
            raise InvalidInputError(
                f"the command `{shlex.join(command)}` has no value for {', '.join(missing)}: give {options}"
            )


def replaced(command: Sequence[str], parameters: Mapping[str, str]) -> tuple[str, ...]:
    """The command as Batch will run it."""
    return tuple(
        parameters.get(argument.removeprefix(PLACEHOLDER), argument) if argument.startswith(PLACEHOLDER) else argument
        for argument in command
    )
