"""`batchyard deployment`: look at deployment files without deploying them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from batchyard.cli.connect import JsonOption

app = typer.Typer(
    help="Look at deployment files: their schema, their names, and what is wrong with one.", no_args_is_help=True
)

USAGE_ERROR = 2


@app.command()
def schema() -> None:
    """Print the JSON Schema of a deployment file.

    An editor with a YAML language server completes and checks deployment files with it.
    """
    import json

    from batchyard.settings.allowed import deployment_schema

    typer.echo(json.dumps(deployment_schema(), indent=2))


@app.command()
def check(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A deployment file's path, or a deployment's name.")],
    as_json: JsonOption = False,
) -> None:
    """Check a deployment file, and say the most that it can cost an hour.

    Everything that is wrong with it goes to stderr, or with --json to stdout, and the exit code is 2. Nothing is
    deployed and nothing is asked of AWS: prices are on-demand prices of us-east-1 that ship with this version.

    \b
    Examples:
      batchyard deployment check genomics
      batchyard deployment check deployments/mine.yaml --json | jq .most.usdPerHour
    """
    from batchyard.cli.deployment_report import Checked, accepted, lines, refused
    from batchyard.cli.output import print_json
    from batchyard.settings.load import deployment_file, load
    from batchyard.settings.problems import DeploymentError

    path = Path(file) if _is_path(file) else None
    try:
        path = path or deployment_file(file)
        deployment = load(path)
    except DeploymentError as error:
        if as_json:
            print_json(refused(Checked(path.stem if path else file, path), error))
        else:
            typer.echo(str(error), err=True)
        raise typer.Exit(USAGE_ERROR) from None
    checked = Checked(path.stem, path)
    if as_json:
        print_json(accepted(checked, deployment))
        return
    for line in lines(checked, deployment):
        typer.echo(line)


@app.command(name="list")
def list_deployments() -> None:
    """Print the names of the deployments, one a line."""
    from batchyard.settings.load import deployment_names

    for name in deployment_names():
        typer.echo(name)


def _is_path(text: str) -> bool:
    """Whether this is a path rather than a name: names have neither folders nor endings."""
    return "/" in text or text.endswith((".yaml", ".yml")) or Path(text).is_file()
