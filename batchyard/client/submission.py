"""What a user asks for, turned into one SubmitJob request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from batchyard.client import checks, job_definitions
from batchyard.client.connection import Connection
from batchyard.client.errors import InvalidInputError
from batchyard.client.job_definitions import Reference, Revision
from batchyard.client.jobs import describe
from batchyard.client.parameters import check_given, check_used, replaced
from batchyard.client.references import resolve
from batchyard.client.request import optional_members, overrides_of
from batchyard.client.script import Script
from batchyard.client.storage import store
from batchyard.client.work import Command, Work, check_work, taken_by, taken_by_revision, words_of
from batchyard.platform import PlatformRecord

_OURS = ("BATCH_FILE_TYPE", "BATCH_FILE_S3_URL", "BATCH_FILE_SHA256", "BATCH_FILE_VERSION_ID")


@dataclass(frozen=True)
class Submission:
    """One job to be. None leaves a value to the job definition, or to the deployment's defaults."""

    work: Work
    """A script, or the words of a command; no words: the command of the job definition."""
    name: str | None = None
    """None: the script's, without what a job's name cannot have, or the job definition's."""
    queue: str | None = None
    job_definition: str | None = None
    """`NAME`, or `NAME:REVISION`."""
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
    """Its name in the deployment."""
    command: tuple[str, ...]
    """What it runs; nothing: its image's own command, or those of its several containers."""
    depends_on: tuple[str, ...]
    """Job ids."""
    script_url: str | None = None
    """None: it runs no script."""
    uploaded: bool = False
    """False: the same script was in the bucket already."""


def submit(connection: Connection, record: PlatformRecord, submission: Submission) -> Submitted:
    """Check everything, store the script, submit the job.

    Raises InvalidInputError before anything is sent, NotFoundError for a dependency that Batch does not know.
    """
    check(submission, record)
    queue = _queue(submission, record)
    definition = _definition(submission, record)
    revision = _revision(connection, record, submission, definition)
    runner = record.mounted_runners.get(definition.name) if revision is None else revision.runner
    work = submission.work
    name = submission.name or checks.name_from(work.name if isinstance(work, Script) else definition.name)
    url = None
    if isinstance(work, Script):
        url = f"s3://{record.bucket}/{record.scripts_prefix}{work.sha256}/{work.name}"
    overrides = overrides_of(submission, url, runner)
    checks.check_length(overrides)
    if revision is not None and overrides and not revision.is_single:
        raise InvalidInputError(
            f"a job of {definition.name!r} has several containers, and no option says which of them another command, "
            "environment, vCPUs, memory or GPUs would be for. Leave these out; --parameter, --timeout and --attempts "
            "can be given."
        )
    depends_on = _dependencies(connection, record, submission.depends_on)
    uploaded = False
    if isinstance(work, Script):
        uploaded = store(connection, bucket=record.bucket, prefix=record.scripts_prefix, script=work).uploaded
    answer = connection.batch.submit_job(
        jobName=name,
        jobQueue=record.job_queues[queue],
        jobDefinition=definition.arn,
        **optional_members(submission, overrides, depends_on),
    )
    return Submitted(
        id=answer["jobId"],
        name=name,
        queue=queue,
        job_definition=definition.name,
        command=_command(submission, revision),
        depends_on=depends_on,
        script_url=url,
        uploaded=uploaded,
    )


def check(submission: Submission, record: PlatformRecord) -> None:
    """Raise InvalidInputError for what Batch, or this deployment, would refuse, as far as the record tells."""
    queue = _queue(submission, record)
    if submission.name is not None:
        checks.check_name(submission.name)
    checks.check_known("job queue", queue, record.job_queues)
    definition = _definition(submission, record)
    if not definition.is_exact:
        check_work(record, definition.name, taken_by(record, definition.name), submission.work)
    for name in submission.environment:
        checks.check_variable(name)
        if isinstance(submission.work, Script) and name in _OURS:
            raise InvalidInputError(
                f"environment variable {name!r} is set by the submission itself: it names the script"
            )
    checks.check_amounts(submission.vcpus, submission.attempts, submission.depends_on)
    checks.check_share(record, queue, submission.share, submission.priority)
    if submission.work:
        check_used([words_of(submission.work)], submission.parameters)


def _queue(submission: Submission, record: PlatformRecord) -> str:
    # Not `or`: an empty name is a variable that nobody set, and no wish for the default.
    return record.default_queue if submission.queue is None else submission.queue


def _definition(submission: Submission, record: PlatformRecord) -> Reference:
    given = submission.job_definition
    return job_definitions.find(record, record.default_job_definition if given is None else given)


def _revision(
    connection: Connection, record: PlatformRecord, submission: Submission, definition: Reference
) -> Revision | None:
    """What Batch says of the definition, where the record does not say enough: a script for its newest revision needs
    no question.

    Raises InvalidInputError for a revision that cannot be used, or not for this, and for parameters that it does not
    have or lacks.
    """
    work = submission.work
    if isinstance(work, Script) and not definition.is_exact:
        return None
    revision = job_definitions.describe(connection, definition)
    if definition.is_exact:
        takes = taken_by_revision(record, definition.name, revision)
        check_work(record, f"{definition.name}:{revision.number}", takes, work)
    if not isinstance(work, Script):
        commands = [work] if work else revision.commands
        check_used(commands, submission.parameters)
        check_given(commands, {*revision.parameters, *submission.parameters})
    return revision


def _command(submission: Submission, revision: Revision | None) -> Command:
    """What the job runs, with parameters in their places."""
    words = words_of(submission.work)
    if isinstance(submission.work, Script) or revision is None:
        return words
    if not words and revision.is_single:
        (words,) = revision.commands
    return replaced(words, {**revision.parameters, **submission.parameters})


def _dependencies(connection: Connection, record: PlatformRecord, references: tuple[str, ...]) -> tuple[str, ...]:
    """The ids of the jobs to wait for, each one known to Batch and not failed."""
    job_ids = resolve(connection, record, references)
    for job in describe(connection, job_ids):
        if job.status == "FAILED":
            raise InvalidInputError(f"the job would never run: it depends on {job.name} ({job.id}), which has failed")
    return job_ids
