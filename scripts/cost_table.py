#!/usr/bin/env python3
"""Write what each deployment costs while idle into docs/cost.md, from its templates and the table of prices.

.venv/bin/python scripts/cost_table.py [--check]
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from batchyard.cost.idle import ASSUMPTIONS, Line, idle  # noqa: E402 - the checkout is not always installed
from batchyard.cost.most import most_of, total  # noqa: E402
from batchyard.cost.prices import HOURS_A_MONTH, PRICES, REGION  # noqa: E402
from batchyard.settings.instance_types import priced_on  # noqa: E402
from batchyard.settings.load import deployment_names, load_named  # noqa: E402
from batchyard.toolchain import use_project_node  # noqa: E402

os.environ["CDK_VALIDATION"] = "false"  # read once, when aws_cdk is imported
use_project_node()

from scripts.generated_part import GeneratedPart  # noqa: E402
from tests.support.synthesis import deployment_templates  # noqa: E402

#: By service and what it is: `AWS::EC2::NatGateway` is shown as `EC2::NatGateway`.
PREFIX = "AWS::"


def costs() -> Mapping[str, Sequence[Line]]:
    """What each deployment of the project costs while idle."""
    return {
        name: [line for template in deployment_templates(name).values() for line in idle(template)]
        for name in deployment_names()
    }


def rows(found: Mapping[str, Sequence[Line]]) -> Iterator[str]:
    """The generated part of the page, a line at a time."""
    yield "## Idle, a month"
    yield ""
    yield "| Deployment | USD a month while idle | USD an hour at most |"
    yield "|---|---|---|"
    for name, lines in found.items():
        most = total(most_of(load_named(name)))
        yield f"| [`{name}`](#{name}) | {sum(line.usd_a_month for line in lines):,.2f} | {most:,.2f} |"
    for name, lines in found.items():
        yield ""
        yield f"### {name}"
        yield ""
        yield "| What | How much | USD a month |"
        yield "|---|---|---|"
        yield from _table(lines)
    yield ""
    yield "## Assumptions"
    yield ""
    yield from (f"- {each}" for each in ASSUMPTIONS)
    yield ""
    yield "## Prices"
    yield ""
    yield f"USD in {REGION}, without taxes, from AWS's price list files of the days that the table says; a month has"
    yield f"{HOURS_A_MONTH} hours. Instances: on-demand prices for Linux of {priced_on()}, in"
    yield "`batchyard/settings/instance_types.csv`."
    yield ""
    yield "| What | USD | for each | Price list | of | Page |"
    yield "|---|---|---|---|---|---|"
    yield from (
        f"| {each.name} | {each.usd:g} | {each.unit} | [{each.source.service}]({each.source.url}) | "
        f"{each.source.published} | <{each.page}> |"
        for each in PRICES
    )


def _table(lines: Sequence[Line]) -> Iterator[str]:
    """A deployment's lines, those of the same kind and size as one."""
    ordered = sorted(lines, key=lambda line: (line.kind, line.quantity, line.usd_a_month))
    for (kind, quantity, _), group in groupby(ordered, key=lambda line: (line.kind, line.quantity, line.usd_a_month)):
        same = list(group)
        what = (f"{len(same)} of " if len(same) > 1 else "") + f"`{kind.removeprefix(PREFIX)}`"
        each = f"{quantity} each" if len(same) > 1 else quantity
        yield f"| {what} | {each} | {sum(line.usd_a_month for line in same):,.2f} |"
    yield f"| **together** | | **{sum(line.usd_a_month for line in lines):,.2f}** |"


PART = GeneratedPart(
    page=ROOT / "docs" / "cost.md",
    script="scripts/cost_table.py",
    make=lambda: "\n".join(rows(costs())) + "\n",
)

if __name__ == "__main__":
    sys.exit(PART.main())
