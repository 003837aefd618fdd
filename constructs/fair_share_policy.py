"""A scheduling policy by which a queue shares its capacity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aws_cdk import Duration
from aws_cdk import aws_batch as batch
from constructs import Construct


@dataclass(frozen=True, kw_only=True)
class FairShare:
    """What a policy says; weights by share identifier, a lower one gets more."""

    decay_seconds: int = 0
    #: Percent, 0 to 99.
    reservation: int = 0
    weights: Mapping[str, float] = field(default_factory=dict)


class FairSharePolicy(Construct):
    """A fair-share scheduling policy. It can change at any time; which queues have one cannot."""

    policy: batch.FairshareSchedulingPolicy

    def __init__(self, scope: Construct, construct_id: str, *, fair_share: FairShare) -> None:
        super().__init__(scope, construct_id)
        self.policy = batch.FairshareSchedulingPolicy(
            self,
            "Policy",
            share_decay=Duration.seconds(fair_share.decay_seconds),
            compute_reservation=fair_share.reservation,
            shares=[
                batch.Share(share_identifier=identifier, weight_factor=weight)
                for identifier, weight in fair_share.weights.items()
            ],
        )
