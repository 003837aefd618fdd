"""Puts a script in the job bucket under its own SHA-256: the same content is stored once."""

from __future__ import annotations

import base64
import datetime
import email.utils
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from batchyard.client.aws_errors import code_of
from batchyard.client.connection import Connection
from batchyard.client.script import Script

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

# A job may wait and run this long after it was submitted, and still find its script.
_NEEDED_LIFE = datetime.timedelta(days=14)
_EXPIRY_DATE = re.compile(r'expiry-date="([^"]+)"')
# Without s3:ListBucket, S3 answers 403 for an object that is not there.
_MAY_BE_MISSING = frozenset({"404", "NoSuchKey", "NotFound", "403", "AccessDenied", "Forbidden"})


@dataclass(frozen=True)
class StoredScript:
    """Where a script lies."""

    url: str
    """`s3://bucket/key`, the key as it is, nothing escaped."""
    uploaded: bool
    """False: it was there already."""


def store(connection: Connection, *, bucket: str, prefix: str, script: Script) -> StoredScript:
    """Put the script at `<prefix><sha256>/<name>`, unless it is there.

    S3 compares what arrives with the SHA-256 and refuses anything else
    (https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html).
    """
    key = f"{prefix}{script.sha256}/{script.name}"
    checksum = base64.b64encode(bytes.fromhex(script.sha256)).decode()
    url = f"s3://{bucket}/{key}"
    if _is_there(connection, bucket, key, script.size, checksum):
        return StoredScript(url, uploaded=False)
    with script.open() as body:
        connection.s3.put_object(Bucket=bucket, Key=key, Body=body, ChecksumAlgorithm="SHA256", ChecksumSHA256=checksum)
    return StoredScript(url, uploaded=True)


def _is_there(connection: Connection, bucket: str, key: str, size: int, checksum: str) -> bool:
    try:
        found = connection.s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    except ClientError as error:
        if code_of(error) in _MAY_BE_MISSING:
            return False
        raise
    same = found["ContentLength"] == size and found.get("ChecksumSHA256", checksum) == checksum
    return same and not _expires_soon(found)


def _expires_soon(found: HeadObjectOutputTypeDef) -> bool:
    """Whether the bucket's lifecycle will take the object before a job that is submitted now has surely run."""
    match = _EXPIRY_DATE.search(found.get("Expiration", ""))
    if match is None:
        return False
    left = email.utils.parsedate_to_datetime(match[1]) - datetime.datetime.now(datetime.timezone.utc)
    return left < _NEEDED_LIFE
