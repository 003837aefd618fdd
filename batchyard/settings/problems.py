"""What is wrong with a deployment file: each problem with its place, what was given and what is allowed."""

from __future__ import annotations

from dataclasses import dataclass

#: Where a value stands: keys and list positions from the root, for example ("queues", "high", "priority").
Path = tuple[str | int, ...]

LONGEST_VALUE_SHOWN = 80


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong. `given` and `allowed` are words for people; `line` counts from 1."""

    path: Path
    message: str
    given: str | None = None
    allowed: str | None = None
    line: int | None = None
    #: The other fields that a problem between fields is about.
    others: tuple[Path, ...] = ()

    def describe(self, file: str) -> str:
        """The problem as it is printed: where, what, given, allowed."""
        place = file if self.line is None else f"{file}:{self.line}"
        field = f"{_visible(dotted(self.path))}: " if self.path else ""
        lines = [f"{place}: {field}{self.message}"]
        if self.given is not None:
            lines.append(f"    given:   {self.given}")
        if self.allowed is not None:
            lines.append(f"    allowed: {self.allowed}")
        return "\n".join(lines)


class DeploymentError(Exception):
    """A deployment that cannot be used: all that is wrong with it, in words for its author."""


class DeploymentFileError(DeploymentError):
    """A deployment file with problems in it."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file = file
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        described = "\n".join(problem.describe(file) for problem in self.problems)
        super().__init__(f"{described}\n{count} in {file}: nothing was done.")


def dotted(path: Path) -> str:
    """A path as people write it: `queues.high.compute_environments[0]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _visible(text: str) -> str:
    """Text whose characters a terminal shows and does not obey."""
    return text if text.isprintable() else repr(text)[1:-1]


def shown(value: object) -> str:
    """A value as the file's author would recognise it, cut where it is long."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = repr(value)
    elif isinstance(value, dict):
        text = "a mapping" if value else "an empty mapping"
    elif isinstance(value, (list, tuple)):
        text = f"[{', '.join(shown(item) for item in value)}]"
    else:
        text = str(value)
    return text if len(text) <= LONGEST_VALUE_SHOWN else f"{text[:LONGEST_VALUE_SHOWN]}…"
