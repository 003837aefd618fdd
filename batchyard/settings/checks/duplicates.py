"""Checks that nothing is there twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from batchyard.settings.checks.roles import job_roles
from batchyard.settings.deployment import Deployment
from batchyard.settings.environments import all_environments
from batchyard.settings.names import pascal_case
from batchyard.settings.problems import Path, Problem


def duplicates(deployment: Deployment) -> Iterator[Problem]:
    """Nothing is listed twice, and no two names become the same construct id."""
    for path, items in _lists(deployment):
        for position, item in enumerate(items):
            if item in items[:position]:
                yield Problem((*path, position), "it is listed twice", repr(item), "each once")
    yield from _same_ids(here for here, _ in all_environments(deployment))
    for section in ("queues", "job_definitions", "consumable_resources"):
        yield from _same_ids((section, name) for name in getattr(deployment, section))


def _same_ids(places: Iterable[Path]) -> Iterator[Problem]:
    seen: dict[str, Path] = {}
    for path in places:
        name = str(path[-1])
        first = seen.setdefault(pascal_case(name), path)
        if name != first[-1]:
            yield Problem(
                path,
                f"the name differs from {first[-1]} in hyphens, underscores or capitals only",
                repr(name),
                "a name that differs in letters or digits",
                others=(first,),
            )


def _lists(deployment: Deployment) -> Iterator[tuple[Path, tuple[str | int, ...]]]:
    for field in ("subnet_ids", "endpoints"):
        yield ("network", field), getattr(deployment.network, field)
    yield ("image", "platforms"), deployment.image.platforms
    if deployment.ami.build is not None:
        yield ("ami", "build", "components"), deployment.ami.build.components
    if deployment.budget is not None:
        for field in ("actual_percent", "forecast_percent", "emails"):
            yield ("budget", field), getattr(deployment.budget, field)
    for here, environment in all_environments(deployment):
        for field in ("instance_types", "subnet_ids", "availability_zones"):
            yield (*here, field), getattr(environment, field)
    for name, queue in deployment.queues.items():
        yield ("queues", name, "compute_environments"), queue.compute_environments
    for here, role in job_roles(deployment):
        for bucket, access in role.buckets.items():
            yield (*here, "buckets", bucket, "read"), access.read
            yield (*here, "buckets", bucket, "write"), access.write
