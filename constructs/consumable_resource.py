"""A consumable resource: what jobs need besides vCPUs and memory."""

from __future__ import annotations

from aws_cdk import aws_batch as batch
from constructs import Construct

#: Construct ids by type: a resource cannot change its type, so another type is another resource.
IDS = {"REPLENISHABLE": "Replenishable", "NON_REPLENISHABLE": "NonReplenishable"}


class ConsumableResource(Construct):
    """So many units of something. There is no L2 of it."""

    resource: batch.CfnConsumableResource

    def __init__(self, scope: Construct, construct_id: str, *, kind: str, quantity: int) -> None:
        """Make the resource; `kind` is REPLENISHABLE or NON_REPLENISHABLE."""
        super().__init__(scope, construct_id)
        self.resource = batch.CfnConsumableResource(self, IDS[kind], resource_type=kind, total_quantity=quantity)
