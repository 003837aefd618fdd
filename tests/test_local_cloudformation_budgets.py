"""Budgets in the local account: what a template asks for is what AWS Budgets describes, and what replaces one."""

from __future__ import annotations

from typing import Any

from tests.support.local_account import Account, StackUnderTest, resource
from tests.support.synthesis import resources, template

pytest_plugins = ["tests.support.local_account_fixtures"]


def ours(monthly_usd: float, *emails: str) -> dict[str, Any]:
    """The budget of a deployment's template."""
    (made,) = resources(
        template({"budget": {"monthly_usd": monthly_usd, "emails": list(emails)}}), "AWS::Budgets::Budget"
    ).values()
    return {"Budget": made}


def held(account: Account, name: str) -> dict[str, Any]:
    found: dict[str, Any] = account.client("budgets").describe_budget(AccountId="123456789012", BudgetName=name)
    return found["Budget"]  # type: ignore[no-any-return]


def test_a_deployments_budget_is_held_changed_in_place_and_replaced(account: Account, stack: StackUnderTest) -> None:
    budgets = account.client("budgets")
    name = stack.create(ours(500, "me@example.com")).physical("Budget")
    found = held(account, name)
    assert (found["BudgetLimit"], found["TimeUnit"]) == ({"Amount": "500", "Unit": "USD"}, "MONTHLY")
    assert found["CostFilters"] == {"TagKeyValue": ["user:batchyard:deployment$default"]}
    told = budgets.describe_notifications_for_budget(AccountId="123456789012", BudgetName=name)["Notifications"]
    assert [(each["NotificationType"], each["Threshold"]) for each in told] == [
        ("ACTUAL", 80),
        ("ACTUAL", 100),
        ("FORECASTED", 100),
    ]

    assert stack.update(ours(900, "me@example.com")).physical("Budget") == name
    assert held(account, name)["BudgetLimit"]["Amount"] == "900"

    other = stack.update(ours(900, "you@example.com")).physical("Budget")
    assert other != name
    held(account, other)
    stack.delete()
    left = [each["BudgetName"] for each in budgets.describe_budgets(AccountId="123456789012").get("Budgets", [])]
    assert not {name, other} & set(left)


def test_another_name_is_another_budget(account: Account, stack: StackUnderTest) -> None:
    def named(name: str, usd: int) -> dict[str, Any]:
        limit = {"Amount": usd, "Unit": "USD"}
        budget = {"BudgetName": name, "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": limit}
        return {"Budget": resource("Budgets::Budget", Budget=budget)}

    assert stack.create(named("first", 1)).physical("Budget") == "first"
    assert stack.update(named("first", 2)).physical("Budget") == "first"
    assert stack.update(named("second", 2)).physical("Budget") == "second"
    assert held(account, "second")["BudgetLimit"]["Amount"] == "2"


def test_what_budgets_cannot_hold_fails_the_update_and_the_old_one_is_there(
    account: Account, stack: StackUnderTest
) -> None:
    name = stack.create(ours(500, "me@example.com")).physical("Budget")
    wrong = ours(900, "me@example.com")
    wrong["Budget"]["Properties"]["Budget"]["Colour"] = "red"
    stack.try_update(wrong).expect("UPDATE_ROLLBACK_COMPLETE")
    assert held(account, name)["BudgetLimit"]["Amount"] == "500"
    assert any("does not support Budget.Budget.Colour" in each for each in stack.failures())
