"""How fast a deployment can spend its monthly budget, and what the budget needs to see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batchyard.cost.most import Most, total
from batchyard.settings.budget import Budget
from batchyard.settings.tags import DEPLOYMENT_TAG


def hours_to_spend(budget: Budget, found: Sequence[Most]) -> float | None:
    """In how many hours the deployment at its largest spends a month's budget; None where it can spend nothing."""
    usd_per_hour = total(found)
    if budget.monthly_usd is None or not usd_per_hour:
        return None
    return budget.monthly_usd / usd_per_hour


def described(budget: Budget, found: Sequence[Most]) -> Iterator[str]:
    """The budget, as lines for people."""
    hours = hours_to_spend(budget, found)
    spent = "" if hours is None else f": at its largest the deployment spends it in {hours:,.1f} hours"
    yield f"its budget is {budget.monthly_usd:,.2f} USD a month{spent}"
    yield (
        f"    it sees nothing until the tag {DEPLOYMENT_TAG} is activated as a cost allocation tag, once, in the "
        "account that pays (docs/cost.md)"
    )
