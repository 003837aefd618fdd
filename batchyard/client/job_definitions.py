"""The job definitions of a deployment: how a user names one, and what Batch says of its revisions.

Source: https://docs.aws.amazon.com/batch/latest/userguide/job_definition_parameters.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from batchyard.client.checks import check_known
from batchyard.client.connection import Connection
from batchyard.client.errors import InvalidInputError
from batchyard.client.job import total_amounts
from batchyard.mounted_runner import RUNNER, RUNNER_FOLDER
from batchyard.platform import PlatformRecord

if TYPE_CHECKING:
    from mypy_boto3_batch.type_defs import JobDefinitionTypeDef

_REVISION = re.compile(r"[1-9][0-9]*")


@dataclass(frozen=True)
class Reference:
    """A job definition as a user names it: `NAME`, its newest revision, or `NAME:REVISION`."""

    name: str
    """In the deployment, not in Batch."""
    arn: str
    """Of the revision."""
    is_exact: bool
    """Whether the user named the revision."""


@dataclass(frozen=True)
class Revision:
    """A revision as Batch describes it. Of several containers there is a command for each, and no single image."""

    number: int
    status: str
    commands: tuple[tuple[str, ...], ...]
    """An empty one is the image's own."""
    parameters: Mapping[str, str]
    """The defaults of `Ref::NAME` arguments."""
    is_single: bool
    """Whether a job of it is one container: only such a job's command, variables and resources can be overridden."""
    image: str | None
    amounts: Mapping[str, str]
    """VCPU, MEMORY (MiB), GPU; of several containers the sum."""
    runner: str | None
    """The program to name before a script, where the instance's runner is mounted."""


def find(record: PlatformRecord, text: str) -> Reference:
    """The definition that a user means. Raises InvalidInputError for one that the deployment does not have."""
    name, separator, revision = text.partition(":")
    check_known("job definition", name, record.job_definitions)
    newest = record.job_definitions[name]
    if not separator:
        return Reference(name, newest, is_exact=False)
    if not _REVISION.fullmatch(revision):
        raise InvalidInputError(f"job definition {text!r}: after the colon stands a revision's number, as in {name}:1")
    return Reference(name, f"{newest.rpartition(':')[0]}:{revision}", is_exact=True)


def describe(connection: Connection, reference: Reference) -> Revision:
    """What Batch says of a revision. Raises InvalidInputError, with those there are, unless it is ACTIVE."""
    found = connection.batch.describe_job_definitions(jobDefinitions=[reference.arn])["jobDefinitions"]
    revision = _revision(found[0]) if found else None
    if revision is None or revision.status != "ACTIVE":
        number = reference.arn.rpartition(":")[2]
        active = ", ".join(str(each.number) for each in active_revisions(connection, reference.arn)) or "none"
        raise InvalidInputError(
            f"the job definition {reference.name!r} has no active revision {number}; it has {active}. "
            "`batchyard definitions` lists them."
        )
    return revision


def active_revisions(connection: Connection, arn: str) -> list[Revision]:
    """All ACTIVE revisions of the definition that this ARN is one of, the newest first."""
    pages = connection.batch.get_paginator("describe_job_definitions").paginate(
        jobDefinitionName=arn.rpartition("/")[2].rpartition(":")[0], status="ACTIVE"
    )
    found = [_revision(each) for page in pages for each in page["jobDefinitions"]]
    return sorted(found, key=lambda each: each.number, reverse=True)


def _revision(detail: JobDefinitionTypeDef) -> Revision:
    container: Any = detail.get("containerProperties")
    containers = _containers(detail) if container is None else [container]
    amounts = total_amounts(containers)
    mounted = {point.get("containerPath") for point in (container or {}).get("mountPoints", [])}
    return Revision(
        number=detail["revision"],
        status=detail.get("status", "ACTIVE"),
        commands=tuple(tuple(each.get("command", [])) for each in containers),
        parameters=detail.get("parameters", {}),
        is_single=container is not None,
        image=None if container is None else container.get("image"),
        amounts=amounts,
        runner=RUNNER if RUNNER_FOLDER in mounted else None,
    )


def _containers(detail: JobDefinitionTypeDef) -> list[Any]:
    tasks = detail.get("ecsProperties", {}).get("taskProperties", [])
    return [container for task in tasks for container in task.get("containers", [])]
