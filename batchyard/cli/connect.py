"""Which account a command talks to, said on stderr, and how its errors are told."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from batchyard.cli import streams
from batchyard.cli.streams import INTERRUPTED, tell

if TYPE_CHECKING:
    from batchyard.client.connection import Connection

_ACCOUNT_PANEL = "Where"

LocalOption = Annotated[
    bool,
    typer.Option(
        "--local", help="Use the local account (`batchyard local up`), not AWS.", rich_help_panel=_ACCOUNT_PANEL
    ),
]
DeploymentOption = Annotated[
    str,
    typer.Option(
        "--deployment", envvar="BATCHYARD_DEPLOYMENT", help="Which deployment.", rich_help_panel=_ACCOUNT_PANEL
    ),
]
RegionOption = Annotated[
    str | None,
    typer.Option("--region", help="AWS region. Default: as the AWS CLI finds it.", rich_help_panel=_ACCOUNT_PANEL),
]
ProfileOption = Annotated[
    str | None,
    typer.Option("--profile", help="AWS profile. Default: as the AWS CLI finds it.", rich_help_panel=_ACCOUNT_PANEL),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def open_account(local: bool, region: str | None, profile: str | None) -> Connection:
    """Connect to AWS, or to the local account, and say which account and region it is."""
    connection = _local_account(region, profile) if local else _aws_account(region, profile)
    # Whoever serves an endpoint of the user's own, it is not AWS that is said to be there.
    whose = "local " if local else "" if connection.custom_endpoint else "AWS "
    tell(f"{whose}{connection}")
    return connection


def goes_on(job_ids: Sequence[str], *, local: bool, deployment: str, region: str | None, profile: str | None) -> str:
    """What to say when the person stops waiting: commands that lead to the same account."""
    where = {"--deployment": deployment if deployment != "default" else None, "--region": region, "--profile": profile}
    options = ["--local"] * local + [f"{name} {shlex.quote(value)}" for name, value in where.items() if value]
    rest = " ".join([*options, *job_ids])
    which = "the job goes on" if len(job_ids) == 1 else "the jobs go on"
    return f"{which}. Come back with `batchyard wait {rest}`, end with `batchyard cancel {rest}`."


def _aws_account(region: str | None, profile: str | None) -> Connection:
    from batchyard.client.connection import connect

    return connect(region=region, profile=profile)


def _local_account(region: str | None, profile: str | None) -> Connection:
    from batchyard.client.connection import connect_to_endpoint
    from batchyard.client.errors import BatchyardError, InvalidInputError
    from batchyard.local import state

    if region or profile:
        raise InvalidInputError("--local has its own region and credentials: leave out --region and --profile")
    running = state.read()
    if running is None:
        raise BatchyardError("No local account is up: start one with `batchyard local up`, or leave out --local.")
    return connect_to_endpoint(
        running.endpoint,
        region=running.region,
        access_key_id=state.ACCESS_KEY_ID,
        secret_access_key=state.SECRET_ACCESS_KEY,
    )


@contextlib.contextmanager
def reporting() -> Iterator[None]:
    """End the command with one clear line for everything that a user or AWS can do wrong.

    Exit codes: 2 for wrong input, 1 for what could not be done, 130 after Ctrl-C.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    from batchyard.client.aws_errors import explain
    from batchyard.client.errors import BatchyardError, InvalidInputError

    try:
        yield
        sys.stdout.flush()
    except InvalidInputError as error:
        tell(str(error))
        raise typer.Exit(2) from None
    except BatchyardError as error:
        tell(str(error))
        raise typer.Exit(1) from None
    except (BotoCoreError, ClientError) as error:
        tell(str(explain(error)))
        raise typer.Exit(1) from None
    except BrokenPipeError:
        streams.discard_stdout()
        raise typer.Exit(streams.BROKEN_PIPE) from None
    except KeyboardInterrupt:
        tell("interrupted.")
        raise typer.Exit(INTERRUPTED) from None
