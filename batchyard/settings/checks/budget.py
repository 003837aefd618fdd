"""Checks of the monthly budget: it has an amount, tells somebody, and is within AWS's limits."""

from __future__ import annotations

from collections.abc import Iterator

from batchyard.settings.budget import LEAST_USD, MOST_EMAILS, MOST_NOTIFICATIONS, MOST_USD
from batchyard.settings.deployment import Deployment
from batchyard.settings.problems import Path, Problem

AMOUNT: Path = ("budget", "monthly_usd")
EMAILS: Path = ("budget", "emails")
TOPIC: Path = ("budget", "sns_topic_arn")
ACTUAL: Path = ("budget", "actual_percent")
FORECAST: Path = ("budget", "forecast_percent")


def budget(deployment: Deployment) -> Iterator[Problem]:
    """A budget without an amount, a reader or a threshold says nothing; one with too many of them is refused."""
    settings = deployment.budget
    if settings is None:
        return
    if settings.monthly_usd is None:
        yield Problem(AMOUNT, "a budget needs an amount", "nothing", f"a number from {LEAST_USD} to {MOST_USD:,}")
    if not settings.emails and settings.sns_topic_arn is None:
        yield Problem(
            EMAILS,
            "nobody would be told",
            "neither emails nor sns_topic_arn",
            f"1 to {MOST_EMAILS} e-mail addresses, or sns_topic_arn, or both",
            others=(TOPIC,),
        )
    actual, forecast = len(settings.actual_percent), len(settings.forecast_percent)
    if not actual + forecast:
        yield Problem(
            ACTUAL,
            "nobody would ever be told",
            "neither actual_percent nor forecast_percent",
            f"1 to {MOST_NOTIFICATIONS} percentages in both together",
            others=(FORECAST,),
        )
    elif actual + forecast > MOST_NOTIFICATIONS:
        yield Problem(
            ACTUAL,
            "AWS gives a budget no more notifications",
            f"{actual + forecast} percentages: {actual} actual, {forecast} forecast",
            f"1 to {MOST_NOTIFICATIONS} in actual_percent and forecast_percent together",
            others=(FORECAST,),
        )
