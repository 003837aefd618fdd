"""What AWS and its SDK say, in one line with what to do."""

from __future__ import annotations

import json

import pytest
from botocore import exceptions

from batchyard.client.aws_errors import explain
from batchyard.client.errors import BatchyardError, InvalidInputError, NotFoundError
from batchyard.client.platform_record import read_platform
from batchyard.platform import VERSION
from tests.support.records import ACCOUNT, record
from tests.support.stubbed import stubbed


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("ExpiredTokenException", "sign in again"),
        ("InvalidClientTokenId", "does not accept these credentials"),
        ("SignatureDoesNotMatch", "clock is wrong"),
        ("AccessDeniedException", "Ask whoever runs the platform for this permission."),
        ("AccessDenied", "Ask whoever runs the platform for this permission."),
        ("TooManyRequestsException", "try again in a minute"),
        ("NoSuchBucket", "deploy the platform again"),
    ],
)
def test_a_refusal_says_the_operation_the_code_and_what_to_do(code: str, advice: str) -> None:
    error = exceptions.ClientError({"Error": {"Code": code, "Message": "AWS says so."}}, "SubmitJob")
    said = str(explain(error))
    assert said.startswith(f"SubmitJob was refused: {code}: AWS says so. ")
    assert advice in said
    assert "\n" not in said


def test_an_unforeseen_refusal_is_passed_on_whole() -> None:
    error = exceptions.ClientError({"Error": {"Code": "ServerException", "Message": "Oh."}}, "SubmitJob")
    assert str(explain(error)) == "SubmitJob was refused: ServerException: Oh."


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (exceptions.NoCredentialsError(), "Sign in to AWS"),
        (exceptions.NoRegionError(), "give --region"),
        (exceptions.ProfileNotFound(profile="lab"), "aws configure list-profiles"),
        (exceptions.EndpointConnectionError(endpoint_url="https://x"), "cannot be reached"),
        (exceptions.ReadTimeoutError(endpoint_url="https://x"), "cannot be reached"),
        (exceptions.UnauthorizedSSOTokenError(), "aws sso login"),
        (exceptions.TokenRetrievalError(provider="sso", error_msg="expired"), "aws sso login"),
    ],
)
def test_what_the_sdk_cannot_do_says_what_the_person_can(error: exceptions.BotoCoreError, advice: str) -> None:
    said = str(explain(error))
    assert advice in said
    assert "\n" not in said


def test_a_missing_platform_record_says_where_it_was_looked_for() -> None:
    with stubbed("ssm") as (connection, ssm):
        connection.__dict__["account"] = ACCOUNT
        ssm.add_client_error("get_parameter", "ParameterNotFound", expected_params={"Name": "/batchyard/lab/platform"})
        with pytest.raises(NotFoundError) as missing:
            read_platform(connection, "lab")
    assert f"account {ACCOUNT}" in str(missing.value)
    assert "/batchyard/lab/platform is missing" in str(missing.value)


def test_a_platform_record_of_a_newer_version_is_refused() -> None:
    newer = json.dumps({**record().to_fields(), "version": VERSION + 1})
    with stubbed("ssm") as (connection, ssm):
        connection.__dict__["account"] = ACCOUNT
        ssm.add_response("get_parameter", {"Parameter": {"Value": newer}})
        with pytest.raises(BatchyardError, match=f"version {VERSION + 1}"):
            read_platform(connection, "default")


def test_a_platform_record_is_read_as_it_was_written() -> None:
    with stubbed("ssm") as (connection, ssm):
        ssm.add_response("get_parameter", {"Parameter": {"Value": record().to_json()}})
        assert read_platform(connection, "default") == record()


def test_a_deployment_name_is_no_path() -> None:
    with stubbed("ssm") as (connection, _), pytest.raises(InvalidInputError, match="letters, digits"):
        read_platform(connection, "../lab")
