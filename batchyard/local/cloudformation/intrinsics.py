"""Intrinsic functions: a template value and a scope in, a plain value out.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import base64
import ipaddress
import itertools
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from batchyard.local.cloudformation.errors import validation_error


@dataclass(frozen=True)
class Pending:
    """A value that only a deployment will tell, such as the id of a resource not made yet."""

    text: str

    def __str__(self) -> str:
        return self.text


class _NoValue:
    """What `AWS::NoValue` refers to: the property or item vanishes."""


NO_VALUE = _NoValue()


class Scope(Protocol):
    """Where names get their meaning."""

    @property
    def mappings(self) -> Mapping[str, Any]:
        """The template's Mappings."""

    def reference(self, name: str) -> Any:
        """What `Ref` gives: a parameter, a pseudo parameter or a resource's physical id."""

    def attribute(self, logical_id: str, name: str) -> Any:
        """What `Fn::GetAtt` gives."""

    def condition(self, name: str) -> bool:
        """Whether a condition of the template holds."""

    def imported(self, name: str) -> str:
        """What another stack exports under this name."""

    def zones(self, region: str) -> list[str]:
        """The availability zones of a region, the stack's own when empty."""

    def dynamic(self, service: str, key: str) -> str:
        """What `{{resolve:service:key}}` stands for."""


def resolve(value: Any, scope: Scope) -> Any:
    """The value with every intrinsic function and dynamic reference replaced.

    Raises a ValidationError where CloudFormation raises its "Template error".
    """
    if isinstance(value, dict):
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name in FUNCTIONS:
                return _apply(name, argument, scope)
            if name.startswith("Fn::"):
                raise _template_error(f"the local account does not know the function {name}")
        resolved = {key: resolve(item, scope) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not NO_VALUE}
    if isinstance(value, list):
        items = [resolve(item, scope) for item in value]
        return [item for item in items if item is not NO_VALUE]
    if isinstance(value, str) and "{{resolve:" in value:
        return _dynamic(value, scope)
    return value


def _apply(name: str, argument: Any, scope: Scope) -> Any:
    try:
        return FUNCTIONS[name](argument, scope)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise _template_error(f"{name} cannot take {argument!r} ({error})") from error


