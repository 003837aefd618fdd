"""`batchyard submit`: a script, or a command of a container, becomes a job."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from batchyard.cli.connect import (
    DeploymentOption,
    LocalOption,
    ProfileOption,
    RegionOption,
    goes_on,
    open_account,
    reporting,
)
from batchyard.cli.output import log_text, summary
from batchyard.cli.streams import INTERRUPTED, tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from batchyard.client.connection import Connection
    from batchyard.client.script import Script
    from batchyard.client.work import Work

_STDIN = "-"
# SCRIPT ends the options: whatever follows it is the script's, or the command's, also what looks like an option.
CONTEXT_SETTINGS = {"allow_interspersed_args": False}


def submit(
    script: Annotated[
        str | None,
        typer.Argument(
            metavar="SCRIPT",
            help="A script, a Linux program, a .zip, or - for a script on stdin. None: the definition's own command.",
        ),
    ] = None,
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ARG", help="What the script or command gets, untouched. After a .zip: the file in it to run."
        ),
    ] = None,
    command: Annotated[
        bool,
        typer.Option("--command", help="What follows is no script but a command of the container, with its arguments."),
    ] = False,
    queue: Annotated[str | None, typer.Option(help="Job queue. Default: the deployment's own.")] = None,
    name: Annotated[
        str | None, typer.Option(help="Job name. Default: from the script's, or the job definition's.")
    ] = None,
    environment: Annotated[
        list[str] | None, typer.Option("--env", metavar="NAME=VALUE", help="Environment variable; repeatable.")
    ] = None,
    vcpus: Annotated[int | None, typer.Option(min=1, help="vCPUs. Default: the job definition's.")] = None,
    memory: Annotated[
        str | None, typer.Option(help="Memory: 2048 (MiB), 512MiB, 2GiB. Default: the job definition's.")
    ] = None,
    gpus: Annotated[int | None, typer.Option(min=1, max=16, help="GPUs. Default: the job definition's.")] = None,
    timeout: Annotated[
        str | None,
        typer.Option(help="End an attempt after this time: 3600 (s), 90m, 2h; at least 60 s."),
    ] = None,
    attempts: Annotated[
        int | None,
        typer.Option(
            min=1, max=10, help="Run it up to so often, whatever made it fail (replaces the job definition's rules)."
        ),
    ] = None,
    depends_on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="JOB", help="Start after this job succeeded: an id, or the newest job's name; repeatable."
        ),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="For `Ref::NAME` in the command or an argument; repeatable."),
    ] = None,
    share: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose job it is, in a queue that shares fairly.")
    ] = None,
    priority: Annotated[
        int | None,
        typer.Option(min=0, max=9999, help="In a queue that shares fairly: higher ones start earlier in their share."),
    ] = None,
    job_definition: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[:REVISION]", help="Job definition, in its newest revision. Default: the deployment's own."
        ),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Show the job's log on stderr and exit with the job's own exit code.")
    ] = False,
    deployment: DeploymentOption = "default",
    local: LocalOption = False,
    region: RegionOption = None,
    profile: ProfileOption = None,
) -> None:
    """Submit a script, or a command of a container, as a job; print the job's id.

    The id alone goes to stdout, everything else to stderr, so that `id=$(batchyard submit …)` works. Options stand
    before SCRIPT; what follows SCRIPT is the script's own.

    \b
    Examples:
      batchyard submit align.sh sample1.fastq --threads 4
      batchyard submit --queue high --vcpus 4 --memory 8GiB align.sh sample1.fastq
      batchyard submit --wait --env STAGE=test --timeout 90m report.py
      batchyard submit pipeline.zip bin/main.sh sample1
      first=$(batchyard submit prepare.sh)
      batchyard submit --depends-on "$first" align.sh
      echo 'nproc; free -m' | batchyard submit --local --name look --wait -
      batchyard submit --job-definition count --parameter input=s3://bucket/key
      batchyard submit --job-definition tools --command bwa mem ref.fa reads.fq
      batchyard submit --job-definition fetch-and-run:3 align.sh
    """
    with reporting():
        from batchyard.client.checks import check_name, parse_environment
        from batchyard.client.parameters import parse_parameters
        from batchyard.client.platform_record import read_platform
        from batchyard.client.quantities import memory_mib, timeout_seconds
        from batchyard.client.submission import Submission
        from batchyard.client.submission import submit as send

        work = _work(script, arguments or [], command=command)
        if name is not None:
            check_name(name)
        submission = Submission(
            work=work,
            name=name,
            queue=queue,
            job_definition=job_definition,
            environment=parse_environment(environment or []),
            vcpus=vcpus,
            memory_mib=None if memory is None else memory_mib(memory),
            timeout_seconds=None if timeout is None else timeout_seconds(timeout),
            attempts=attempts,
            depends_on=tuple(depends_on or ()),
            gpus=gpus,
            parameters=parse_parameters(parameter or []),
            share=share,
            priority=priority,
        )
        for advice in () if isinstance(work, tuple) else work.advice:
            tell(f"note: {advice}")
        connection = open_account(local, region, profile)
        submitted = send(connection, read_platform(connection, deployment), submission)
        if submitted.script_url is not None:
            tell(f"{submitted.script_url} {'uploaded' if submitted.uploaded else 'is there already'}")
        after = f", after {', '.join(submitted.depends_on)}" if submitted.depends_on else ""
        runs = shlex.join(submitted.command) or f"the command that {submitted.job_definition} has"
        tell(f"job {submitted.name} in queue {submitted.queue}{after}: {runs}")
        print(submitted.id, flush=True)
        if wait:
            try:
                code = _follow(connection, submitted.id)
            except KeyboardInterrupt:
                tell(goes_on([submitted.id], local=local, deployment=deployment, region=region, profile=profile))
                code = INTERRUPTED
            raise typer.Exit(code)


def _work(script: str | None, arguments: Sequence[str], *, command: bool) -> Work:
    from batchyard.client.errors import InvalidInputError

    if command:
        if script is None:
            raise InvalidInputError("--command: no command follows the options")
        return (script, *arguments)
    return () if script is None else _script(script, arguments)


def _script(script: str, arguments: Sequence[str]) -> Script:
    from batchyard.client.errors import InvalidInputError
    from batchyard.client.script import from_bytes, load

    if script == _STDIN:
        return from_bytes("stdin", sys.stdin.buffer.read(), arguments)
    if not script:
        raise InvalidInputError("SCRIPT is an empty text: a file's name, or - for stdin, is needed")
    return load(Path(script), arguments)


def _follow(connection: Connection, job_id: str) -> int:
    """Show the job's log on stderr until it ends; its exit code."""
    from batchyard.client.following import follow
    from batchyard.client.logs import LogLine

    code = 1
    for event in follow(connection, job_id):
        if isinstance(event, LogLine):
            print(log_text(event), file=sys.stderr, flush=True)
        else:
            tell(summary(event))
            code = event.code
    return code
