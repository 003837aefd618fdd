"""What jobs may reach besides the job bucket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from batchyard.settings.section import Items, Section
from batchyard.settings.storage import PREFIX

#: A general purpose bucket's name (Amazon S3 User Guide, "Bucket naming rules").
BucketName = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        json_schema_extra={"x-allowed": "a bucket's name: 3 to 63 lower-case letters, digits, dots and hyphens"},
    ),
]

#: A prefix, or `*` for the whole bucket: said, not implied.
BucketPart = Annotated[
    str,
    Field(
        pattern=rf"^(\*|{PREFIX})$",
        json_schema_extra={
            "x-allowed": "a prefix that ends with /, for example genomes/, of letters, digits and !_.'-, or * for the "
            "whole bucket"
        },
    ),
]


class BucketAccess(Section):
    """What jobs may do in one bucket."""

    read: Items[BucketPart] = Field(
        default=(), description="Prefixes that jobs may list and read, or * for the whole bucket."
    )
    write: Items[BucketPart] = Field(
        default=(),
        description="Prefixes in which jobs may write and delete objects, or * for the whole bucket. Writing does not "
        "include reading.",
    )


class JobRole(Section):
    """The container's IAM role: it may read scripts, read and write results and scratch, and what is added here."""

    buckets: Mapping[BucketName, BucketAccess] = Field(
        default={}, description="Buckets that jobs may use besides the job bucket, by name."
    )
