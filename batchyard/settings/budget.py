"""A monthly budget: who is told when a deployment costs much.

The limits are those of AWS Budgets (AWS::Budgets::Budget, NotificationsWithSubscribers): a budget has up to five
notifications, and each of them up to ten addresses and one SNS topic.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from batchyard.settings.section import Items, Section

MOST_NOTIFICATIONS, MOST_EMAILS = 5, 10

LEAST_USD, MOST_USD = 0.01, 1_000_000_000

Email = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$",
        max_length=254,
        json_schema_extra={"x-allowed": "an e-mail address, for example team@example.com"},
    ),
]

#: AWS Budgets takes up to 1,000,000 percent (API reference, Notification, `Threshold`).
Percent = Annotated[int, Field(ge=1, le=1_000_000)]


class Budget(Section):
    """A monthly budget of what carries the deployment's tag. It tells; it stops nothing, and comes hours later.

    It sees nothing until the tag `batchyard:deployment` is activated as a cost allocation tag, once, in the account
    that pays: docs/cost.md, "Guard rails". At least one of `emails` and `sns_topic_arn` is needed, and five
    percentages at most.
    """

    monthly_usd: float | None = Field(
        default=None,
        ge=LEAST_USD,
        le=MOST_USD,
        allow_inf_nan=False,
        description="How much the deployment is meant to cost in a calendar month (UTC), in USD, before credits and "
        "refunds. It must be set.",
    )
    actual_percent: Items[Percent] = Field(
        default=(80, 100), description="Tell when so many percent of `monthly_usd` have been spent."
    )
    forecast_percent: Items[Percent] = Field(
        default=(100,),
        description="Tell when AWS forecasts that the month will cost so many percent of `monthly_usd`; it needs some "
        "five weeks of costs before it forecasts anything.",
    )
    emails: Items[Email] = Field(
        default=(), max_length=MOST_EMAILS, description="Who is told, by e-mail. They stand in the template."
    )
    sns_topic_arn: str | None = Field(
        default=None,
        pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$",
        description="An SNS topic of the deployment's account that is told as well. Its policy must let "
        "`budgets.amazonaws.com` publish (docs/cost.md has the statement), and its key too, if it has one of its own.",
        json_schema_extra={"x-allowed": "the ARN of a standard SNS topic (arn:aws:sns:REGION:ACCOUNT:NAME)"},
    )
