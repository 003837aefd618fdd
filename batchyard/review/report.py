"""A comparison in words: for a terminal, and as Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from batchyard.review.comparison import DeploymentDifference, ResourceDifference, StackDifference
from batchyard.review.differences import Difference
from batchyard.review.effects import Change, Effect
from batchyard.review.words import visible, without_hashes

#: GitHub takes 65,536 characters in a comment.
LONGEST_MARKDOWN = 60_000

#: By this line, which is not shown, a workflow finds its own comment again.
MARK = "<!-- batchyard: review_diff -->"

_SIGNS = {Effect.ADDED: "+", Effect.REMOVED: "-", Effect.KEPT: "-"}


@dataclass(frozen=True)
class Report:
    """All deployments compared, and with what."""

    base: str
    deployments: Sequence[DeploymentDifference]
    notes: Sequence[str] = ()

    @property
    def differs(self) -> bool:
        """Whether any deployment does."""
        return any(each.differs for each in self.deployments)

    @property
    def failed(self) -> bool:
        """Whether any deployment could not be compared."""
        return any(each.error for each in self.deployments)


def text(report: Report) -> str:
    """The report for a terminal. A line that must not be overlooked begins with `!`."""
    lines = [line for each in report.deployments for line in _deployment(each)]
    return "\n".join([*lines, *(f"note: {note}" for note in report.notes), summary(report)]) + "\n"


def summary(report: Report) -> str:
    """One line: how many deployments differ, and how many things must not be overlooked."""
    compared = [each for each in report.deployments if not each.error]
    parts = [f"{sum(each.differs for each in compared)} of {len(compared)} deployments differ from {report.base}"]
    marks = list(_counts(report))
    if marks:
        parts.append(", ".join(marks))
    failed = len(report.deployments) - len(compared)
    if failed:
        parts.append(f"{failed} could not be compared")
    return "; ".join(parts)


def markdown(report: Report) -> str:
    """The report for a pull request: what must not be overlooked in sight, the rest folded, never too long for it."""
    marked = [(each.name, line) for each in report.deployments for line in _deployment(each) if line.startswith("!")]
    head = [MARK, "### What changes in the templates", "", f"{visible(summary(report))}.", ""]
    summed_up = list(head)
    if marked:
        head += ["**Look at these:**", "", *_fenced([f"{name}: {line[1:].strip()}" for name, line in marked]), ""]
    body = []
    for each in report.deployments:
        if each.differs or each.error:
            body += [
                f"<details><summary>{each.name}</summary>",
                "",
                *_fenced(list(_deployment(each))),
                "",
                "</details>",
                "",
            ]
    made = "\n".join([*head, *body, *(f"- {visible(note)}" for note in report.notes)]) + "\n"
    if len(made) <= LONGEST_MARKDOWN:
        return made
    short = "\n".join(head)
    if len(short) > LONGEST_MARKDOWN:
        short = "\n".join(summed_up)
    return f"{short}\nThe whole is too long for a comment: run `scripts/review_diff`.\n"


def _fenced(lines: Sequence[str]) -> list[str]:
    """Lines as code, in a fence that none of them can end."""
    longest = max((len(part) for line in lines for part in _backticks(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", *lines, fence]


def _backticks(line: str) -> Iterator[str]:
    return (part for part in "".join(each if each == "`" else " " for each in line).split() if part)


def _counts(report: Report) -> Iterator[str]:
    stacks = [stack for each in report.deployments for stack in each.stacks]
    effects = [each.change.effect for stack in stacks for each in stack.resources if each.change and each.marked]
    for effect in Effect:
        if effect in effects:
            yield f"{effects.count(effect)} {effect.value}"
    wider = sum(len(stack.widenings) for stack in stacks)
    if wider:
        yield f"{wider} wider permission{'' if wider == 1 else 's'}"


def _deployment(found: DeploymentDifference) -> Iterator[str]:
    if found.error:
        first, *rest = found.error.splitlines()
        yield f"! {found.name}: {visible(first)}"
        yield from (f"    {visible(line)}" for line in rest)
        return
    if not found.differs:
        yield f"{found.name}: no difference"
    else:
        yield f"{found.name}: the deployment is {found.presence}" if found.presence else f"{found.name}:"
    yield from (f"  note: {note}" for note in found.notes)
    for stack in found.stacks:
        if stack.differs:
            yield from (_plain(line) for line in _stack(stack))


def _stack(stack: StackDifference) -> Iterator[str]:
    yield f"  {stack.name}{f': the stack is {stack.presence}' if stack.presence else ''}"
    for resource in stack.resources:
        yield from _resource(resource)
    for each in stack.widenings:
        yield f"! [!] wider permission: {_short(each.who)} {each.what}"
    for difference in stack.others:
        yield f"  [~] {_difference(difference)}"


def _resource(resource: ResourceDifference) -> Iterator[str]:
    sign = "!" if resource.marked else " "
    change = resource.change
    if change is None:
        yield f"{sign} [~] {resource.kind} {_short(resource.logical_id)}: the resource itself does not change"
    else:
        mark = _SIGNS.get(change.effect, "~")
        yield f"{sign} [{mark}] {resource.kind} {change.name}: {_effect(change)}"
    shown = set()
    for difference in resource.differences:
        shown.add(difference.path.split(".")[0].split("[")[0])
        yield f"        {_difference(difference)}"
    if change is not None and change.effect not in (Effect.ADDED, Effect.REMOVED, Effect.KEPT):
        for name in change.properties:
            if name not in shown and f"({name})" not in shown:
                yield f"        {name}: names a resource that gets a new value"


def _effect(change: Change) -> str:
    because = f", because of {', '.join(change.replacing)}" if change.replacing else ""
    return f"{change.effect.value}{because}"


def _difference(difference: Difference) -> str:
    if difference.before is None:
        return f"{difference.path}: + {difference.after}"
    if difference.after is None:
        return f"{difference.path}: - {difference.before}"
    return f"{difference.path}: {difference.before} -> {difference.after}"


def _short(logical_id: str) -> str:
    return Change(logical_id, "", Effect.IN_PLACE).name


def _plain(line: str) -> str:
    return visible(without_hashes(line))
