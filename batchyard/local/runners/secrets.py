"""Secrets of a job's environment, read when an attempt starts, as the ECS agent does.

A deployment names the ARNs of a real account. Here their account and the six characters that Secrets Manager adds to a
name do not count: a secret or parameter of the same name, in the same region of the local account, stands for it.

Source: AWS Batch User Guide, "Specify sensitive data"; Amazon ECS Developer Guide, "Pass Secrets Manager secrets
through environment variables" (what may follow a secret's ARN).
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from batchyard.local.account import ACCOUNT_ID

#: How many parts the ARN of a secret itself has: arn, partition, service, region, account, "secret", name.
_SECRET_PARTS = 7
#: What Secrets Manager adds to a secret's name in its ARN.
_ADDED = re.compile(r"-[A-Za-z0-9]{6}$")


class SecretError(Exception):
    """A secret that cannot be had; the message never holds a value."""


def values_of(secrets: Mapping[str, str], clients: Callable[[str, str], Any]) -> dict[str, str]:
    """The values of variables whose secret's or parameter's ARN is given. Raises SecretError."""
    return {name: _value(name, arn, clients) for name, arn in secrets.items()}


def _value(name: str, arn: str, clients: Callable[[str, str], Any]) -> str:
    _, _, service, region, *_ = parts = arn.split(":")
    try:
        if service == "secretsmanager":
            return _secret(parts, clients("secretsmanager", region))
        own = ":".join([*parts[:4], ACCOUNT_ID, *parts[5:]])
        return str(clients("ssm", region).get_parameter(Name=own, WithDecryption=True)["Parameter"]["Value"])
    except (ClientError, BotoCoreError, ValueError) as error:
        raise SecretError(f"ResourceInitializationError: no value for {name}, from {arn}: {error}") from error


def _secret(parts: list[str], client: Any) -> str:
    """A secret as a whole, or a key of the JSON object in it: `ARN:KEY:STAGE:VERSION`."""
    key, stage, version = [*parts[_SECRET_PARTS:], "", "", ""][:3]
    which = {name: value for name, value in (("VersionStage", stage), ("VersionId", version)) if value}
    name = parts[_SECRET_PARTS - 1]
    try:
        found = client.get_secret_value(SecretId=":".join(parts[:_SECRET_PARTS]), **which)
    except client.exceptions.ResourceNotFoundException:
        found = client.get_secret_value(SecretId=_ADDED.sub("", name), **which)
    if "SecretString" not in found:
        raise ValueError("it holds bytes, and a variable takes text")
    text = str(found["SecretString"])
    if not key:
        return text
    try:
        members = json.loads(text)
    except ValueError:
        # The text of a JSONDecodeError has no part of the secret, but the chained exception holds it whole.
        raise ValueError("it is not JSON, so it has no keys") from None
    if not isinstance(members, dict) or key not in members:
        raise ValueError(f"it has no key {key!r}")
    return members[key] if isinstance(members[key], str) else json.dumps(members[key])
