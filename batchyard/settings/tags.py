"""Keys and values of tags."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

#: On everything that a deployment makes; its value is the deployment's name.
DEPLOYMENT_TAG = "batchyard:deployment"

TAG_KEY = r"^[A-Za-z0-9 +=._:/@-]{1,128}$"


def _not_reserved(key: str) -> str:
    if key.startswith(("aws:", "batchyard:")):
        raise ValueError("keys that begin with aws: or batchyard: are reserved")
    return key


#: Tags: at most 50 a resource (AWS Batch User Guide, "Tag restrictions"), of which the platform needs some itself.
TagKey = Annotated[
    str,
    AfterValidator(_not_reserved),
    Field(
        pattern=TAG_KEY,
        json_schema_extra={
            "pattern": TAG_KEY,  # pydantic leaves it out where a validator follows
            "x-allowed": "1 to 128 letters, digits, spaces and +-=._:/@, not aws: or batchyard: at the beginning",
        },
    ),
]
#: Not empty: CloudFormation takes no empty value for a tag of an ECR repository (AWS::ECR::Repository Tag, `Value`).
TagValue = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9 +=._:/@-]{1,256}$",
        json_schema_extra={"x-allowed": "1 to 256 letters, digits, spaces and +-=._:/@"},
    ),
]
