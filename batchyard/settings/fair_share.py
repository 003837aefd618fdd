"""How a queue shares its capacity among the shares that its jobs name (API reference, FairsharePolicy)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from batchyard.settings.section import Section

#: API reference, ShareAttributes: up to 255 letters and digits, which an asterisk may follow.
ShareIdentifier = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9]{1,255}\*?$",
        json_schema_extra={"x-allowed": "1 to 255 letters and digits, which * may follow for all that begin so"},
    ),
]

WeightFactor = Annotated[float, Field(ge=0.0001, le=999.9999, allow_inf_nan=False)]


class FairShare(Section):
    """A fair-share scheduling policy.

    Jobs of the queue must name a share (`batchyard submit --share NAME`). The share that used the least, by its
    weight, comes next.
    """

    share_decay_seconds: int = Field(
        default=0,
        ge=0,
        le=604_800,
        description="Seconds of the past that count: use that is longer ago is forgotten. 0: ten minutes.",
    )
    compute_reservation: int = Field(
        default=0,
        ge=0,
        le=99,
        description="What is kept free of the queue's vCPUs for shares that have no job yet: so many percent while one "
        "share is active; with n active shares (compute_reservation / 100) to the power of n.",
    )
    shares: Annotated[Mapping[ShareIdentifier, WeightFactor], Field(max_length=500)] = Field(
        default={},
        description="Weights by share. Half the weight gets twice as much. A share that is not named has weight 1.",
    )
