"""The command `batchyard`: its sub-commands, each from its own module."""

from __future__ import annotations

import typer

app = typer.Typer(
    name="batchyard",
    help="Own and use an AWS Batch platform: on AWS, or on a local account.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command line."""
    app()
