"""Checks of names: each that is used is the name of something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from batchyard.settings.deployment import Deployment
from batchyard.settings.environments import all_environments
from batchyard.settings.problems import Problem


def references(deployment: Deployment) -> Iterator[Problem]:
    """Every name that is used is the name of something."""
    environments = {str(path[-1]): path for path, _ in all_environments(deployment)}
    for name, queue in deployment.queues.items():
        for position, environment in enumerate(queue.compute_environments):
            if environment not in environments:
                yield Problem(
                    ("queues", name, "compute_environments", position),
                    "there is no such compute environment",
                    repr(environment),
                    ", ".join(environments),
                    others=(("compute_environments", environment),),
                )
    defaults: tuple[tuple[str, str, Mapping[str, object], str], ...] = (
        ("default_queue", deployment.default_queue, deployment.queues, "queues"),
        ("default_job_definition", deployment.default_job_definition, deployment.job_definitions, "job_definitions"),
    )
    for field, name, known, section in defaults:
        if name not in known:
            yield Problem(
                (field,),
                f"there is no such name in {section}",
                repr(name),
                ", ".join(known),
                others=((section, name),),
            )
