"""From a document to a deployment, or to everything that is wrong with it at once."""

from __future__ import annotations

import copy
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from batchyard.settings.checks import check
from batchyard.settings.deployment import Deployment
from batchyard.settings.problems import DeploymentFileError, Path, Problem, shown
from batchyard.settings.yaml_file import Document

#: Repairs before the cross-checks are given up: one would do, but a repair may uncover an empty mapping.
MOST_REPAIRS = 5


def validated(document: Document, name: str) -> Deployment:
    """The deployment that a document describes.

    Raises DeploymentFileError with all problems: those of single fields, and those between fields. The latter need
    whole fields, so they are looked for in the document without its wrong ones.
    """
    try:
        deployment = Deployment.model_validate(document.value)
    except ValidationError as error:
        problems = field_problems(error, document)
        # In a list without its wrong items the others have other positions: the whole list is left alone.
        wrong = {_whole_list(problem.path) for problem in problems}
        repaired = _without_wrong_fields(document.value, error)
        crossed = [] if repaired is None else check(repaired)
        problems += [problem for problem in crossed if not _touches(problem, wrong)]
    else:
        problems = list(check(deployment))
        if not problems:
            return deployment
    raise DeploymentFileError(name, [_placed(problem, document) for problem in problems])


def field_problems(error: ValidationError, document: Document) -> list[Problem]:
    """The problems of single fields, in the file author's words."""
    return [_problem(detail, document) for detail in error.errors(include_url=False) if not _follows(detail)]


def _follows(detail: Any) -> bool:
    """Whether a list is called too short for its wrong items alone, which are told anyway."""
    return bool(detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"])


def _problem(detail: Any, document: Document) -> Problem:
    # The schema takes 10 ms to make, which a correct file need not wait for.
    from batchyard.settings import allowed

    path: Path = tuple(detail["loc"])
    kind: str = detail["type"]
    line = document.line(tuple(part for part in path if part != "[key]"))
    if kind == "extra_forbidden":
        parent = allowed.at(path[:-1])
        fields = list((parent or {}).get("properties", {}))
        close = get_close_matches(str(path[-1]), fields, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        return Problem(path, f"there is no such field{hint}", None, ", ".join(fields), line)
    if path and path[-1] == "[key]":
        names = allowed.words((allowed.at(path[:-2]) or {}).get("propertyNames", {}))
        return Problem(path[:-1], "the name is not allowed", shown(detail["input"]), names, line)
    schema = allowed.at(path)
    allows = None if schema is None else allowed.words(schema)
    message = "the value is not allowed"
    if kind == "value_error":
        message = str(detail["ctx"]["error"])
    given = shown(detail["input"])
    return Problem(path, message, given, allows, line)


def _placed(problem: Problem, document: Document) -> Problem:
    if problem.line is not None:
        return problem
    return replace(problem, line=document.line(problem.path))


def _whole_list(path: Path) -> Path:
    return path[:-1] if path and isinstance(path[-1], int) else path


def _touches(problem: Problem, wrong: set[Path]) -> bool:
    """Whether a problem between fields is about a field that is wrong by itself."""
    paths = (problem.path, *problem.others)
    return any(path[: len(bad)] == bad or bad[: len(path)] == path for path in paths for bad in wrong)


def _without_wrong_fields(value: Any, error: ValidationError) -> Deployment | None:
    """The deployment that the document's correct fields describe; None where there is no such thing."""
    repaired = copy.deepcopy(value)
    for _ in range(MOST_REPAIRS):
        # From the last to the first, so that removing an item of a list moves none that is still to be removed.
        wrong = [tuple(part for part in detail["loc"] if part != "[key]") for detail in error.errors()]
        if () in wrong:
            return None
        for path in sorted(wrong, key=_order, reverse=True):
            _remove(repaired, path)
        try:
            return Deployment.model_validate(repaired)
        except ValidationError as next_error:
            error = next_error
    return None


def _order(path: tuple[Any, ...]) -> tuple[tuple[int, str], ...]:
    return tuple((part, "") if isinstance(part, int) else (0, str(part)) for part in path)


def _remove(value: Any, path: tuple[Any, ...]) -> None:
    """Remove what stands at `path`; nothing where an earlier removal took it along."""
    first, rest = path[0], path[1:]
    present = first in value if isinstance(value, dict) else isinstance(value, list) and first in range(len(value))
    if not present:
        return
    if rest:
        _remove(value[first], rest)
    else:
        del value[first]
