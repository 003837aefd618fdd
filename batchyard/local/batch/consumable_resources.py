"""Consumable resources: create, update, delete, describe, list.

Source: AWS Batch API Reference, CreateConsumableResource, UpdateConsumableResource; User Guide, "Resource-aware
scheduling". How many units are in use is the scheduler's knowledge.
"""

from collections.abc import Mapping

from batchyard.local.batch.errors import refuse
from batchyard.local.batch.model import Document
from batchyard.local.batch.rules import batch_arn, check_name, check_tags, name_in, page
from batchyard.local.batch.service import Service, milliseconds
from batchyard.local.batch.store import CONSUMABLE_RESOURCE, Region
from batchyard.local.scheduler.events import ConsumableChanged, ConsumablePut, ConsumableRemoved
from batchyard.local.scheduler.model import Consumable

KINDS = ("REPLENISHABLE", "NON_REPLENISHABLE")

#: By how much an operation changes the total, for each unit given; SET is none of them.
CHANGES: Mapping[str, int] = {"ADD": 1, "REMOVE": -1}


def create(service: Service, region: str, request: Document) -> Document:
    """CreateConsumableResource."""
    known = service.store.region(region).consumables
    name = request["consumableResourceName"]
    kind, total = request.get("resourceType", KINDS[0]), request.get("totalQuantity")
    check_name("consumableResourceName", name)
    check_tags(request.get("tags", {}))
    if kind not in KINDS:
        raise refuse(f"resourceType {kind!r} must be one of [{', '.join(KINDS)}]")
    if total is None or total < 0:
        raise refuse(f"totalQuantity must be given and not negative, but was {total}")
    if name in known:
        raise refuse("Object already exists")
    arn = batch_arn(region, CONSUMABLE_RESOURCE, name)
    known[name] = {
        "consumableResourceName": name,
        "consumableResourceArn": arn,
        "resourceType": kind,
        "createdAt": milliseconds(service.config.clock.now()),
        "tags": request.get("tags", {}),
    }
    service.engine.post(ConsumablePut(Consumable(arn, total, replenishable=kind == KINDS[0])))
    return {"consumableResourceName": name, "consumableResourceArn": arn}


def update(service: Service, region: str, request: Document) -> Document:
    """UpdateConsumableResource: sets the total, adds to it, or takes away."""
    document = service.store.region(region).consumable(request["consumableResource"])
    arn = document["consumableResourceArn"]
    operation, quantity = request.get("operation"), request.get("quantity")
    if operation not in ("SET", *CHANGES):
        raise refuse(f"operation {operation!r} must be one of [SET, {', '.join(CHANGES)}]")
    if quantity is None or quantity < 0:
        raise refuse(f"quantity must be given and not negative, but was {quantity}")
    total = service.engine.consumable(arn).total
    if operation == "REMOVE" and quantity > total:
        raise refuse(f"{quantity} units cannot be removed: the total is {total}")
    service.engine.post(
        ConsumableChanged(arn, quantity * CHANGES.get(operation, 1), is_change=operation in CHANGES),
    )
    return {
        "consumableResourceName": document["consumableResourceName"],
        "consumableResourceArn": arn,
        "totalQuantity": service.engine.consumable(arn).total,
    }


def delete(service: Service, region: str, request: Document) -> Document:
    """DeleteConsumableResource: jobs that need it wait; one that is not there is deleted already."""
    known = service.store.region(region).consumables
    document = known.pop(name_in(region, CONSUMABLE_RESOURCE, request["consumableResource"]), None)
    if document is not None:
        service.engine.post(ConsumableRemoved(document["consumableResourceArn"]))
    return {}


def describe(service: Service, region: str, request: Document) -> Document:
    """DescribeConsumableResource."""
    document = service.store.region(region).consumable(request["consumableResource"])
    now = service.engine.consumable(document["consumableResourceArn"])
    return {
        **document,
        "totalQuantity": now.total,
        "inUseQuantity": now.in_use,
        "availableQuantity": now.available,
    }


def list_all(service: Service, region: str, request: Document) -> Document:
    """ListConsumableResources, by the beginning of their names if a filter says so."""
    wanted = {entry["name"]: entry["values"] for entry in request.get("filters", [])}
    if wanted.keys() - {"CONSUMABLE_RESOURCE_NAME"}:
        raise refuse("A filter's name must be CONSUMABLE_RESOURCE_NAME")
    beginnings = tuple(text.removesuffix("*") for text in wanted.get("CONSUMABLE_RESOURCE_NAME", [""]))
    found = []
    for name, document in service.store.region(region).consumables.items():
        if not name.startswith(beginnings):
            continue
        now = service.engine.consumable(document["consumableResourceArn"])
        found.append(
            {
                **{member: document[member] for member in _SUMMARISED},
                "totalQuantity": now.total,
                "inUseQuantity": now.in_use,
            }
        )
    shown, more = page(found, request, 100)
    return {"consumableResources": shown, **more}


_SUMMARISED = ("consumableResourceArn", "consumableResourceName", "resourceType")


def check_needs(needs: Document) -> None:
    """Refuse what a job cannot need: less than one unit, or the same resource twice."""
    entries = needs.get("consumableResourceList", [])
    for entry in entries:
        if not entry.get("consumableResource") or entry.get("quantity", 0) < 1:
            raise refuse(
                "consumableResourceList needs a consumableResource and a quantity of at least 1 in each entry, but "
                f"was given {entry}"
            )
    names = [entry["consumableResource"].rpartition("/")[2] for entry in entries]
    if len(set(names)) < len(names):
        raise refuse("consumableResourceList can name each consumable resource only once")


def needed(known: Region, needs: Document) -> tuple[tuple[str, int], ...]:
    """What a job needs, by ARN. Raises ClientException where a resource does not exist."""
    return tuple(
        (known.consumable(entry["consumableResource"])["consumableResourceArn"], entry["quantity"])
        for entry in needs.get("consumableResourceList", [])
    )
