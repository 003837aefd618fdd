"""A container of a job that has several: what the others have to do with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from batchyard.settings.container import Container
from batchyard.settings.names import Name

#: AWS Batch User Guide, "Create job definitions using EcsProperties": one to ten containers.
MOST_CONTAINERS = 10

#: AWS Batch API reference, TaskContainerDependency: a container starts when another has started, has ended, or has
#: ended with exit code 0.
Condition = Literal["START", "COMPLETE", "SUCCESS"]


class TaskContainer(Container):
    """One of several containers of a job, which run on one instance.

    A container without `image` runs the platform's, which needs to be told what to fetch: `BATCH_FILE_S3_URL` in
    `environment`.
    """

    essential: bool = Field(
        default=True,
        description="Whether its end is the job's: the others are stopped, and the job has succeeded only if it ended "
        "with 0. false for what prepares something, or only stands by.",
    )
    depends_on: Mapping[Name, Condition] = Field(
        default={},
        description="Containers that it waits for, by name: until they have started (START), ended (COMPLETE) or ended "
        "with 0 (SUCCESS); the last two not for essential ones. It is stopped before them.",
    )
    start_timeout_seconds: int | None = Field(
        default=None,
        ge=2,
        le=86_400,
        description="Seconds from its start within which it must have ended, or those that wait for its end never "
        "start. Unset: they wait as long as it takes; the job's `timeout_seconds` counts only once all have started.",
    )
    stop_timeout_seconds: int | None = Field(
        default=None,
        ge=2,
        le=86_400,
        description="Seconds that it has to end when it is stopped, before it is killed. Unset: 30.",
    )
