"""For which service and region a request says that it was signed."""

from __future__ import annotations

import pytest
from botocore.auth import S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from batchyard.local.signature import Scope, scope

CREDENTIALS = Credentials("AKIDEXAMPLE", "secret")
URL = "http://127.0.0.1:1/v1/describejobs"


def test_the_scope_of_a_header_that_botocore_makes() -> None:
    request = AWSRequest("POST", URL, data=b"{}")
    SigV4Auth(CREDENTIALS, "batch", "eu-west-1").add_auth(request)
    assert scope({"HTTP_AUTHORIZATION": request.headers["Authorization"]}) == Scope("batch", "eu-west-1")


def test_the_scope_of_a_presigned_request_that_botocore_makes() -> None:
    request = AWSRequest("GET", "http://127.0.0.1:1/bucket/key")
    S3SigV4QueryAuth(CREDENTIALS, "s3", "us-east-2", expires=60).add_auth(request)
    assert scope({"QUERY_STRING": str(request.url).partition("?")[2]}) == Scope("s3", "us-east-2")


def test_an_access_key_id_may_hold_slashes() -> None:
    header = "AWS4-HMAC-SHA256 Credential=a/b/20260101/us-east-1/ecr/aws4_request, SignedHeaders=host, Signature=0"
    assert scope({"HTTP_AUTHORIZATION": header}) == Scope("ecr", "us-east-1")


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"HTTP_AUTHORIZATION": "Basic dXNlcjpwYXNz"},
        {"HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/batch/other, Signature=0"},
        {"HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=batch, Signature=0"},
        {"QUERY_STRING": "X-Amz-Credential=AKID"},
        {"QUERY_STRING": "a=b"},
    ],
)
def test_a_request_without_a_scope_has_none(environ: dict[str, str]) -> None:
    assert scope(environ) is None
