"""A job queue: its priority, the compute environments it tries in turn, and how it shares them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from batchyard.settings.fair_share import FairShare
from batchyard.settings.names import Name
from batchyard.settings.section import Items, Section

#: Seconds that a job may wait before Batch acts (API reference, JobStateTimeLimitAction, maxTimeSeconds).
RunnableSeconds = Annotated[int, Field(ge=600, le=86_400)]


class RunnableLimits(Section):
    """When a job at the head of the queue is cancelled, so that it does not block the others for ever."""

    insufficient_capacity_seconds: RunnableSeconds = Field(
        default=86_400,
        description="Seconds until a job is cancelled that waits because EC2 has no such instance "
        "(CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY).",
    )
    environment_maximum_seconds: RunnableSeconds = Field(
        default=3600,
        description="Seconds until a job is cancelled that needs more than the environments' `max_vcpus` "
        "(MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE).",
    )
    job_resource_requirement_seconds: RunnableSeconds = Field(
        default=3600,
        description="Seconds until a job is cancelled that needs more than any allowed instance type has "
        "(MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT).",
    )


class Queue(Section):
    """A job queue."""

    priority: int = Field(
        default=1,
        ge=0,
        le=1000,
        description="Queues that share an environment are looked at in descending priority.",
    )
    compute_environments: Items[Name] = Field(
        default=("on-demand",),
        min_length=1,
        max_length=3,
        description="Names of one to three of this file's compute environments, the one to try first at the head.",
    )
    runnable_limits: RunnableLimits = Field(
        default=RunnableLimits(),
        description="When a job that cannot start is cancelled.",
    )
    fair_share: FairShare | None = Field(
        default=None,
        description="Shares the queue's capacity among those who use it. Unset: first in, first out. A queue cannot "
        "change from one to the other: a deployment that says so makes a new queue and deletes the old one.",
    )
    enabled: bool = Field(
        default=True, description="Whether the queue takes jobs. Those that are in it go on to their end."
    )
