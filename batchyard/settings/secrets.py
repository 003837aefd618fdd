"""Secrets that a job's container finds in its environment, by ARN."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

#: Without control characters: a template with one among them is no YAML.
_PART = r"[^:\s\x00-\x1f\x7f-\x9f]*"

#: AWS Batch User Guide, "Specify sensitive data with Secrets Manager" and "... with Parameter Store". A secret's ARN
#: may name a JSON key, a version stage and a version id behind it.
ARN_PATTERN = (
    r"^arn:aws[a-z-]*:"
    rf"(secretsmanager:[a-z0-9-]+:[0-9]{{12}}:secret:[A-Za-z0-9/_+=.@-]+(:{_PART}:{_PART}:{_PART})?"
    r"|ssm:[a-z0-9-]+:[0-9]{12}:parameter/[A-Za-z0-9/_.-]+)$"
)

#: How many parts the ARN of a secret itself has: arn, partition, service, region, account, "secret", name.
ARN_PARTS = 7

SecretArn = Annotated[
    str,
    Field(
        pattern=ARN_PATTERN,
        json_schema_extra={
            "x-allowed": "the ARN of a Secrets Manager secret (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME, "
            "or with :KEY:STAGE:VERSION behind it) or of an SSM parameter (arn:aws:ssm:REGION:ACCOUNT:parameter/NAME)"
        },
    ),
]

RegistrySecretArn = Annotated[
    str,
    Field(
        pattern=r"^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+$",
        json_schema_extra={
            "x-allowed": "the ARN of a Secrets Manager secret (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME)"
        },
    ),
]


def resource_of(arn: str) -> str:
    """The ARN of the secret or parameter itself, without the key and version that may follow it."""
    return ":".join(arn.split(":")[:ARN_PARTS])
