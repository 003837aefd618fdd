"""A job definition: what a job gets unless its submission says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from batchyard.settings.section import Section

VARIABLE_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"


def _not_reserved(name: str) -> str:
    """Names that Batch keeps for itself (API reference, ContainerProperties, environment)."""
    if name.startswith("AWS_BATCH"):
        raise ValueError("names that begin with AWS_BATCH are AWS Batch's own")
    return name


VariableName = Annotated[
    str,
    AfterValidator(_not_reserved),
    Field(
        pattern=VARIABLE_NAME,
        json_schema_extra={
            "pattern": VARIABLE_NAME,  # pydantic leaves it out where a validator follows
            "x-allowed": "letters, digits and _, no digit first, and not AWS_BATCH at the beginning: Batch keeps those",
        },
    ),
]


class JobDefinition(Section):
    """A job definition that runs the platform's image: it fetches a script or an archive from S3 and runs it."""

    vcpus: int = Field(default=1, ge=1, le=1024, description="vCPUs of a job.")
    memory_mib: int = Field(
        default=2048,
        ge=4,
        le=33_554_432,
        description="Memory of a job in MiB, a hard limit. An instance keeps some for itself: asking a little less "
        "than a power of two fits more jobs on it.",
    )
    environment: Mapping[VariableName, str] = Field(
        default={},
        description="Environment variables of a job, on top of AWS_DEFAULT_REGION and TMPDIR, which are "
        "set unless this says otherwise. No secrets: everyone who may describe a job definition can read them.",
    )
    scratch: str = Field(
        default="/scratch",
        pattern=r"^(/[A-Za-z0-9_.-]+)+$",
        description="Where the instance's big disk is mounted in the container. TMPDIR names it.",
        json_schema_extra={"x-allowed": "an absolute path, for example /scratch"},
    )
    attempts: int = Field(
        default=3,
        ge=1,
        le=10,
        description="How often a job is tried when its instance is reclaimed. A job that fails by itself is never "
        "tried again.",
    )
    timeout_seconds: int = Field(
        default=86_400,
        ge=60,
        le=31_536_000,
        description="Seconds after which an attempt is ended.",
    )
