"""What a user asks for, checked against the platform record, and turned into one SubmitJob request.

Limits: https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html and
https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from batchyard.client.connection import Connection
from batchyard.client.errors import InvalidInputError
from batchyard.client.jobs import describe
from batchyard.client.references import resolve
from batchyard.client.script import Script
from batchyard.client.storage import store
from batchyard.platform import PlatformRecord

if TYPE_CHECKING:
    from mypy_boto3_batch.literals import ResourceTypeType
    from mypy_boto3_batch.type_defs import ContainerOverridesTypeDef, ResourceRequirementTypeDef

MAX_NAME_LENGTH = 128
MAX_DEPENDENCIES = 20
MAX_OVERRIDES_CHARACTERS = 8192
MAX_ATTEMPTS = 10

_JOB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_SHARE = re.compile(r"[A-Za-z0-9]{1,255}")
_RESERVED_PREFIX = "AWS_BATCH"
_OURS = ("BATCH_FILE_TYPE", "BATCH_FILE_S3_URL", "BATCH_FILE_SHA256", "BATCH_FILE_VERSION_ID")


@dataclass(frozen=True)
class Submission:
    """One job to be. None leaves a value to the job definition, or to the deployment's defaults."""

    script: Script
    name: str
    queue: str | None = None
    job_definition: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    vcpus: int | None = None
    memory_mib: int | None = None
    timeout_seconds: int | None = None
    """For each attempt."""
    attempts: int | None = None
    depends_on: tuple[str, ...] = ()
    """Job ids, or names: the newest job of that name."""
    gpus: int | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    """For `Ref::NAME` in the job definition's command or in the arguments."""
    share: str | None = None
    """In a queue with fair share, and only there: whose share the job is counted in."""
    priority: int | None = None
    """In a queue with fair share, and only there: within its share, jobs of a higher one start earlier."""


@dataclass(frozen=True)
class Submitted:
    """A job that Batch has taken."""

    id: str
    name: str
    queue: str
    job_definition: str
    script_url: str
    uploaded: bool
    """False: the same script was in the bucket already."""
    depends_on: tuple[str, ...]
    """Job ids."""


def submit(connection: Connection, record: PlatformRecord, submission: Submission) -> Submitted:
    """Check everything, store the script, submit the job.

    Raises InvalidInputError before anything is sent, NotFoundError for a dependency that Batch does not know.
    """
    check(submission, record)
    queue = submission.queue or record.default_queue
    definition = submission.job_definition or record.default_job_definition
    prefix = f"s3://{record.bucket}/{record.scripts_prefix}"
    runner = record.mounted_runners.get(definition)
    _check_overrides(_overrides(submission, f"{prefix}{submission.script.sha256}/{submission.script.name}", runner))
    depends_on = _dependencies(connection, record, submission.depends_on)
    stored = store(connection, bucket=record.bucket, prefix=record.scripts_prefix, script=submission.script)
    # Optional members are left out, not sent as null: SubmitJob takes no null.
    optional: dict[str, Any] = {}
    if depends_on:
        optional["dependsOn"] = [{"jobId": job_id} for job_id in depends_on]
    if submission.timeout_seconds is not None:
        optional["timeout"] = {"attemptDurationSeconds": submission.timeout_seconds}
    if submission.attempts is not None:
        optional["retryStrategy"] = {"attempts": submission.attempts}
    if submission.parameters:
        optional["parameters"] = dict(submission.parameters)
    if submission.share is not None:
        optional["shareIdentifier"] = submission.share
    if submission.priority is not None:
        optional["schedulingPriorityOverride"] = submission.priority
    answer = connection.batch.submit_job(
        jobName=submission.name,
        jobQueue=record.job_queues[queue],
        jobDefinition=record.job_definitions[definition],
        containerOverrides=_overrides(submission, stored.url, runner),
        **optional,
    )
    return Submitted(
        id=answer["jobId"],
        name=submission.name,
        queue=queue,
        job_definition=definition,
        script_url=stored.url,
        uploaded=stored.uploaded,
        depends_on=depends_on,
    )


def check(submission: Submission, record: PlatformRecord) -> None:
    """Raise InvalidInputError for what Batch, or this deployment, would refuse."""
    check_name(submission.name)
    check_known("job queue", submission.queue or record.default_queue, record.job_queues)
    definition = submission.job_definition or record.default_job_definition
    check_known("job definition", definition, record.job_definitions)
    if definition in record.multi_container_definitions:
        raise InvalidInputError(
            f"the job definition {definition!r} has several containers with commands of their own: no script can be "
            "submitted to it. Name another one with --job-definition."
        )
    for name in submission.environment:
        _check_variable(name)
    if len(submission.depends_on) > MAX_DEPENDENCIES:
        raise InvalidInputError(
            f"{len(submission.depends_on)} dependencies were given; a job may have {MAX_DEPENDENCIES}"
        )
    if submission.vcpus is not None and submission.vcpus < 1:
        raise InvalidInputError(f"{submission.vcpus} vCPUs were asked for; the least is 1")
    if submission.attempts is not None and not 1 <= submission.attempts <= MAX_ATTEMPTS:
        raise InvalidInputError(f"{submission.attempts} attempts were asked for; 1 to {MAX_ATTEMPTS} are allowed")
    _check_share(submission, submission.queue or record.default_queue, record)


