"""AWS::Budgets: budgets, with whom they would tell."""

from __future__ import annotations

from botocore.exceptions import ClientError

from batchyard.local.account import ACCOUNT_ID
from batchyard.local.cloudformation.resources.call import Call, is_missing
from batchyard.local.cloudformation.resources.table import Properties, ResourceType, applies, creates, records

INERT = "budgets are held and shown, but nothing costs money here, so none tells anybody"


def _make(call: Call, name: str, properties: Properties) -> None:
    given = {
        "AccountId": ACCOUNT_ID,
        "Budget": {**properties["Budget"], "BudgetName": name},
        "NotificationsWithSubscribers": properties.get("NotificationsWithSubscribers", []),
    }
    call.invoke("budgets", "CreateBudget", given)


def _create(call: Call, properties: Properties) -> str:
    # The API allows a hundred characters.
    name = str(properties["Budget"].get("BudgetName") or call.generated_name(100))
    _make(call, name, properties)
    return call.claim(name)


def _update(call: Call, name: str, _old: Properties, new: Properties) -> None:
    # moto has no UpdateBudget; what a budget is made of is all that it holds.
    _delete(call, name, new)
    _make(call, name, new)


def _delete(call: Call, name: str, _properties: Properties) -> None:
    try:
        call.client("budgets").delete_budget(AccountId=ACCOUNT_ID, BudgetName=name)
    except ClientError as error:
        # An update that failed between the two calls has left none: its rollback makes the old one again.
        if not is_missing(error):
            raise


def _renamed(old: Properties, new: Properties) -> frozenset[str]:
    """The name lies in a property whose other members change in place."""
    names = {each["Budget"].get("BudgetName") for each in (old, new)}
    return frozenset({"Budget"} if len(names) > 1 else ())


BUDGET = ResourceType(
    "AWS::Budgets::Budget",
    properties=applies("CreateBudget", "Budget")
    | creates("CreateBudget", "NotificationsWithSubscribers")
    | records("the local account keeps no tags of budgets", "ResourceTags"),
    create=_create,
    update=_update,
    delete=_delete,
    attributes=lambda _call, name, _properties: {"Id": name},
    also_replaces=_renamed,
    inert=INERT,
    required=frozenset({"Budget"}),
)

TYPES = (BUDGET,)
