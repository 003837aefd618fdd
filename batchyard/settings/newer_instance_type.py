"""Instance types that are newer than the table that ships: what the checks must know of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from batchyard.settings.section import Section

InstanceTypeName = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9-]*[0-9][a-z0-9-]*(\.[a-z0-9-]+)?$",
        json_schema_extra={"x-allowed": "a family (m6i) or an exact size (c5.2xlarge)"},
    ),
]


class NewerInstanceType(Section):
    """A family, or an exact size. How large it is is not known: any job is taken to fit on it."""

    architecture: Literal["x86_64", "arm64"] = Field(default="x86_64", description="What its processors run.")
    gpus: bool = Field(default=False, description="Whether it has NVIDIA GPUs.")
    instance_store: bool = Field(default=False, description="Whether all its sizes have NVMe instance store disks.")
