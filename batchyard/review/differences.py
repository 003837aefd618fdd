"""Where two template values differ: the paths of what changed, with the text before and after."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from batchyard.review.words import readable

#: How much of a long text is shown on each side of what changed in it.
AROUND = 40
LONGEST = 160


@dataclass(frozen=True)
class Difference:
    """One place; None where there was, or is, nothing."""

    path: str
    before: str | None
    after: str | None


def differences(before: Any, after: Any, path: str = "") -> Iterator[Difference]:
    """Every place in which two values differ, in the order of the new one."""
    if before == after:
        return
    if _is_mapping(before) and _is_mapping(after):
        for key in [*after, *(key for key in before if key not in after)]:
            yield from _of_key(before, after, key, f"{path}.{key}" if path else key)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_lists(before, after, path)
    else:
        yield Difference(path, *_windows(readable(before), readable(after)))


def _of_key(before: Mapping[str, Any], after: Mapping[str, Any], key: str, path: str) -> Iterator[Difference]:
    if key in before and key in after:
        yield from differences(before[key], after[key], path)
    elif key in after:
        yield Difference(path, None, _cut(readable(after[key])))
    else:
        yield Difference(path, _cut(readable(before[key])), None)


def _of_lists(before: Sequence[Any], after: Sequence[Any], path: str) -> Iterator[Difference]:
    """Items that came or went; where as many came as went, how each differs."""
    old, new = ([json.dumps(each, sort_keys=True) for each in side] for side in (before, after))
    for kind, low, high, new_low, new_high in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        if high - low == new_high - new_low:
            for position in range(high - low):
                place = f"{path}[{new_low + position}]"
                yield from differences(before[low + position], after[new_low + position], place)
            continue
        for position in range(low, high):
            yield Difference(f"{path}[{position}]", _cut(readable(before[position])), None)
        for position in range(new_low, new_high):
            yield Difference(f"{path}[{position}]", None, _cut(readable(after[position])))


def _is_mapping(value: Any) -> bool:
    """Whether it is compared by its keys: a function call is compared as a whole, as text."""
    return isinstance(value, Mapping) and not any(key == "Ref" or key.startswith("Fn::") for key in value)


def _windows(before: str, after: str) -> tuple[str, str]:
    """Two texts; of long ones the part that differs, with a little around it."""
    if max(len(before), len(after)) <= LONGEST:
        return before, after
    shortest = min(len(before), len(after))
    start = next((at for at in range(shortest) if before[at] != after[at]), shortest)
    rest = shortest - start
    end = next((at for at in range(rest) if before[-1 - at] != after[-1 - at]), rest)
    return _window(before, start, len(before) - end), _window(after, start, len(after) - end)


def _window(text: str, start: int, end: int) -> str:
    low, high = max(0, start - AROUND), min(len(text), end + AROUND)
    return f"{'…' if low else ''}{_cut(text[low:high])}{'…' if high < len(text) else ''}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST * 2 else f"{text[: LONGEST * 2]}…"
