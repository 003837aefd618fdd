"""Template values as text that people read, and that can be compared: `${Bucket.Arn}/results/*`."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

#: The hash that the CDK ends a logical id with, inside a reference.
_HASH_IN_REFERENCE = re.compile(r"(\$\{[A-Za-z0-9]+?)[0-9A-F]{8}(?=[.}])")

#: Characters that change how others are shown, or that are not shown: a report must not be able to hide anything.
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


def readable(value: Any) -> str:
    """A value as text: references as in Fn::Sub, anything else that is no text as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and len(value) == 1:
        ((function, argument),) = value.items()
        written = _FUNCTIONS.get(function)
        if written is not None:
            return written(argument)
    return json.dumps(value, sort_keys=True, default=str)


def without_hashes(text: str) -> str:
    """The text with its references' logical ids as people wrote them."""
    return _HASH_IN_REFERENCE.sub(r"\1", text)


def visible(text: str) -> str:
    """The text in one line, with characters that cannot be seen written out."""
    return "".join(
        _escaped(character) if unicodedata.category(character) in _UNSEEN else character for character in text
    )


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _attribute(argument: Any) -> str:
    parts = argument.split(".", 1) if isinstance(argument, str) else argument
    return "${" + ".".join(readable(part) for part in parts) + "}"


def _joined(argument: Any) -> str:
    separator, parts = argument
    if not isinstance(parts, list):
        return json.dumps({"Fn::Join": argument}, sort_keys=True)
    return str(separator).join(readable(part) for part in parts)


def _substituted(argument: Any) -> str:
    if isinstance(argument, str):
        return argument
    text, names = argument
    for name, value in names.items():
        text = text.replace("${" + name + "}", readable(value))
    return str(text)


_FUNCTIONS = {
    "Ref": lambda argument: "${" + str(argument) + "}",
    "Fn::GetAtt": _attribute,
    "Fn::Join": _joined,
    "Fn::Sub": _substituted,
}
