"""Which ends of an attempt are worth another one."""

from __future__ import annotations

from pydantic import Field

from batchyard.settings.section import Section

#: AWS Batch API reference, EvaluateOnExit: a condition may end with *, and lengths are limited to 512.
EXIT_CODE = r"^([0-9]{1,5}\*?|\*)$"
REASON = r"^[A-Za-z0-9.:/_ \t-]{0,511}[A-Za-z0-9.:/_*-]$"

#: Batch takes five conditions, of which the platform's own rules (reclaimed instances; everything else) are two.
MOST_RETRY_CONDITIONS = 3

_REASON_WORDS = "at most 512 letters, digits, spaces and .:/_-, which may end with *"


class RetryCondition(Section):
    """An end of an attempt after which the job is tried again. All fields that are set must match."""

    exit_code: str | None = Field(
        default=None,
        pattern=EXIT_CODE,
        description="The exit code of the container, as text.",
        json_schema_extra={"x-allowed": 'digits as text, which may end with *, for example "75" or "1*"'},
    )
    reason: str | None = Field(
        default=None,
        pattern=REASON,
        description="The reason of the container's end, for example `CannotPullContainerError:*`.",
        json_schema_extra={"x-allowed": _REASON_WORDS},
    )
    status_reason: str | None = Field(
        default=None,
        pattern=REASON,
        description="The job's status reason, for example `Task failed to start*`.",
        json_schema_extra={"x-allowed": _REASON_WORDS},
    )
