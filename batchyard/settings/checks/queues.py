"""Checks of queues: what environments they may have together."""

from __future__ import annotations

from collections.abc import Iterator

from batchyard.settings.deployment import Deployment
from batchyard.settings.environments import by_name
from batchyard.settings.instances import all_startable
from batchyard.settings.problems import Problem


def queue_architecture(deployment: Deployment) -> Iterator[Problem]:
    """All environments of a queue have one architecture (API reference, CreateJobQueue, `computeEnvironmentOrder`)."""
    environments = by_name(deployment)
    for name, queue in deployment.queues.items():
        found = {
            each: instance_type.architecture
            for each in queue.compute_environments
            if each in environments
            for instance_type in all_startable(deployment, environments[each])
        }
        if len(set(found.values())) > 1:
            yield Problem(
                ("queues", name, "compute_environments"),
                "Batch mixes no architectures in a queue",
                ", ".join(f"{each} ({architecture})" for each, architecture in found.items()),
                "environments of one architecture; a queue for each may stand beside the other",
                others=tuple(("compute_environments", each) for each in found),
            )
