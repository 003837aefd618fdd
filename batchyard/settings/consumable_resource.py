"""Something besides vCPUs and memory that jobs need and there is little of: licences, database connections."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from batchyard.settings.section import Section


class ConsumableResource(Section):
    """A consumable resource: a job that consumes it starts only when enough of it is there."""

    type: Literal["REPLENISHABLE", "NON_REPLENISHABLE"] = Field(
        default="REPLENISHABLE",
        description="REPLENISHABLE: a job gives back what it held when it ends, as with licences. NON_REPLENISHABLE: "
        "what it held is used up. A change makes another resource, which jobs that wait already do not know.",
    )
    quantity: int = Field(
        default=1,
        ge=0,
        le=1_000_000_000,
        description="How many there are. A change sets the quantity anew; a deployment that changes something else "
        "leaves it as it is, so that what was used up stays so.",
    )
