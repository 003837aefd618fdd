"""The sub-commands of `batchyard`, each from its own module."""

from __future__ import annotations

import typer

from batchyard.cli import definitions, deployment, image, jobs, local

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
