"""Template parameters: what was given, what is kept from before, what the rules allow.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from batchyard.local.cloudformation.errors import CloudFormationError, validation_error

_SSM_TYPE = re.compile(r"AWS::SSM::Parameter::Value<(.+)>")
_LIST_TYPES = re.compile(r"CommaDelimitedList|List<.+>")
_SCALAR_TYPES = re.compile(r"String|Number|AWS::SSM::Parameter::Name|AWS::EC2::[A-Za-z:]+|AWS::Route53::[A-Za-z:]+")


@dataclass(frozen=True)
class Parameter:
    """A parameter of a stack: the text it was given, and what `Ref` makes of it."""

    key: str
    text: str
    value: str | list[str]
    hidden: bool = False
    resolved: str | None = None

    def described(self) -> dict[str, str]:
        """The shape that DescribeStacks answers with."""
        shown = {"ParameterKey": self.key, "ParameterValue": "****" if self.hidden else self.text}
        return shown | ({"ResolvedValue": self.resolved} if self.resolved is not None else {})


def settle(
    declarations: Mapping[str, Any],
    given: list[dict[str, Any]],
    previous: Mapping[str, Parameter],
    parameter_store: Callable[[str], str],
) -> dict[str, Parameter]:
    """Every declared parameter with its value.

    `given` is the API's Parameters list; `parameter_store` reads one SSM parameter.
    Raises a ValidationError for an unknown, missing or refused value.
    """
    supplied = {entry["ParameterKey"]: entry for entry in given}
    unknown = sorted(set(supplied) - set(declarations))
    if unknown:
        raise validation_error(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    texts = {key: _text(key, entry, supplied.get(key), previous) for key, entry in declarations.items()}
    missing = sorted(key for key, text in texts.items() if text is None)
    if missing:
        raise validation_error(f"Parameters: [{', '.join(missing)}] must have values")
    return {
        key: _parameter(key, declarations[key], text, parameter_store)
        for key, text in texts.items()
        if text is not None
    }


def _text(
    key: str, declaration: Mapping[str, Any], entry: Mapping[str, Any] | None, previous: Mapping[str, Parameter]
) -> str | None:
    if entry and entry.get("UsePreviousValue"):
        if key not in previous:
            raise validation_error(
                f"Invalid input for parameter key {key}. Cannot specify usePreviousValue as true for a parameter "
                "key not in the previous template"
            )
        return previous[key].text
    if entry and "ParameterValue" in entry:
        return str(entry["ParameterValue"])
    default = declaration.get("Default")
    if default is None:
        return None
    return str(default).lower() if isinstance(default, bool) else str(default)


def _parameter(key: str, declaration: Mapping[str, Any], text: str, store: Callable[[str], str]) -> Parameter:
    kind = str(declaration.get("Type", "String"))
    hidden = str(declaration.get("NoEcho", "false")).lower() == "true"
    _check(key, declaration, text)
    resolved = None
    if from_store := _SSM_TYPE.fullmatch(kind):
        kind, resolved = from_store.group(1), store(text)
    plain = text if resolved is None else resolved
    if _LIST_TYPES.fullmatch(kind):
        items = [item.strip() for item in plain.split(",")] if plain else [""]
        return Parameter(key, text, items, hidden, resolved)
    if not _SCALAR_TYPES.fullmatch(kind):
        raise validation_error(f"Template format error: Unrecognized parameter type: {kind}")
    if kind == "Number":
        _number(key, plain)
    return Parameter(key, text, plain, hidden, resolved)


def _number(key: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise validation_error(f"Parameter '{key}' must be a number.") from None


def _check(key: str, declaration: Mapping[str, Any], text: str) -> None:
    for rule, check in _RULES.items():
        if rule in declaration and (fault := check(key, declaration[rule], text)):
            described = declaration.get("ConstraintDescription")
            raise _refused(key, described, fault)


def _refused(key: str, described: str | None, fault: str) -> CloudFormationError:
    if described:
        return validation_error(f"Parameter {key} failed to satisfy constraint: {described}")
    return validation_error(f"Parameter '{key}' {fault}")


def _allowed_values(_key: str, allowed: list[Any], text: str) -> str | None:
    words = [str(item).lower() if isinstance(item, bool) else str(item) for item in allowed]
    return None if text in words else f"must be one of AllowedValues [{', '.join(words)}]"


def _allowed_pattern(_key: str, pattern: str, text: str) -> str | None:
    return None if re.fullmatch(pattern, text) else f"must match pattern {pattern}"


_RULES: dict[str, Callable[[str, Any, str], str | None]] = {
    "AllowedValues": _allowed_values,
    "AllowedPattern": _allowed_pattern,
    "MinLength": lambda _key, least, text: (
        None if len(text) >= int(least) else f"must contain at least {least} characters"
    ),
    "MaxLength": lambda _key, most, text: None if len(text) <= int(most) else f"must contain at most {most} characters",
    "MinValue": lambda key, least, text: (
        None if _number(key, text) >= float(least) else f"must be a number not less than {least}"
    ),
    "MaxValue": lambda key, most, text: (
        None if _number(key, text) <= float(most) else f"must be a number not greater than {most}"
    ),
}
