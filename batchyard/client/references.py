"""How a user names a job: by its id, or by its name, which means the newest job of that name."""

from __future__ import annotations

import re
from collections.abc import Iterable

from batchyard.client.connection import Connection
from batchyard.client.errors import InvalidInputError, NotFoundError
from batchyard.client.jobs import find_by_name
from batchyard.platform import PlatformRecord

# An array job's child is `<id>:<index>`, a multi-node job's node `<id>#<index>`.
_JOB_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}([:#]\d+)?")


def is_job_id(text: str) -> bool:
    """Whether this has the form of a job id."""
    return _JOB_ID.fullmatch(text) is not None


def resolve(connection: Connection, record: PlatformRecord, references: Iterable[str]) -> tuple[str, ...]:
    """Ids for ids and names, in the order given, each once.

    Raises NotFoundError for a name that no job in the deployment's queues has, InvalidInputError where two jobs
    are equally new.
    """
    resolved = [
        reference if is_job_id(reference) else _newest(connection, record, reference) for reference in references
    ]
    return tuple(dict.fromkeys(resolved))


def _newest(connection: Connection, record: PlatformRecord, name: str) -> str:
    found = find_by_name(connection, record.job_queues.values(), name)
    if not found:
        raise NotFoundError(
            f"{name!r} is no job id, and no job of that name is known in the queues "
            f"{', '.join(sorted(record.job_queues))} of {connection}. `batchyard list` lists the jobs."
        )
    newest = [job_id for created_at, job_id in found if created_at == found[0][0]]
    if len(newest) > 1:
        raise InvalidInputError(
            f"the name {name!r} is ambiguous: these jobs are equally new: {', '.join(newest)}. Name one by its id."
        )
    return newest[0]
