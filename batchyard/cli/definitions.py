"""`batchyard definitions`: which job definitions there are, and what their jobs get."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from batchyard.cli.connect import (
    DeploymentOption,
    JsonOption,
    LocalOption,
    ProfileOption,
    RegionOption,
    open_account,
    reporting,
)
from batchyard.cli.output import amount, print_json, print_rows

if TYPE_CHECKING:
    from batchyard.client.job_definitions import Revision
    from batchyard.platform import PlatformRecord

# In the table; `--json` has it whole.
_LONGEST_COMMAND = 50


def register(app: typer.Typer) -> None:
    """Add the command to the top-level command."""
    app.command("definitions", rich_help_panel="Jobs")(definitions)


def definitions(
    as_json: JsonOption = False,
    deployment: DeploymentOption = "default",
    local: LocalOption = False,
    region: RegionOption = None,
    profile: ProfileOption = None,
) -> None:
    """List the deployment's job definitions: what their jobs run and get, and which revisions are active.

    What is said is the newest revision's. `batchyard submit --job-definition NAME:REVISION` takes an older one.

    \b
    Examples:
      batchyard definitions
      batchyard definitions --json | jq -r '.[] | select(.takesScript) | .name'
    """
    with reporting():
        from batchyard.client.job_definitions import active_revisions
        from batchyard.client.platform_record import read_platform

        connection = open_account(local, region, profile)
        record = read_platform(connection, deployment)
        found = {name: active_revisions(connection, arn) for name, arn in record.job_definitions.items()}
        if as_json:
            print_json([_as_dict(record, name, revisions) for name, revisions in found.items()])
            return
        print_rows(
            ("NAME", "REVISIONS", "RUNS", "IMAGE"),
            ("VCPUS", "MEMORY (MIB)", "GPUS"),
            [_cells(record, name, revisions) for name, revisions in found.items()],
        )


def _cells(record: PlatformRecord, name: str, revisions: Sequence[Revision]) -> list[str | None]:
    newest = revisions[0] if revisions else None
    amounts = {} if newest is None else newest.amounts
    return [
        f"{name} (default)" if name == record.default_job_definition else name,
        ranges([each.number for each in revisions]) or None,
        _runs(record, name, newest),
        _image(record, newest),
        *(amounts.get(kind) for kind in ("VCPU", "MEMORY", "GPU")),
    ]


def _runs(record: PlatformRecord, name: str, newest: Revision | None) -> str | None:
    if name not in record.own_commands:
        return "a script"
    if newest is None:
        return None
    if not newest.is_single:
        return f"{len(newest.commands)} containers"
    (command,) = newest.commands
    text = shlex.join(command) or "its image's command"
    return text if len(text) <= _LONGEST_COMMAND else f"{text[: _LONGEST_COMMAND - 1]}…"


def _image(record: PlatformRecord, newest: Revision | None) -> str | None:
    if newest is None or newest.image is None:
        return None
    return "the platform's" if newest.image.partition(":")[0] == record.repository_uri else newest.image


def _as_dict(record: PlatformRecord, name: str, revisions: Sequence[Revision]) -> dict[str, Any]:
    from batchyard.client.work import taken_by

    newest = revisions[0] if revisions else None
    amounts = {} if newest is None else newest.amounts
    return {
        "name": name,
        "default": name == record.default_job_definition,
        "arn": record.job_definitions[name],
        "revisions": [each.number for each in revisions],
        "takesScript": taken_by(record, name).script,
        "commands": [] if newest is None else [list(command) for command in newest.commands],
        "parameters": {} if newest is None else dict(newest.parameters),
        "image": None if newest is None else newest.image,
        "vcpus": amount(amounts.get("VCPU")),
        "memoryMiB": amount(amounts.get("MEMORY")),
        "gpus": amount(amounts.get("GPU")),
    }


def ranges(numbers: Sequence[int]) -> str:
    """Descending numbers as text, neighbours as a range: `9, 7-5, 1`."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return ", ".join(str(high) if high == low else f"{high}-{low}" for high, low in runs)
