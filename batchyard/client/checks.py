"""What Batch, or a deployment, would refuse of a submission: told before anything is sent.

Limits: https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html and
https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from batchyard.client.errors import InvalidInputError
from batchyard.platform import PlatformRecord

if TYPE_CHECKING:
    from mypy_boto3_batch.type_defs import ContainerOverridesTypeDef

MAX_NAME_LENGTH = 128
MAX_DEPENDENCIES = 20
MAX_OVERRIDES_CHARACTERS = 8192
MAX_ATTEMPTS = 10

_JOB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_SHARE = re.compile(r"[A-Za-z0-9]{1,255}")
_RESERVED_PREFIX = "AWS_BATCH"


def check_name(name: str) -> None:
    """Raise InvalidInputError for a job name that Batch does not take."""
    if not _JOB_NAME.fullmatch(name):
        raise InvalidInputError(
            f"job name {name!r}: 1 to {MAX_NAME_LENGTH} letters, digits, - and _ are allowed, the first one a letter "
            "or digit"
        )


def name_from(file_name: str) -> str:
    """A job name out of a file's name: `2nd run.v2.sh` becomes `2nd-run-v2`."""
    stem = file_name.rpartition(".")[0] or file_name
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-_")[:MAX_NAME_LENGTH]
    return name or "job"


def check_known(kind: str, name: str, known: Mapping[str, str]) -> None:
    """Raise InvalidInputError, with the names there are, for one that the deployment does not have."""
    if name not in known:
        raise InvalidInputError(f"there is no {kind} {name!r} in this deployment; it has {', '.join(sorted(known))}")


def check_amounts(vcpus: int | None, attempts: int | None, depends_on: Sequence[str]) -> None:
    """Raise InvalidInputError for numbers that Batch does not take."""
    if len(depends_on) > MAX_DEPENDENCIES:
        raise InvalidInputError(f"{len(depends_on)} dependencies were given; a job may have {MAX_DEPENDENCIES}")
    if vcpus is not None and vcpus < 1:
        raise InvalidInputError(f"{vcpus} vCPUs were asked for; the least is 1")
    if attempts is not None and not 1 <= attempts <= MAX_ATTEMPTS:
        raise InvalidInputError(f"{attempts} attempts were asked for; 1 to {MAX_ATTEMPTS} are allowed")


def check_share(record: PlatformRecord, queue: str, share: str | None, priority: int | None) -> None:
    """A queue with fair share needs a share, and another one takes none (API reference, SubmitJob)."""
    if queue in record.fair_share_queues:
        if share is None:
            raise InvalidInputError(f"the job queue {queue!r} shares fairly: say whose job it is with --share NAME")
        if not _SHARE.fullmatch(share):
            raise InvalidInputError(f"share {share!r}: 1 to 255 letters and digits are allowed")
        return
    for option, given in (("--share", share), ("--priority", priority)):
        if given is not None:
            sharing = ", ".join(sorted(record.fair_share_queues)) or "none in this deployment"
            raise InvalidInputError(
                f"{option} {given}: the job queue {queue!r} is first in, first out. Queues with fair share: {sharing}"
            )


def parse_environment(pairs: Iterable[str]) -> dict[str, str]:
    """`K=V` texts as a mapping; of several with the same name the last one holds."""
    environment = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator:
            raise InvalidInputError(f"environment {pair!r} has no =; write NAME=VALUE")
        check_variable(name)
        environment[name] = value
    return environment


def check_variable(name: str) -> None:
    """Raise InvalidInputError for a variable that no job can be given."""
    if not name or name.split() != [name]:
        raise InvalidInputError(f"environment variable {name!r}: a name without spaces is needed before the =")
    if name.startswith(_RESERVED_PREFIX):
        raise InvalidInputError(
            f"environment variable {name!r}: names that begin with {_RESERVED_PREFIX} belong to AWS Batch"
        )


def check_length(overrides: ContainerOverridesTypeDef) -> None:
    """ECS counts the JSON: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html."""
    length = len(json.dumps(overrides, separators=(",", ":"), ensure_ascii=False))
    if length > MAX_OVERRIDES_CHARACTERS:
        raise InvalidInputError(
            f"arguments and environment come to {length} characters; Batch takes {MAX_OVERRIDES_CHARACTERS}. Put the "
            "long ones in a file: zip it with the script, or let the script fetch it from the bucket."
        )
