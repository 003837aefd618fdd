"""What a job runs, a script or a command of its container, and which job definitions can run it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from batchyard.client.errors import InvalidInputError
from batchyard.client.script import Script
from batchyard.platform import PlatformRecord

#: The words of a container's command; none: the one that the job definition has.
Command = tuple[str, ...]

Work = Script | Command


def words_of(work: Work) -> Command:
    """The container's command: for a script its name and arguments, before the runner is named."""
    return work.command if isinstance(work, Script) else work


def check_work(record: PlatformRecord, definition: str, work: Work) -> None:
    """Raise InvalidInputError for work that jobs of this definition cannot run.

    The runner that fetches a script is the ENTRYPOINT of the platform's image, which therefore runs nothing else; an
    image of a definition's own runs scripts where instances mount the runner into it.
    """
    if isinstance(work, Script):
        if not takes_script(record, definition):
            raise InvalidInputError(
                f"the job definition {definition!r} runs a command of its own and takes no script, but {work.name} "
                f"was given. Leave it out, put --command before a command of the image, or name a job definition that "
                f"takes scripts: {_listed(_taking_scripts(record))}."
            )
    elif work and definition not in _taking_commands(record):
        raise InvalidInputError(
            f"the job definition {definition!r} runs scripts only, but the command `{shlex.join(work)}` was given: "
            "its image's ENTRYPOINT takes no command. Put it into a script (`echo 'COMMAND' | batchyard submit -`), or "
            f"name a job definition that takes commands: {_listed(_taking_commands(record))}."
        )
    elif not work and definition not in record.own_commands:
        raise InvalidInputError(
            f"the job definition {definition!r} has no command of its own: give a SCRIPT, or name a job definition "
            f"that has one: {_listed(record.own_commands)}."
        )


def takes_script(record: PlatformRecord, definition: str) -> bool:
    """Whether jobs of this definition can run a script."""
    return definition not in record.own_commands or definition in record.mounted_runners


def _taking_scripts(record: PlatformRecord) -> list[str]:
    return [name for name in record.job_definitions if takes_script(record, name)]


def _taking_commands(record: PlatformRecord) -> set[str]:
    return {*record.own_commands, *record.mounted_runners}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none in this deployment"
