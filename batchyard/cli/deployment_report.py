"""What `batchyard deployment check` says of a deployment file: to people, and to programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batchyard.cost import spending
from batchyard.cost.most import Most, described, most_of, total
from batchyard.cost.prices import REGION
from batchyard.settings.deployment import Deployment
from batchyard.settings.instance_types import priced_on
from batchyard.settings.problems import DeploymentError, DeploymentFileError, Problem, dotted


@dataclass(frozen=True)
class Checked:
    """A deployment file, or a name, that was checked."""

    name: str
    #: None where the name is no deployment's.
    file: Path | None


def lines(checked: Checked, deployment: Deployment) -> Iterator[str]:
    """What there is to say of a deployment that can be used, for people."""
    found = most_of(deployment)
    yield f"{checked.file}: nothing is wrong with it"
    yield from described(found)
    if deployment.budget is not None:
        yield from spending.described(deployment.budget, found)


def accepted(checked: Checked, deployment: Deployment) -> dict[str, Any]:
    """The same for programs: amounts are USD, null where nothing is known."""
    found = most_of(deployment)
    return {**_head(checked), "problems": [], "most": _most(found), "budget": _budget(deployment, found)}


def refused(checked: Checked, error: DeploymentError) -> dict[str, Any]:
    """What is wrong with a deployment, for programs."""
    problems = error.problems if isinstance(error, DeploymentFileError) else (Problem((), str(error)),)
    return {**_head(checked), "problems": [_problem(each) for each in problems], "most": None, "budget": None}


def _head(checked: Checked) -> dict[str, Any]:
    return {"deployment": checked.name, "file": None if checked.file is None else str(checked.file)}


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "path": dotted(problem.path) or None,
        "line": problem.line,
        "message": problem.message,
        "given": problem.given,
        "allowed": problem.allowed,
    }


def _most(found: Sequence[Most]) -> dict[str, Any]:
    return {
        "usdPerHour": _rounded(total(found)),
        # Otherwise it may cost more than that.
        "allPricesKnown": not any(each.unpriced for each in found),
        "environments": [
            {
                "name": each.environment,
                "limit": each.limit,
                "usdPerHour": _rounded(each.usd_per_hour),
                "dearestInstanceType": each.dearest,
                "oneInstanceMoreUsdPerHour": _rounded(each.one_instance_more),
                "instanceTypesWithoutPrice": list(each.unpriced),
            }
            for each in found
        ],
        "pricesOfRegion": REGION,
        "pricesReadOn": priced_on().isoformat(),
    }


def _rounded(value: float | None) -> float | None:
    """Without what floating point adds: to a hundredth of a cent."""
    return None if value is None else round(value, 4)


def _budget(deployment: Deployment, found: Sequence[Most]) -> dict[str, Any] | None:
    budget = deployment.budget
    if budget is None:
        return None
    return {"monthlyUsd": budget.monthly_usd, "hoursToSpend": _rounded(spending.hours_to_spend(budget, found))}
