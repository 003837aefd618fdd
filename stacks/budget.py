"""From the deployment's budget to a construct and an output. Loaded only for a deployment that has one."""

from __future__ import annotations

from aws_cdk import CfnOutput, Stack
from constructs.monthly_budget import MonthlyBudget

from batchyard.settings.budget import Budget
from batchyard.settings.tags import DEPLOYMENT_TAG


def monthly_budget(stack: Stack, *, deployment_name: str, settings: Budget) -> MonthlyBudget:
    """The budget of everything that the deployment's stacks make; `monthly_usd` is set, as checked."""
    if settings.monthly_usd is None:
        raise ValueError("a budget without an amount")
    made = MonthlyBudget(
        stack,
        "MonthlyBudget",
        monthly_usd=settings.monthly_usd,
        tag_key=DEPLOYMENT_TAG,
        tag_value=deployment_name,
        actual_percent=settings.actual_percent,
        forecast_percent=settings.forecast_percent,
        emails=settings.emails,
        sns_topic_arn=settings.sns_topic_arn,
    )
    CfnOutput(
        stack,
        "BudgetName",
        value=made.budget.ref,
        description=f"The monthly budget. It sees nothing until {DEPLOYMENT_TAG} is activated as a cost allocation tag "
        "in the account that pays (docs/cost.md)",
    )
    return made
