"""A monthly budget of what carries a tag, and its notifications."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aws_cdk import aws_budgets as budgets
from constructs import Construct


class MonthlyBudget(Construct):
    """A budget of costs in USD, by calendar month, of everything with the tag `tag_key` of the value `tag_value`.

    It has no name of ours: a change of who is told, or when, makes CloudFormation replace it, and the old one would
    have the name.
    """

    budget: budgets.CfnBudget

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        monthly_usd: float,
        tag_key: str,
        tag_value: str,
        actual_percent: Iterable[int],
        forecast_percent: Iterable[int],
        emails: Iterable[str],
        sns_topic_arn: str | None,
    ) -> None:
        """Make the budget. The order in which percentages and addresses are given has no meaning."""
        super().__init__(scope, construct_id)
        subscribers = [_subscriber("EMAIL", address) for address in sorted(emails)]
        if sns_topic_arn is not None:
            subscribers.append(_subscriber("SNS", sns_topic_arn))
        self.budget = budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=monthly_usd, unit="USD"),
                # Not FilterExpression, which is newer: ADR 0100.
                cost_filters={"TagKeyValue": [f"user:{tag_key}${tag_value}"]},
                # Credits would hide what is spent until they are used up.
                cost_types=budgets.CfnBudget.CostTypesProperty(include_credit=False, include_refund=False),
            ),
            notifications_with_subscribers=[
                _notification(kind, percent, subscribers)
                for kind, percentages in (("ACTUAL", actual_percent), ("FORECASTED", forecast_percent))
                for percent in sorted(percentages)
            ],
        )


def _notification(
    kind: str, percent: int, subscribers: Sequence[budgets.CfnBudget.SubscriberProperty]
) -> budgets.CfnBudget.NotificationWithSubscribersProperty:
    return budgets.CfnBudget.NotificationWithSubscribersProperty(
        notification=budgets.CfnBudget.NotificationProperty(
            notification_type=kind,
            comparison_operator="GREATER_THAN",
            threshold=percent,
            threshold_type="PERCENTAGE",
        ),
        subscribers=subscribers,
    )


def _subscriber(kind: str, address: str) -> budgets.CfnBudget.SubscriberProperty:
    return budgets.CfnBudget.SubscriberProperty(subscription_type=kind, address=address)
