"""How a container's output gets to the log group."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from batchyard.settings.section import Section


class ContainerLog(Section):
    """Options of the awslogs log driver (AWS Batch User Guide, "Use the awslogs log driver")."""

    mode: Literal["blocking", "non-blocking"] | None = Field(
        default=None,
        description="What happens when CloudWatch Logs is slow: the job waits, or output is dropped once the buffer "
        "is full. Unset: the account's default.",
    )
    max_buffer_mib: int | None = Field(
        default=None, ge=1, le=1024, description="The buffer of mode `non-blocking`, in MiB. Unset: Docker's default."
    )
    multiline_pattern: str | None = Field(
        default=None,
        min_length=1,
        max_length=512,
        description="A regular expression that the first line of each event matches; lines that follow belong to it.",
        json_schema_extra={"x-allowed": "a regular expression of 1 to 512 characters"},
    )
    datetime_format: str | None = Field(
        default=None,
        min_length=1,
        max_length=128,
        description="Like `multiline_pattern`, as a strftime expression. Not together with it.",
        json_schema_extra={"x-allowed": "a strftime expression of 1 to 128 characters"},
    )
