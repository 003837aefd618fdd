"""Checks of AWS Batch's quotas that nobody can have raised (AWS Batch User Guide, "Service quotas")."""

from __future__ import annotations

from collections.abc import Iterator

from batchyard.settings.deployment import Deployment
from batchyard.settings.problems import Problem

#: An account's in a region.
MOST_QUEUES = MOST_ENVIRONMENTS = 50


def quotas(deployment: Deployment) -> Iterator[Problem]:
    """A deployment has no more queues and environments than a whole account."""
    if len(deployment.queues) > MOST_QUEUES:
        yield Problem(
            ("queues",),
            "an account has no more job queues in a region",
            str(len(deployment.queues)),
            f"at most {MOST_QUEUES}, with those of other deployments",
        )
    managed, unmanaged = len(deployment.compute_environments), len(deployment.unmanaged_environments)
    if managed + unmanaged > MOST_ENVIRONMENTS:
        yield Problem(
            ("compute_environments",),
            "an account has no more compute environments in a region",
            f"{managed}, and {unmanaged} unmanaged ones",
            f"at most {MOST_ENVIRONMENTS} together, with those of other deployments",
            others=(("unmanaged_environments",),),
        )
