#!/usr/bin/env python3
"""Write the table of updates into docs/updates.md, from what tests/support/updates/ synthesizes before and after.

.venv/bin/python scripts/updates_table.py [--check]
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from batchyard.review.effects import Change, Effect  # noqa: E402 - the checkout is not always installed
from batchyard.toolchain import use_project_node  # noqa: E402

os.environ["CDK_VALIDATION"] = "false"  # read once, when aws_cdk is imported
use_project_node()

from scripts.generated_part import GeneratedPart  # noqa: E402
from tests.support.updates import UPDATES, changes  # noqa: E402


def rows() -> Iterator[str]:
    """The table, a line at a time."""
    yield "| A change of … | … does this |"
    yield "|---|---|"
    for update in UPDATES:
        note = f" {update.note}" if update.note else ""
        yield f"| {update.title} | {described(changes(update))}.{note} |"


def described(found: Sequence[Change]) -> str:
    """What happens, by effect and then by type: `**in place**: JobQueue DefaultQueue`."""
    by_effect = sorted(found, key=lambda each: list(Effect).index(each.effect))
    return "; ".join(
        f"**{effect.value}**: {_types(list(group))}"
        for effect, group in groupby(by_effect, key=lambda each: each.effect)
    )


def _types(found: Sequence[Change]) -> str:
    by_type = groupby(sorted(found, key=lambda each: each.kind), key=lambda each: each.kind)
    return ", ".join(_named(kind, list(group)) for kind, group in by_type)


def _named(kind: str, found: Sequence[Change]) -> str:
    short = kind.split("::", 1)[1]
    return f"`{short}` {found[0].name}" if len(found) == 1 else f"{len(found)} of `{short}`"


PART = GeneratedPart(
    page=ROOT / "docs" / "updates.md",
    script="scripts/updates_table.py",
    make=lambda: "\n".join(rows()) + "\n",
)

if __name__ == "__main__":
    sys.exit(PART.main())
