"""The command `batchyard`: its sub-commands, each from its own module."""

from __future__ import annotations

import sys

import typer

from batchyard.cli import definitions, deployment, image, jobs, local, streams
from batchyard.cli.connect import tell

_USAGE_ERROR = 2

app = typer.Typer(
    name="batchyard",
    help="Own and use an AWS Batch platform: on AWS, or on a local account.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
jobs.register(app)
definitions.register(app)
app.add_typer(deployment.app, name="deployment")
app.add_typer(image.app, name="image")
app.add_typer(local.app, name="local")


def main() -> None:
    """Run the command line."""
    with streams.written_out():
        given = streams.undecodable(sys.argv[1:])
        if given is not None:
            tell(f"the argument {given!r} is not text in UTF-8. If it names a file, rename the file. Nothing was done.")
            sys.exit(_USAGE_ERROR)
        app()
