"""Checks of the job bucket's prefixes, and of what jobs may do in other buckets."""

from __future__ import annotations

from collections.abc import Iterator

from batchyard.settings.checks.roles import job_roles
from batchyard.settings.deployment import Deployment
from batchyard.settings.problems import Path, Problem, dotted


def storage(deployment: Deployment) -> Iterator[Problem]:
    """No prefix of the job bucket lies in another: each has its own permissions and lifetime."""
    settings = deployment.storage
    prefixes: list[tuple[Path, str]] = [
        (("storage", "scripts_prefix"), settings.scripts_prefix),
        (("storage", "results_prefix"), settings.results_prefix),
        *((("storage", "scratch_prefixes", prefix), prefix) for prefix in settings.scratch_prefixes),
    ]
    for position, (path, prefix) in enumerate(prefixes):
        for other_path, other in prefixes[:position]:
            if prefix.startswith(other) or other.startswith(prefix):
                yield Problem(
                    path,
                    f"the prefix overlaps {dotted(other_path)}, which is {other!r}",
                    repr(prefix),
                    "prefixes of which none lies in another",
                    others=(other_path,),
                )


def bucket_access(deployment: Deployment) -> Iterator[Problem]:
    """A bucket that is named is named for something."""
    for here, role in job_roles(deployment):
        for name, access in role.buckets.items():
            if not access.read and not access.write:
                yield Problem(
                    (*here, "buckets", name),
                    "jobs may neither read nor write in it",
                    "neither read nor write",
                    "prefixes under read, write or both",
                )
