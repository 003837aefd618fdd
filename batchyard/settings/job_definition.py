"""A job definition: what a job gets unless its submission says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from batchyard.settings.container import Container
from batchyard.settings.job_role import JobRole
from batchyard.settings.names import Name
from batchyard.settings.retry import MOST_RETRY_CONDITIONS, RetryCondition
from batchyard.settings.section import Items
from batchyard.settings.task_container import MOST_CONTAINERS, TaskContainer
from batchyard.settings.volumes import AbsolutePath

ParameterName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_-]{1,128}$",
        json_schema_extra={"x-allowed": "1 to 128 letters, digits, - and _"},
    ),
]


class JobDefinition(Container):
    """A job definition.

    With neither `image` nor `command` it runs the platform's image, which fetches a script or an archive from S3 and
    runs it: that is what `batchyard submit SCRIPT` needs. With them it runs any command of any image, and its jobs
    need no script. With `containers` a job
    is several of them, and what a single container would have stands in each.
    """

    containers: Annotated[Mapping[Name, TaskContainer], Field(max_length=MOST_CONTAINERS)] = Field(
        default={},
        description="The containers of a job that has several, by name, instead of the fields above. Nothing can be "
        "submitted to them: no script, and no argument but parameters.",
    )
    shared_folders: Items[AbsolutePath] = Field(
        default=(),
        description="Folders that all `containers` of a job have, at these paths; empty when it starts, gone with it. "
        "They are root's, unless the image of the first container has such a folder that is somebody else's.",
    )
    ipc_mode: Literal["task", "none"] | None = Field(
        default=None,
        description="Whether the `containers` of a job share semaphores, queues and /dev/shm (task) or have no such "
        "thing in common with anybody (none). Unset: as the instance's Docker has it.",
    )
    pid_mode: Literal["task"] | None = Field(
        default=None,
        description="`task`: the `containers` of a job see and may signal each other's processes. Unset: not.",
    )
    parameters: Mapping[ParameterName, str] = Field(
        default={}, description="What `Ref::NAME` arguments are where a submission does not say."
    )
    job_role: JobRole | None = Field(
        default=None,
        description="A role of this definition's own, for the job bucket and what is added here, instead of the "
        "deployment's `job_role`. Unset: the deployment's.",
    )
    attempts: int = Field(
        default=3,
        ge=1,
        le=10,
        description="How often a job is tried at most: again when its instance is reclaimed, or for what `retry_on` "
        "names. A job that fails otherwise is never tried again.",
    )
    retry_on: Items[RetryCondition] = Field(
        default=(),
        max_length=MOST_RETRY_CONDITIONS,
        description="Ends of an attempt, besides a reclaimed instance, after which the job is tried again.",
    )
    timeout_seconds: int = Field(
        default=86_400,
        ge=60,
        le=31_536_000,
        description="Seconds after which an attempt is ended.",
    )
    scheduling_priority: int = Field(
        default=0,
        ge=0,
        le=9999,
        description="In a queue with fair share: within a share, jobs of a higher priority start earlier.",
    )
    consumes: Mapping[Name, Annotated[int, Field(ge=1, le=1_000_000_000)]] = Field(
        default={},
        description="How many of which of this file's `consumable_resources` a job holds while it runs. It starts when "
        "all are there.",
    )
