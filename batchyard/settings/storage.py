"""The job bucket: which part of it is for what, and how long its contents stay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from batchyard.settings.section import Section

#: What S3 takes without trouble anywhere (Amazon S3 User Guide, "Naming Amazon S3 objects"), less parentheses: in the
#: finding of cdk-nag about a prefix they would have to be paired, or synthesis ends with an error of the CDK's.
PREFIX = r"[A-Za-z0-9!_.'-]+(/[A-Za-z0-9!_.'-]+)*/"

Prefix = Annotated[
    str,
    Field(
        pattern=f"^{PREFIX}$",
        max_length=512,
        json_schema_extra={
            "x-allowed": "an S3 prefix that ends with / and does not begin with it, for example scratch/, "
            "of letters, digits and !_.'-"
        },
    ),
]

Days = Annotated[int, Field(ge=1, le=36500)]


class Storage(Section):
    """The job bucket: encrypted, TLS only, no public access, kept when the deployment is destroyed."""

    scripts_prefix: Prefix = Field(
        default="scripts/", description="Where submitted scripts and archives lie. Jobs may read it."
    )
    results_prefix: Prefix = Field(
        default="results/", description="Where jobs put what they make. Jobs may read and write it."
    )
    scratch_prefixes: Mapping[Prefix, Days] = Field(
        default={"scratch/": 7},
        description="Prefixes whose objects are deleted this many days after they were written. Jobs may read and "
        "write them.",
    )
    abort_uploads_after_days: Days = Field(
        default=7,
        description="Multipart uploads that were begun and not completed are deleted after this many days.",
    )