def _check_share(submission: Submission, queue: str, record: PlatformRecord) -> None:
    """A queue with fair share needs a share, and another one takes none (API reference, SubmitJob)."""
    if queue in record.fair_share_queues:
        if submission.share is None:
            raise InvalidInputError(f"the job queue {queue!r} shares fairly: say whose job it is with --share NAME")
        if not _SHARE.fullmatch(submission.share):
            raise InvalidInputError(f"share {submission.share!r}: 1 to 255 letters and digits are allowed")
        return
    for option, given in (("--share", submission.share), ("--priority", submission.priority)):
        if given is not None:
            sharing = ", ".join(sorted(record.fair_share_queues)) or "none in this deployment"
            raise InvalidInputError(
                f"{option} {given}: the job queue {queue!r} is first in, first out. Queues with fair share: {sharing}"
            )


def check_known(kind: str, name: str, known: Mapping[str, str]) -> None:
    """Raise InvalidInputError, with the names there are, for one that the deployment does not have."""
    if name not in known:
        raise InvalidInputError(f"there is no {kind} {name!r} in this deployment; it has {', '.join(sorted(known))}")


def check_name(name: str) -> None:
    """Raise InvalidInputError for a job name that Batch does not take."""
    if not _JOB_NAME.fullmatch(name):
        raise InvalidInputError(
            f"job name {name!r}: 1 to {MAX_NAME_LENGTH} letters, digits, - and _ are allowed, the first one a letter "
            "or digit"
        )


def name_from(file_name: str) -> str:
    """A job name out of a file's name: `2nd run.v2.sh` becomes `2nd-run-v2`."""
    stem = file_name.rpartition(".")[0] or file_name
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-_")[:MAX_NAME_LENGTH]
    return name or "job"


def parse_environment(pairs: list[str]) -> dict[str, str]:
    """`K=V` texts as a mapping; of several with the same name the last one holds."""
    environment = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator:
            raise InvalidInputError(f"environment {pair!r} has no =; write NAME=VALUE")
        _check_variable(name)
        environment[name] = value
    return environment


def parse_parameters(pairs: list[str]) -> dict[str, str]:
    """`K=V` texts as the values of `Ref::K`; of several with the same name the last one holds."""
    parameters = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name:
            raise InvalidInputError(f"parameter {pair!r}: write NAME=VALUE, for `Ref::NAME` in the command")
        parameters[name] = value
    return parameters


def _check_variable(name: str) -> None:
    if not name or name.split() != [name]:
        raise InvalidInputError(f"environment variable {name!r}: a name without spaces is needed before the =")
    if name.startswith(_RESERVED_PREFIX):
        raise InvalidInputError(
            f"environment variable {name!r}: names that begin with {_RESERVED_PREFIX} belong to AWS Batch"
        )
    if name in _OURS:
        raise InvalidInputError(f"environment variable {name!r} is set by the submission itself: it names the script")


def _overrides(submission: Submission, url: str, runner: str | None) -> ContainerOverridesTypeDef:
    """A mounted runner is named first: Batch cannot override an ENTRYPOINT, and the image is not made for it."""
    environment = {
        **submission.environment,
        "BATCH_FILE_TYPE": submission.script.kind,
        "BATCH_FILE_S3_URL": url,
        "BATCH_FILE_SHA256": submission.script.sha256,
    }
    overrides: ContainerOverridesTypeDef = {
        "command": [*([runner] if runner else []), *submission.script.command],
        "environment": [{"name": name, "value": value} for name, value in environment.items()],
    }
    requirements: dict[ResourceTypeType, int | None] = {
        "VCPU": submission.vcpus,
        "MEMORY": submission.memory_mib,
        "GPU": submission.gpus,
    }
    # The members `vcpus` and `memory` of the overrides are deprecated, and ignored by newer job definitions.
    given: list[ResourceRequirementTypeDef] = [
        {"type": kind, "value": str(amount)} for kind, amount in requirements.items() if amount is not None
    ]
    if given:
        overrides["resourceRequirements"] = given
    return overrides


def _check_overrides(overrides: ContainerOverridesTypeDef) -> None:
    """ECS counts the JSON: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html."""
    length = len(json.dumps(overrides, separators=(",", ":"), ensure_ascii=False))
    if length > MAX_OVERRIDES_CHARACTERS:
        raise InvalidInputError(
            f"arguments and environment come to {length} characters; Batch takes {MAX_OVERRIDES_CHARACTERS}. Put the "
            "long ones in a file: zip it with the script, or let the script fetch it from the bucket."
        )


def _dependencies(connection: Connection, record: PlatformRecord, references: tuple[str, ...]) -> tuple[str, ...]:
    """The ids of the jobs to wait for, each one known to Batch and not failed."""
    job_ids = resolve(connection, record, references)
    for job in describe(connection, job_ids):
        if job.status == "FAILED":
            raise InvalidInputError(f"the job would never run: it depends on {job.name} ({job.id}), which has failed")
    return job_ids
