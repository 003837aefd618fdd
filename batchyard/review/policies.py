"""IAM policy statements, and whether one allows all that another allows.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
The comparison errs to one side: what it cannot prove to be covered it calls wider.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from batchyard.review.words import readable

Conditions = Mapping[tuple[str, str], frozenset[str]]
"""Values by operator and key, both in lower case."""

ANYTHING = "*"


@cache
def _pattern(text: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "[^*]"}
    return re.compile("".join(parts.get(character, re.escape(character)) for character in text), re.DOTALL)


def matches(outer: str, inner: str) -> bool:
    """Whether the pattern `outer` matches all that the pattern `inner` matches."""
    return _pattern(outer).fullmatch(inner) is not None


@dataclass(frozen=True)
class Names:
    """What an element of a statement names (Action), or names as exceptions (NotAction)."""

    values: tuple[str, ...]
    inverted: bool = False

    def covers(self, inner: Names) -> bool:
        """Whether these are all that `inner` are."""
        if inner.inverted:
            if self.inverted:
                return all(any(matches(each, mine) for each in inner.values) for mine in self.values)
            return ANYTHING in self.values
        if self.inverted:
            return not any(_may_overlap(each, mine) for each in inner.values for mine in self.values)
        return all(any(matches(mine, each) for mine in self.values) for each in inner.values)

    def single(self) -> Iterator[Names]:
        """One by one, where they are more than one thing."""
        return iter([self]) if self.inverted else (Names((each,)) for each in self.values)

    def folded(self) -> Names:
        """The same in lower case, for names in which case does not count."""
        return replace(self, values=tuple(each.lower() for each in self.values))

    def __str__(self) -> str:
        listed = ", ".join(self.values)
        return f"everything but {listed}" if self.inverted else listed


NOBODY = Names(("",))


def _may_overlap(one: str, other: str) -> bool:
    return matches(one, other) or matches(other, one) or (ANYTHING in one and ANYTHING in other)


@dataclass(frozen=True)
class Statement:
    """A statement, or the part of one that is about some of its names."""

    allows: bool
    principals: Names
    """NOBODY in policies of identities, which name none."""
    actions: Names
    resources: Names
    """NOBODY in policies that say who may be a role, which name none."""
    conditions: tuple[tuple[tuple[str, str], frozenset[str]], ...] = ()

    def covers(self, inner: Statement) -> bool:
        """Whether this is about all that `inner` is about, whatever that is: allowing or denying."""
        return self.names_cover(inner) and _implied(dict(self.conditions), dict(inner.conditions))

    def names_cover(self, inner: Statement) -> bool:
        """The same without regard to conditions."""
        return (
            self.allows == inner.allows
            and self.principals.covers(inner.principals)
            and self.actions.folded().covers(inner.actions.folded())
            and self.resources.covers(inner.resources)
        )

    def single(self) -> Iterator[Statement]:
        """A statement for each principal, action and resource."""
        for principals in self.principals.single():
            for resources in self.resources.single():
                for actions in self.actions.single():
                    yield replace(self, principals=principals, resources=resources, actions=actions)


def uncovered(wanted: Iterable[Statement], given: Sequence[Statement]) -> list[tuple[Statement, bool]]:
    """The parts of statements that no single given one covers.

    The second says whether one would but for its conditions.
    """
    return _merged(
        [
            (part, any(each.names_cover(part) for each in given))
            for statement in wanted
            for part in statement.single()
            if not any(each.covers(part) for each in given)
        ]
    )


def _merged(found: Sequence[tuple[Statement, bool]]) -> list[tuple[Statement, bool]]:
    """Parts that differ in their actions only, as one."""
    actions: dict[tuple[Statement, bool], list[str]] = {}
    whole = []
    for part, by_condition in found:
        if part.actions.inverted:
            whole.append((part, by_condition))
        else:
            actions.setdefault((replace(part, actions=Names(())), by_condition), []).extend(part.actions.values)
    merged = [
        (replace(part, actions=Names(tuple(dict.fromkeys(names)))), by_condition)
        for (part, by_condition), names in actions.items()
    ]
    return [*whole, *merged]


def statements(document: Any) -> list[Statement]:
    """The statements of a policy document."""
    found = document.get("Statement", []) if isinstance(document, Mapping) else []
    return [_statement(each) for each in (found if isinstance(found, list) else [found])]


def _statement(raw: Mapping[str, Any]) -> Statement:
    return Statement(
        allows=raw.get("Effect") == "Allow",
        principals=_names(raw, "Principal", _principals),
        actions=_names(raw, "Action", _texts),
        resources=_names(raw, "Resource", _texts),
        conditions=_conditions(raw.get("Condition", {})),
    )


def _names(raw: Mapping[str, Any], key: str, read: Callable[[Any], list[str]]) -> Names:
    if key in raw:
        return Names(tuple(read(raw[key])))
    if f"Not{key}" in raw:
        return Names(tuple(read(raw[f"Not{key}"])), inverted=True)
    return NOBODY


def _texts(value: Any) -> list[str]:
    return [readable(each) for each in (value if isinstance(value, list) else [value])]


def _principals(value: Any) -> list[str]:
    if not isinstance(value, Mapping):
        return _texts(value)
    return [
        ANYTHING if (kind, name) == ("AWS", ANYTHING) else f"{kind} {name}"
        for kind, names in value.items()
        for name in _texts(names)
    ]


def _conditions(raw: Mapping[str, Mapping[str, Any]]) -> tuple[tuple[tuple[str, str], frozenset[str]], ...]:
    return tuple(
        sorted(
            (
                ((operator.lower(), key.lower()), frozenset(_texts(values)))
                for operator, keys in raw.items()
                for key, values in keys.items()
            ),
            key=lambda item: item[0],
        )
    )


def _implied(outer: Conditions, inner: Conditions) -> bool:
    """Whether whoever meets the `inner` conditions meets the `outer` ones."""
    return all(key in inner and _narrower(key[0], values, inner[key]) for key, values in outer.items())


def _narrower(operator: str, outer: frozenset[str], inner: frozenset[str]) -> bool:
    if outer == inner:
        return True
    if not operator.startswith(("string", "arn", "ipaddress", "notipaddress")):
        return False
    # Of several values one is enough to meet a condition, and to fail a negated one.
    if "not" in operator:
        return all(any(matches(each, mine) for each in inner) for mine in outer)
    like = operator.startswith(("stringlike", "arn"))
    return all(any(matches(mine, each) if like else mine == each for mine in outer) for each in inner)
