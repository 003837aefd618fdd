"""The commands for jobs: submit, wait, logs, list, show, cancel."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from batchyard.cli.connect import (
    DeploymentOption,
    JsonOption,
    LocalOption,
    ProfileOption,
    RegionOption,
    goes_on,
    open_account,
    reporting,
)
from batchyard.cli.output import Names, as_dict, log_text, print_details, print_json, print_table, summary
from batchyard.cli.streams import INTERRUPTED, tell
from batchyard.cli.submit import CONTEXT_SETTINGS, submit

if TYPE_CHECKING:
    from batchyard.client.job import Status

JobsArgument = Annotated[
    list[str], typer.Argument(metavar="JOB", help="Job ids, or names: the newest job of that name.")
]
JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="A job's id, or name: the newest job of that name.")]


def register(app: typer.Typer) -> None:
    """Add the commands for jobs to the top-level command."""
    app.command(rich_help_panel="Jobs", context_settings=CONTEXT_SETTINGS)(submit)
    for name, command in (
        ("wait", wait),
        ("logs", logs),
        ("list", list_),
        ("show", show),
        ("cancel", cancel),
    ):
        app.command(name, rich_help_panel="Jobs")(command)


def wait(
    jobs: JobsArgument,
    deployment: DeploymentOption = "default",
    local: LocalOption = False,
    region: RegionOption = None,
    profile: ProfileOption = None,
) -> None:
    """Wait until jobs have finished; exit with the job's own exit code.

    Of several jobs it is the first exit code that is not 0, in the order given. A job that failed without an exit
    code of its own counts as 1, and the reason is said. Ctrl-C ends the waiting, not the jobs.

    \b
    Examples:
      batchyard wait 6f9a1c52-0d3e-4f0b-9a53-0b8f3f6d1c11 && echo done
      batchyard wait prepare align report
    """
    with reporting():
        from batchyard.client import following
        from batchyard.client.platform_record import read_platform
        from batchyard.client.references import resolve

        connection = open_account(local, region, profile)
        job_ids = resolve(connection, read_platform(connection, deployment), jobs)
        codes: dict[str, int] = {}
        try:
            for job in following.wait(connection, job_ids):
                tell(summary(job))
                if job.finished:
                    codes[job.id] = job.code
        except KeyboardInterrupt:
            left = [job_id for job_id in job_ids if job_id not in codes]
            tell(goes_on(left, local=local, deployment=deployment, region=region, profile=profile))
            raise typer.Exit(INTERRUPTED) from None
        raise typer.Exit(next((codes[job_id] for job_id in job_ids if codes[job_id]), 0))


def logs(
    job: JobArgument,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Wait for the job to start, and go on until it ends.")
    ] = False,
    attempt: Annotated[
        int | None, typer.Option(min=1, help="Begin with this attempt. Default: the newest one.")
    ] = None,
    container: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of a job's several containers only this one.")
    ] = None,
    deployment: DeploymentOption = "default",
    local: LocalOption = False,
    region: RegionOption = None,
    profile: ProfileOption = None,
) -> None:
    """Print a job's log on stdout.

    If the job has several containers, each line stands after its container's name, unless --container chooses one.

    \b
    Examples:
      batchyard logs align
      batchyard logs --container prepare align
      batchyard logs -f 6f9a1c52-0d3e-4f0b-9a53-0b8f3f6d1c11 | tee align.log
    """
    with reporting():
        from batchyard.client import following
        from batchyard.client.errors import NotFoundError
        from batchyard.client.jobs import describe
        from batchyard.client.logs import LogLine, LogReader, check_log
        from batchyard.client.platform_record import read_platform
        from batchyard.client.references import resolve

        # A log may hold what this terminal's encoding cannot say.
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="backslashreplace")
        connection = open_account(local, region, profile)
        (job_id,) = resolve(connection, read_platform(connection, deployment), [job])
        (found,) = describe(connection, [job_id])
        check_log(found, container)
        logged = len(found.attempt_logs)
        if attempt is not None and attempt > logged and not (follow and not found.finished):
            raise NotFoundError(f"{summary(found)}: there is no log of attempt {attempt}, there are {logged}.")
        first = (attempt or logged or 1) - 1
        if not follow and not found.finished:
            if not logged:
                tell(f"{summary(found)}; there is no log yet (`batchyard logs -f` waits for it).")
            for line in LogReader(connection, first, container).read(found):
                print(log_text(line))
            return
        try:
            for event in following.follow(connection, job_id, first_attempt=first, container=container):
                if isinstance(event, LogLine):
                    print(log_text(event), flush=True)
                else:
                    tell(summary(event))
        except KeyboardInterrupt:
            tell(goes_on([job_id], local=local, deployment=deployment, region=region, profile=profile))
            raise typer.Exit(INTERRUPTED) from None


def list_(
    queue: Annotated[list[str] | None, typer.Option(help="Only jobs of this queue; repeatable.")] = None,
    status: Annotated[
        list[str] | None, typer.Option(help="Only jobs of this status, such as RUNNING; repeatable.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many jobs, the newest.")] = 50,
    as_json: JsonOption = False,
    deployment: DeploymentOption = "default",
    local: LocalOption = False,
    region: RegionOption = None,
    profile: ProfileOption = None,
) -> None:
    """List the jobs of the deployment's queues, newest first.

    Batch forgets a finished job after some days.

    \b
    Examples:
      batchyard list
      batchyard list --queue high --status RUNNABLE --status RUNNING
      batchyard list --json | jq -r '.[] | select(.status == "FAILED") | .id'
    """
    with reporting():
        from batchyard.client.checks import check_known
        from batchyard.client.environments import compute_environments
        from batchyard.client.jobs import list_jobs
        from batchyard.client.platform_record import read_platform

        statuses = [_status(text) for text in status or []]
        connection = open_account(local, region, profile)
        record = read_platform(connection, deployment)
        for name in queue or []:
            check_known("job queue", name, record.job_queues)
        queues = [arn for name, arn in record.job_queues.items() if not queue or name in queue]
        jobs = list_jobs(connection, queues, statuses, limit)
        environments = compute_environments(connection, jobs)
        names = Names.of(record)
        if as_json:
            print_json([as_dict(job, names, environments.get(job.id)) for job in jobs])
        elif jobs:
            print_table(jobs, names, environments)
        else:
            tell("there are no such jobs." if queue or statuses else "there are no jobs.")
        if len(jobs) == limit:
            tell(f"these are the newest {limit}; --limit shows more.")


def show(
    job: JobArgument,
    as_json: JsonOption = False,
    deployment: DeploymentOption = "default",
    local: LocalOption = False,
    region: RegionOption = None,
    profile: ProfileOption = None,
) -> None:
    """Show everything about one job: where it stands and why, its attempts, its log stream.

    \b
    Examples:
      batchyard show align
      batchyard show --json 6f9a1c52-0d3e-4f0b-9a53-0b8f3f6d1c11 | jq .attempts
    """
    with reporting():
        from batchyard.client.environments import compute_environments
        from batchyard.client.jobs import describe
        from batchyard.client.platform_record import read_platform
        from batchyard.client.references import resolve

        connection = open_account(local, region, profile)
        record = read_platform(connection, deployment)
        (found,) = describe(connection, resolve(connection, record, [job]))
        environment = compute_environments(connection, [found]).get(found.id)
        if as_json:
            print_json(as_dict(found, Names.of(record), environment))
        else:
            print_details(found, Names.of(record), environment)


def cancel(
    jobs: Annotated[list[str], typer.Argument(metavar="ID", help="Job ids. A name would be too easy to get wrong.")],
    reason: Annotated[str, typer.Option(help="Why; it stands in the job's status.")] = "Cancelled with batchyard",
    deployment: DeploymentOption = "default",
    local: LocalOption = False,
    region: RegionOption = None,
    profile: ProfileOption = None,
) -> None:
    """End jobs: one that waits is cancelled, one that runs is terminated.

    A job that has finished is left as it is; that is no error.

    \b
    Examples:
      batchyard cancel 6f9a1c52-0d3e-4f0b-9a53-0b8f3f6d1c11
      batchyard cancel --reason "wrong reference genome" "$id"
    """
    with reporting():
        from batchyard.client import cancelling
        from batchyard.client.errors import InvalidInputError
        from batchyard.client.jobs import describe
        from batchyard.client.platform_record import read_platform
        from batchyard.client.references import is_job_id

        names = [text for text in jobs if not is_job_id(text)]
        if names:
            raise InvalidInputError(f"cancel takes job ids, and these are none: {', '.join(names)}")
        connection = open_account(local, region, profile)
        record = read_platform(connection, deployment)
        found = describe(connection, list(dict.fromkeys(jobs)))
        strangers = [job for job in found if job.queue_arn not in record.job_queues.values()]
        if strangers:
            raise InvalidInputError(
                f"not a job of the deployment {deployment!r}: "
                + ", ".join(f"{job.name} ({job.id}, queue {job.queue_arn.rpartition('/')[2]})" for job in strangers)
            )
        said = {
            "cancelled": "cancelled before it started",
            "terminated": "terminated while it ran",
            "finished": "nothing to do: it has finished already",
        }
        for job in found:
            outcome = cancelling.cancel(connection, job, reason)
            print(f"{job.name} ({job.id}): {said[outcome]}", flush=True)


def _status(text: str) -> Status:
    from batchyard.client.errors import InvalidInputError
    from batchyard.client.job import STATUSES

    for status in STATUSES:
        if text.upper() == status:
            return status
    raise InvalidInputError(f"status {text!r} is none of {', '.join(STATUSES)}")
