"""`batchyard local`: an AWS account on this machine, for real jobs without AWS."""

from __future__ import annotations

import contextlib
import json
import shlex
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from batchyard.local import state

if TYPE_CHECKING:
    from batchyard.local.state import State

USAGE_ERROR = 2

app = typer.Typer(
    help="An AWS account on this machine: CloudFormation, Batch and S3 on loopback, and jobs that really run.",
    no_args_is_help=True,
)


def tell(text: str) -> None:
    """Say something to the person; stdout is for results."""
    print(text, file=sys.stderr, flush=True)


def fail(text: str) -> NoReturn:
    """End with a message."""
    tell(f"batchyard: {text}")
    raise typer.Exit(1)


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Say what is going on, and how long it took."""
    print(f"local: {title} …", end="", file=sys.stderr, flush=True)
    started = time.monotonic()
    try:
        yield
    except BaseException:
        tell("")
        raise
    tell(f" {time.monotonic() - started:.1f} s")


def running_or_fail() -> State:
    """The local account that runs now."""
    found = state.read()
    if found is None:
        if state.load() is not None:
            fail(f"the local account of {state.STATE_FILE} is gone: start a new one with `batchyard local up`.")
        fail("no local account is up: start one with `batchyard local up`.")
    return found


@app.command()
def up(
    deployment: Annotated[
        str,
        typer.Option(envvar="BATCHYARD_DEPLOYMENT", help="Which deployment to deploy: a name from `deployment list`."),
    ] = "default",
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port on 127.0.0.1. Default: a free one.")] = None,
    region: Annotated[str | None, typer.Option(help="Region to stand for. Default: us-east-1.")] = None,
    max_jobs: Annotated[
        int | None, typer.Option(min=1, help="Jobs that may run at once on this machine. Default: its processors.")
    ] = None,
    host_images: Annotated[
        bool | None,
        typer.Option("--host-images", help="Run commands of images other than the platform's on this very machine."),
    ] = None,
) -> None:
    """Start the local account and deploy a deployment to it; harmless if it is up already.

    The server runs on after this command, on 127.0.0.1 only; `batchyard local down` ends it. What it holds is in
    memory: it is gone when the account goes down.
    """
    from batchyard.local import deploy, lifecycle
    from batchyard.settings.load import load_named
    from batchyard.settings.problems import DeploymentError
    from batchyard.toolchain import ToolMissingError

    try:
        # The CDK app would refuse it too, but only when the account stands.
        load_named(deployment)
    except DeploymentError as error:
        tell(str(error))
        raise typer.Exit(USAGE_ERROR) from None
    options = lifecycle.Options(port=port, region=region, max_jobs=max_jobs, host_images=host_images)
    running = started_here = None
    try:
        with lifecycle.locked():
            stale = lifecycle.forget_stale()
            if stale is not None:
                tell(f"local: {stale} named an account that is gone; removed.")
            running = state.read()
            if running is None:
                with step("starting the account"):
                    running = started_here = lifecycle.start(options)
            else:
                differences = lifecycle.clashes(running, options)
                if differences:
                    fail(f"the local account is up with {'; '.join(differences)}: run `batchyard local down` first.")
                tell(f"local: the account is up already at {running.endpoint}")
            with step("bootstrapping it for the CDK"):
                deploy.bootstrap(running)
            with step(f"deploying {deployment} with the CDK CLI"):
                record = deploy.deploy(running, deployment)
    except KeyboardInterrupt:
        if started_here is not None:
            lifecycle.stop(started_here)
            tell("local: interrupted; the account is down again.")
        else:
            stands = "nothing was started" if running is None else "the account that was up stays up"
            tell(f"local: interrupted; {stands}.")
        raise typer.Exit(130) from None
    except (lifecycle.LocalAccountError, ToolMissingError) as error:
        if started_here is not None and state.read() is not None:
            tell("local: the account stays up for a look: `batchyard local status`; `batchyard local down` ends it.")
        fail(str(error))
    queues = ", ".join(record.job_queues)
    tell(f"local: account {record.account} ({record.region}) is at {running.endpoint}; job queues: {queues}")
    chosen = "" if deployment == "default" else f" --deployment {deployment}"
    tell(f"local: submit with `batchyard submit --local{chosen} SCRIPT`;")
    tell('local: point any AWS tool here with `eval "$(batchyard local env)"`; `batchyard local down` ends it.')


@app.command()
def down() -> None:
    """End the local account, its running jobs and everything it holds in memory."""
    from batchyard.local import lifecycle, report

    with lifecycle.locked():
        running = state.read()
        if running is None:
            stale = lifecycle.forget_stale()
            tell(f"local: no account is up{f'; removed the stale {stale}' if stale else ''}.")
            return
        unfinished = report.unfinished_jobs(running)
        with step(f"ending the account at {running.endpoint}"):
            lifecycle.stop(running)
    lost = f" {unfinished} unfinished jobs were ended." if unfinished else ""
    tell(f"local: down.{lost} Its buckets, logs and job history were in memory and are gone.")


@app.command()
def env() -> None:
    """Print shell commands that point AWS tools at the local account: `eval "$(batchyard local env)"`."""
    running = running_or_fail()
    for name in state.UNSET:
        print(f"unset {name}")
    for name, value in state.environment(running).items():
        print(f"export {name}={shlex.quote(value)}")


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Show where the account is, what is deployed, its jobs, and what it only records. Exit code 1: it is down."""
    from batchyard.local import report

    running = running_or_fail()
    found = report.collect(running)
    if as_json:
        print(json.dumps(found.as_dict(), indent=2))
        return
    for line in report.lines(found):
        print(line)