def text(value: Any) -> str:
    """A scalar as CloudFormation writes it into a string."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def joined(parts: Iterable[Any], delimiter: str = "") -> str | Pending:
    """The parts as one string, which is pending as soon as one of them is."""
    items = list(parts)
    whole = delimiter.join(text(item) for item in items)
    return Pending(whole) if any(isinstance(item, Pending) for item in items) else whole


_DYNAMIC = re.compile(r"\{\{resolve:([a-z-]+):([^}]+)\}\}")
_VARIABLE = re.compile(r"\$\{(!?)([^}]*)\}")


def variables(template: str) -> list[str]:
    """The names that a `Fn::Sub` string refers to."""
    return [name.strip() for literal, name in _VARIABLE.findall(template) if not literal]


def _template_error(message: str) -> Exception:
    return validation_error(f"Template error: {message}")


def _dynamic(value: str, scope: Scope) -> str:
    return _DYNAMIC.sub(lambda match: scope.dynamic(match.group(1), match.group(2)), value)


def _arguments(argument: Any, count: int, function: str) -> list[Any]:
    if not isinstance(argument, list) or len(argument) != count:
        raise _template_error(f"every {function} object requires {count} parameters, got {argument!r}")
    return argument


def _reference(argument: Any, scope: Scope) -> Any:
    if not isinstance(argument, str):
        raise _template_error("every Ref object must have a single String value.")
    return NO_VALUE if argument == "AWS::NoValue" else scope.reference(argument)


def _attribute(argument: Any, scope: Scope) -> Any:
    parts = argument.split(".", 1) if isinstance(argument, str) else argument
    if not isinstance(parts, list) or len(parts) != 2:
        raise _template_error("every Fn::GetAtt object requires two non-empty parameters")
    return scope.attribute(parts[0], text(resolve(parts[1], scope)))


def _join(argument: Any, scope: Scope) -> Any:
    delimiter, items = _arguments(argument, 2, "Fn::Join")
    resolved = resolve(items, scope)
    if isinstance(resolved, Pending):
        return resolved
    if not isinstance(resolved, list):
        raise _template_error("every Fn::Join object requires two parameters, a delimiter and a list of strings")
    return joined(resolved, delimiter)


def _substitute(argument: Any, scope: Scope) -> Any:
    template, local = (argument, {}) if isinstance(argument, str) else _arguments(argument, 2, "Fn::Sub")
    parts: list[Any] = []
    position = 0
    for match in _VARIABLE.finditer(template):
        parts.append(template[position : match.start()])
        literal, name = match.group(1), match.group(2).strip()
        parts.append(f"${{{match.group(2)}}}" if literal else _variable(name, local, scope))
        position = match.end()
    whole = joined([*parts, template[position:]])
    return _dynamic(whole, scope) if isinstance(whole, str) and "{{resolve:" in whole else whole


def _variable(name: str, local: Mapping[str, Any], scope: Scope) -> Any:
    if name in local:
        return resolve(local[name], scope)
    return scope.attribute(*name.split(".", 1)) if "." in name else scope.reference(name)


def _select(argument: Any, scope: Scope) -> Any:
    index, items = _arguments(argument, 2, "Fn::Select")
    resolved = resolve(items, scope)
    if isinstance(resolved, Pending):
        return resolved
    position = int(text(resolve(index, scope)))
    if not isinstance(resolved, list) or not 0 <= position < len(resolved):
        raise _template_error(f"Fn::Select cannot select nonexistent value at index {position}")
    return resolved[position]


def _split(argument: Any, scope: Scope) -> Any:
    delimiter, source = _arguments(argument, 2, "Fn::Split")
    resolved = resolve(source, scope)
    return resolved if isinstance(resolved, Pending) else text(resolved).split(delimiter)


def _if(argument: Any, scope: Scope) -> Any:
    name, yes, no = _arguments(argument, 3, "Fn::If")
    return resolve(yes if scope.condition(name) else no, scope)


def _equals(argument: Any, scope: Scope) -> bool:
    left, right = (resolve(item, scope) for item in _arguments(argument, 2, "Fn::Equals"))
    return text(left) == text(right) if not isinstance(left, (dict, list)) else left == right


def _find_in_map(argument: Any, scope: Scope) -> Any:
    default = NO_VALUE
    if isinstance(argument, list) and len(argument) == 4:
        argument, default = argument[:3], argument[3].get("DefaultValue", NO_VALUE)
    keys = [text(resolve(item, scope)) for item in _arguments(argument, 3, "Fn::FindInMap")]
    found: Any = scope.mappings
    for key in keys:
        if not isinstance(found, dict) or key not in found:
            if default is not NO_VALUE:
                return resolve(default, scope)
            raise _template_error(f"Unable to get mapping for {'::'.join(keys)}")
        found = found[key]
    return found


def _base64(argument: Any, scope: Scope) -> Any:
    value = resolve(argument, scope)
    return value if isinstance(value, Pending) else base64.b64encode(text(value).encode()).decode()


def _cidr(argument: Any, scope: Scope) -> Any:
    resolved = [resolve(item, scope) for item in argument]
    if isinstance(resolved[0], Pending):
        return resolved[0]
    block = ipaddress.ip_network(resolved[0])
    host_bits = int(text(resolved[2])) if len(resolved) > 2 else 8
    subnets = block.subnets(new_prefix=block.max_prefixlen - host_bits)
    return [str(subnet) for subnet in itertools.islice(subnets, int(text(resolved[1])))]


def _any(argument: Any, scope: Scope) -> bool:
    return any(_truth(item, scope) for item in argument)


def _all(argument: Any, scope: Scope) -> bool:
    return all(_truth(item, scope) for item in argument)


def _truth(item: Any, scope: Scope) -> bool:
    value = resolve(item, scope)
    if isinstance(value, bool):
        return value
    raise _template_error(f"a condition must be true or false, got {value!r}")


def _contains(argument: Any, scope: Scope) -> bool:
    items, wanted = (resolve(item, scope) for item in _arguments(argument, 2, "Fn::Contains"))
    return text(wanted) in [text(item) for item in items]


def _each_member_equals(argument: Any, scope: Scope) -> bool:
    items, wanted = (resolve(item, scope) for item in _arguments(argument, 2, "Fn::EachMemberEquals"))
    return all(text(item) == text(wanted) for item in items)


def _each_member_in(argument: Any, scope: Scope) -> bool:
    items, allowed = (resolve(item, scope) for item in _arguments(argument, 2, "Fn::EachMemberIn"))
    return {text(item) for item in items} <= {text(item) for item in allowed}


def _condition(argument: Any, scope: Scope) -> Any:
    # The same word is a key of IAM statements, whose value is a mapping.
    return scope.condition(argument) if isinstance(argument, str) else {"Condition": resolve(argument, scope)}


def _to_json(argument: Any, scope: Scope) -> Any:
    value = resolve(argument, scope)
    return value if isinstance(value, Pending) else json.dumps(value, separators=(",", ":"), default=str)


FUNCTIONS: dict[str, Callable[[Any, Scope], Any]] = {
    "Ref": _reference,
    "Condition": _condition,
    "Fn::GetAtt": _attribute,
    "Fn::Join": _join,
    "Fn::Sub": _substitute,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::If": _if,
    "Fn::Equals": _equals,
    "Fn::And": _all,
    "Fn::Or": _any,
    "Fn::Not": lambda argument, scope: not _truth(_arguments(argument, 1, "Fn::Not")[0], scope),
    "Fn::FindInMap": _find_in_map,
    "Fn::Base64": _base64,
    "Fn::Cidr": _cidr,
    "Fn::GetAZs": lambda argument, scope: scope.zones(text(resolve(argument, scope))),
    "Fn::ImportValue": lambda argument, scope: scope.imported(text(resolve(argument, scope))),
    "Fn::Length": lambda argument, scope: len(resolve(argument, scope)),
    "Fn::ToJsonString": _to_json,
    "Fn::Contains": _contains,
    "Fn::EachMemberEquals": _each_member_equals,
    "Fn::EachMemberIn": _each_member_in,
}
