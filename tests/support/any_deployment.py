"""Deployment files that say whatever the schema can express, until nothing is wrong with them any more.

They are made from the schema itself, so a new field is tried without a word here. Nearly all files whose fields are
drawn one by one are refused for what the fields are together: what a problem is about is taken out, and the rest tried
again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from copy import deepcopy
from random import Random
from typing import Any

from batchyard.settings import allowed
from batchyard.settings.problems import DeploymentFileError, Path, Problem
from batchyard.settings.validation import validated
from batchyard.settings.yaml_file import Document
from tests.support.drawn_settings import Draw
from tests.support.sayable import Settings, said

MOST_REPAIRS = 100
#: How many files are drawn for each one that is chosen.
TRIES = 20


def any_deployment(seed: int, wanted: Set[str] = frozenset()) -> Settings | None:
    """Settings that are accepted, others for every seed, with a liking for what is `wanted` (as `said` says it).

    None where what was drawn could not be mended.
    """
    random = Random(seed)  # noqa: S311 - no secret
    settings: Settings = Draw(random, wanted).value(allowed.deployment_schema(), "")
    for _ in range(MOST_REPAIRS):
        problem = _problem(settings)
        if problem is None:
            return settings
        about = [path for path in (problem.path, *problem.others) if _existing(settings, path) == path]
        # What is missing is missing in something.
        around = [path for each in (problem.path, *problem.others) if (path := _existing(settings, each))]
        if not around:
            return None
        _remove(settings, random.choice(about or around))
    return None


def few_that_say_all(wanted: Set[str], *, most: int) -> list[Settings]:
    """Settings that together say what is wanted: of some tries always the one that says most of what is left."""
    found: list[Settings] = []
    left = set(wanted)
    for first in range(0, most * TRIES, TRIES):
        tries = [each for seed in range(first, first + TRIES) if (each := any_deployment(seed, left)) is not None]
        best = max(tries, key=lambda settings: len(said(settings) & left))
        if said(best) & left:
            found.append(best)
            left -= said(best)
        if not left:
            break
    return found


def accepted(settings: Settings) -> bool:
    """Whether nothing is wrong with settings."""
    return _problem(settings) is None


def _problem(settings: Settings) -> Problem | None:
    try:
        validated(Document(settings, {}), "file")
    except DeploymentFileError as error:
        return error.problems[0]
    return None


def smaller(settings: Settings, fails: Callable[[Settings], bool], *, tries: int = 30) -> Settings:
    """Settings that fail as these do, without sections and fields that can go; for people to read."""
    for path in sorted(_paths(settings), key=len):
        without = deepcopy(settings)
        _remove(without, path)
        if not accepted(without):
            continue
        if fails(without):
            # What was needed for what is gone can go now.
            return smaller(without, fails, tries=tries - 1)
        tries -= 1
        if tries <= 0:
            break
    return settings


def _paths(value: Any, place: Path = ()) -> Iterator[Path]:
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield (*place, key)
        yield from _paths(inner, (*place, key))


def _existing(settings: Settings, path: Path) -> Path:
    """How much of a path there is in the settings."""
    value: Any = settings
    for depth, part in enumerate(path):
        there = part in value if isinstance(value, dict) else isinstance(value, list) and part in range(len(value))
        if not there:
            return path[:depth]
        value = value[part]
    return path


def _remove(settings: Settings, path: Path) -> None:
    """Take out what stands at a path."""
    value: Any = settings
    for part in path[:-1]:
        value = value[part]
    del value[path[-1]]
