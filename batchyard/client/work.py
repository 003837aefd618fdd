"""What a job runs, a script or a command of its container, and which job definitions can run it."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass

from batchyard.client.errors import InvalidInputError
from batchyard.client.job_definitions import Revision
from batchyard.client.script import Script
from batchyard.mounted_runner import RUNNER
from batchyard.platform import PlatformRecord

#: The words of a container's command; none: the one that the job definition has.
Command = tuple[str, ...]

Work = Script | Command


def words_of(work: Work) -> Command:
    """The container's command: for a script its name and arguments, before the runner is named."""
    return work.command if isinstance(work, Script) else work


@dataclass(frozen=True)
class Takes:
    """What jobs of a definition can run.

    The runner that fetches a script is the ENTRYPOINT of the platform's image, which therefore runs nothing else; an
    image of a definition's own runs scripts where instances mount the runner into it.
    """

    script: bool
    command: bool
    """Any command, from the submission."""
    own: bool
    """The definition's own command, with nothing from the submission."""


def taken_by(record: PlatformRecord, name: str) -> Takes:
    """What jobs of the newest revision can run, by the deployment's word."""
    return _takes(own=name in record.own_commands, mounted=name in record.mounted_runners)


def taken_by_revision(record: PlatformRecord, name: str, revision: Revision) -> Takes:
    """What jobs of any revision can run, by Batch's word on it.

    It does not tell what an image runs by itself, if it is not the platform's: then the newest revision's word holds.
    """
    if not revision.is_single:
        own = True
    elif command := revision.commands[0]:
        own = command[0] != RUNNER
    elif str(revision.image).startswith(f"{record.repository_uri}:"):
        own = False
    else:
        own = name in record.own_commands
    return _takes(own=own, mounted=revision.runner is not None)


def _takes(*, own: bool, mounted: bool) -> Takes:
    return Takes(script=mounted or not own, command=mounted or own, own=own)


def check_work(record: PlatformRecord, definition: str, takes: Takes, work: Work) -> None:
    """Raise InvalidInputError, with the definitions that can, for work that jobs of this definition cannot run."""
    if isinstance(work, Script):
        if not takes.script:
            raise InvalidInputError(
                f"the job definition {definition!r} runs a command of its own and takes no script, but {work.name} "
                "was given. Leave it out, put --command before a command of the image, or name a job definition that "
                f"takes scripts: {_others(record, lambda other: other.script)}."
            )
    elif work and not takes.command:
        raise InvalidInputError(
            f"the job definition {definition!r} runs scripts only, but the command `{shlex.join(work)}` was given: "
            "its image's ENTRYPOINT takes no command. Put it into a script (`echo 'COMMAND' | batchyard submit -`), or "
            f"name a job definition that takes commands: {_others(record, lambda other: other.command)}."
        )
    elif not work and not takes.own:
        raise InvalidInputError(
            f"the job definition {definition!r} has no command of its own: give a SCRIPT, or name a job definition "
            f"that has one: {_others(record, lambda other: other.own)}."
        )


def _others(record: PlatformRecord, can: Callable[[Takes], bool]) -> str:
    names = sorted(name for name in record.job_definitions if can(taken_by(record, name)))
    return ", ".join(names) or "none in this deployment"
