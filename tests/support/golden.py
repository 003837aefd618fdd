"""Golden templates: what every stack of every deployment was when a change of it was accepted last.

They are YAML with sorted keys, one file a stack, so that a change reads well where code is reviewed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import SafeRepresenter

from batchyard.settings.load import deployment_names
from batchyard.toolchain import CONTAINER, ROOT
from tests.support.synthesis import deployment_templates

GOLDEN = ROOT / "tests" / "golden"
ACCEPT = "make golden"

#: Lines around a change, and the most lines of a difference that are shown.
CONTEXT, MOST_LINES = 3, 150


@dataclass(frozen=True)
class Normalised:
    """Text that changes for no reason that anybody would review in a template."""

    pattern: str
    instead: str
    reason: str


#: All that a golden template does not say as the template does. The image's tag is not in here: all templates of the
#: tests are made with the same one, and for the same account and region (tests/support/synthesis.py).
NORMALISED: tuple[Normalised, ...] = (
    Normalised(
        r"(cdk-[a-z0-9]+-assets-[0-9]{12}-[a-z0-9-]+/)[0-9a-f]{64}",
        r"\1HASH-OF-THE-ASSET",
        "An asset's hash changes with every letter of its files, which are reviewed where they stand.",
    ),
    Normalised(
        "|".join(sha256(file.read_bytes()).hexdigest() for file in sorted(CONTAINER.iterdir()) if file.is_file()),
        "HASH-OF-THE-FILE",
        "So do the hashes of the runner's files, which instances compare. Those of pinned downloads stay.",
    ),
)


class _Representer(SafeRepresenter):
    """Text of several lines is written as such: a script's change is a change of its lines."""

    def text(self, value: str) -> ScalarNode:
        lines = "\n" in value and value.replace("\n", "").replace("\t", "").isprintable()
        return self.represent_scalar("tag:yaml.org,2002:str", value, style="|" if lines else None)

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Representer.add_representer(str, _Representer.text)


def golden(template: Mapping[str, Any]) -> str:
    """A template as its golden file says it."""
    writer = YAML(typ="safe", pure=True)
    writer.Representer = _Representer
    writer.default_flow_style = False
    writer.width = 1_000_000
    text = StringIO()
    writer.dump(template, text)
    made = text.getvalue()
    for each in NORMALISED:
        made = re.sub(each.pattern, each.instead, made)
    return f"# Made by `{ACCEPT}`; docs/review.md says how a change is accepted.\n{made}"


def made(name: str) -> dict[str, str]:
    """What the golden files of a deployment would say now, by stack."""
    return {stack: golden(template) for stack, template in deployment_templates(name).items()}


def all_made() -> dict[str, str]:
    """What all golden files would say now, by stack."""
    return {stack: text for name in deployment_names() for stack, text in made(name).items()}


def accepted(folder: Path = GOLDEN) -> dict[str, str]:
    """What the golden files say, by stack."""
    return {file.stem: file.read_text() for file in sorted(folder.glob("*.yaml"))}


def accept(templates: Mapping[str, str], folder: Path = GOLDEN) -> list[str]:
    """Make the golden files say `templates`, which are all that there are; what was done to each that differs."""
    before = accepted(folder)
    for stack in before.keys() - templates.keys():
        (folder / f"{stack}.yaml").unlink()
    for stack in templates:
        (folder / f"{stack}.yaml").write_text(templates[stack])
    return [
        f"{_shown(folder / f'{stack}.yaml')}: {_done(before.get(stack), templates.get(stack))}"
        for stack in sorted(before.keys() | templates.keys())
        if before.get(stack) != templates.get(stack)
    ]


def _done(before: str | None, after: str | None) -> str:
    if after is None:
        return "removed, with its stack"
    return "new" if before is None else "changed"


def unaccepted(before: Mapping[str, str], after: Mapping[str, str], folder: Path = GOLDEN) -> str:
    """The differences between golden files and templates, and how they are accepted; empty where there are none."""
    found = [
        _difference(stack, before.get(stack), after.get(stack), folder / f"{stack}.yaml")
        for stack in sorted(before.keys() | after.keys())
        if before.get(stack) != after.get(stack)
    ]
    if not found:
        return ""
    advice = f"If this is what you meant to change, accept it: run `{ACCEPT}` and commit {_shown(folder)} as well."
    return "\n\n".join([*found, f"{advice} docs/review.md says more."])


def _difference(stack: str, before: str | None, after: str | None, file: Path) -> str:
    if after is None:
        return f"{_shown(file)}: there is no stack {stack} any more"
    if before is None:
        return f"{_shown(file)} does not exist: no template of the stack {stack} was accepted yet"
    lines = list(_diff(before.splitlines(), after.splitlines()))
    more = len(lines) - MOST_LINES
    if more > 0:
        lines[MOST_LINES:] = [f"… and {more} lines more: `git diff {_shown(file)}` shows all after `{ACCEPT}`"]
    return "\n".join([f"The template of the stack {stack} is not the accepted one, {_shown(file)}:", *lines])


def _diff(before: list[str], after: list[str]) -> Iterator[str]:
    for line in unified_diff(before, after, "accepted", "made now", lineterm="", n=CONTEXT):
        hunk = re.match(r"@@ -([0-9]+)", line)
        yield line if hunk is None else f"{line} {_resource(before[: int(hunk[1]) + CONTEXT])}".rstrip()


def _resource(lines: list[str]) -> str:
    """The logical id, or other second-level key, that the last of these lines is about."""
    return next((line.strip(" :") for line in reversed(lines) if re.match(r"  [^ -]", line)), "")


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)
