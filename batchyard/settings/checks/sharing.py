"""Checks of what jobs share: fair shares of queues, and consumable resources."""

from __future__ import annotations

from collections.abc import Iterator

from batchyard.settings.deployment import Deployment
from batchyard.settings.problems import Problem


def shares(deployment: Deployment) -> Iterator[Problem]:
    """A share has one weight (API reference, ShareAttributes: identifiers cannot overlap)."""
    for name, queue in deployment.queues.items():
        named = list(queue.fair_share.shares if queue.fair_share else ())
        for position, share in enumerate(named):
            for other in named[:position]:
                if _overlap(share, other):
                    yield Problem(
                        ("queues", name, "fair_share", "shares", share),
                        f"a share can be meant by {other} as well",
                        repr(share),
                        "names and beginnings of which none is meant by two",
                        others=(("queues", name, "fair_share", "shares", other),),
                    )


def _overlap(one: str, other: str) -> bool:
    plain, other_plain = one.removesuffix("*"), other.removesuffix("*")
    return (
        plain == other_plain
        or (one != plain and other_plain.startswith(plain))
        or (other != other_plain and plain.startswith(other_plain))
    )


def consumption(deployment: Deployment) -> Iterator[Problem]:
    """What a job consumes exists, and there is enough for one job."""
    known = deployment.consumable_resources
    for name, definition in deployment.job_definitions.items():
        for resource, quantity in definition.consumes.items():
            here = ("job_definitions", name, "consumes", resource)
            if resource not in known:
                yield Problem(
                    here,
                    "there is no such name in consumable_resources",
                    repr(resource),
                    ", ".join(known) or "nothing: the deployment has no consumable_resources",
                    others=(("consumable_resources", resource),),
                )
            elif quantity > known[resource].quantity > 0:
                yield Problem(
                    here,
                    "there are not so many: a job would wait for ever",
                    str(quantity),
                    f"at most {known[resource].quantity}, which is its quantity",
                    others=(("consumable_resources", resource, "quantity"),),
                )
