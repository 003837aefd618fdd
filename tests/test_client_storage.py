"""Scripts in the bucket: stored once, checked by S3, written anew before they expire."""

from __future__ import annotations

import base64
import datetime
import email.utils

import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber

from batchyard.client.connection import Connection
from batchyard.client.script import from_bytes
from batchyard.client.storage import StoredScript, store
from tests.support.stubbed import stubbed

SCRIPT = from_bytes("job.sh", b"#!/bin/sh\necho hello\n", [])
CHECKSUM = base64.b64encode(bytes.fromhex(SCRIPT.sha256)).decode()
KEY = f"scripts/{SCRIPT.sha256}/job.sh"


def put(connection: Connection) -> StoredScript:
    return store(connection, bucket="jobs", prefix="scripts/", script=SCRIPT)


def expect_upload(s3: Stubber) -> None:
    s3.add_response(
        "put_object",
        {},
        {"Bucket": "jobs", "Key": KEY, "Body": ANY, "ChecksumAlgorithm": "SHA256", "ChecksumSHA256": CHECKSUM},
    )


def expiring_in(days: int) -> str:
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return f'expiry-date="{email.utils.format_datetime(moment, usegmt=True)}", rule-id="scratch"'


@pytest.mark.parametrize("code", ["404", "403"])
def test_a_script_that_is_not_there_is_uploaded_with_its_checksum(code: str) -> None:
    with stubbed("s3") as (connection, s3):
        s3.add_client_error("head_object", code)
        expect_upload(s3)
        assert put(connection) == StoredScript(f"s3://jobs/{KEY}", uploaded=True)


def test_a_script_that_is_there_is_not_uploaded_again() -> None:
    with stubbed("s3") as (connection, s3):
        s3.add_response("head_object", {"ContentLength": SCRIPT.size, "ChecksumSHA256": CHECKSUM})
        assert put(connection) == StoredScript(f"s3://jobs/{KEY}", uploaded=False)


@pytest.mark.parametrize(
    "found",
    [
        {"ContentLength": SCRIPT.size + 1},
        {"ContentLength": SCRIPT.size, "ChecksumSHA256": "b3RoZXI="},
        {"ContentLength": SCRIPT.size, "Expiration": expiring_in(13)},
    ],
)
def test_what_is_wrong_or_will_soon_be_gone_is_uploaded_again(found: dict[str, object]) -> None:
    with stubbed("s3") as (connection, s3):
        s3.add_response("head_object", found)
        expect_upload(s3)
        assert put(connection).uploaded


def test_what_lives_long_enough_stays() -> None:
    with stubbed("s3") as (connection, s3):
        s3.add_response("head_object", {"ContentLength": SCRIPT.size, "Expiration": expiring_in(15)})
        assert not put(connection).uploaded


def test_an_error_of_s3_is_no_reason_to_upload() -> None:
    with stubbed("s3") as (connection, s3):
        s3.add_client_error("head_object", "NoSuchBucket", http_status_code=404)
        with pytest.raises(ClientError, match="NoSuchBucket"):
            put(connection)
