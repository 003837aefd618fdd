"""The members of a SubmitJob request that only some submissions have. They are left out where nothing was said.

Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from batchyard.client.script import Script
from batchyard.client.work import words_of

if TYPE_CHECKING:
    from mypy_boto3_batch.literals import ResourceTypeType
    from mypy_boto3_batch.type_defs import ContainerOverridesTypeDef, ResourceRequirementTypeDef

    from batchyard.client.submission import Submission


def optional_members(
    submission: Submission, overrides: ContainerOverridesTypeDef, depends_on: tuple[str, ...]
) -> dict[str, Any]:
    """All that may follow the job's name, queue and definition; SubmitJob takes no null."""
    said: dict[str, Any] = {
        "containerOverrides": overrides or None,
        "dependsOn": [{"jobId": job_id} for job_id in depends_on] or None,
        "timeout": _wrapped("attemptDurationSeconds", submission.timeout_seconds),
        "retryStrategy": _wrapped("attempts", submission.attempts),
        "parameters": dict(submission.parameters) or None,
        "shareIdentifier": submission.share,
        "schedulingPriorityOverride": submission.priority,
    }
    return {name: value for name, value in said.items() if value is not None}


def _wrapped(member: str, value: int | None) -> dict[str, int] | None:
    return None if value is None else {member: value}


def overrides_of(submission: Submission, url: str | None, runner: str | None) -> ContainerOverridesTypeDef:
    """What the container has otherwise than its job definition says; `url` is where its script will lie, if it has one.

    A mounted runner is named before the script: Batch cannot override an ENTRYPOINT, and the image is not made for it.
    """
    work = submission.work
    environment = dict(submission.environment)
    command = words_of(work)
    if isinstance(work, Script):
        environment["BATCH_FILE_TYPE"] = work.kind
        environment["BATCH_FILE_S3_URL"] = str(url)
        environment["BATCH_FILE_SHA256"] = work.sha256
        command = (*([runner] if runner else []), *command)
    overrides: ContainerOverridesTypeDef = {}
    if command:
        overrides["command"] = list(command)
    if environment:
        overrides["environment"] = [{"name": name, "value": value} for name, value in environment.items()]
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
