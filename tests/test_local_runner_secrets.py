"""Secrets in the environment of jobs that run: from Secrets Manager and the Parameter Store of the local account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.batch_platform import Platform, platform
from tests.support.batch_server import serving

TEXT = '{"user": "reader", "port": 5432}'


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with serving(tmp_path_factory.mktemp("batch")) as server:
        yield platform(server)


@pytest.fixture(scope="module")
def secret(mine: Platform) -> str:
    """The ARN of a secret that had another value before."""
    client = mine.server.client("secretsmanager")
    arn = str(client.create_secret(Name="runner/database", SecretString="before")["ARN"])
    client.put_secret_value(SecretId=arn, SecretString=TEXT)
    mine.server.client("ssm").put_parameter(Name="/runner/token", Value="abc", Type="SecureString")
    mine.server.client("ssm", "eu-west-1").put_parameter(Name="plain", Value="far away", Type="String")
    return arn


def ran(mine: Platform, reference: str, script: str = 'echo "$IT"') -> tuple[list[str], str]:
    """What a job says whose variable IT comes from there, and why it did not start if it did not."""
    container = {"secrets": [{"name": "IT", "valueFrom": reference}]}
    job = mine.finished(mine.submit(mine.define(["sh", "-c", script], container=container)))
    reason = job["container"].get("reason", "")
    return ([] if reason else mine.log(job)), reason


@pytest.mark.parametrize(
    ("behind", "value"), [("", TEXT), (":user::", "reader"), (":port::", "5432"), ("::AWSPREVIOUS:", "before")]
)
def test_a_secret_as_a_whole_a_key_of_it_and_an_older_value(
    mine: Platform, secret: str, behind: str, value: str
) -> None:
    assert ran(mine, secret + behind) == ([value], "")


def test_the_secret_of_a_real_account_is_the_local_one_of_its_name(mine: Platform, secret: str) -> None:
    real = "arn:aws:secretsmanager:us-east-1:999999999999:secret:runner/database"
    assert ran(mine, f"{real}-Zz99Zz:user::") == (["reader"], "")
    assert ran(mine, real) == ([TEXT], "")
    assert "ResourceNotFoundException" in ran(mine, f"{real}2-Zz99Zz")[1]


def test_a_secret_of_bytes_is_no_variable(mine: Platform) -> None:
    client = mine.server.client("secretsmanager")
    arn = client.create_secret(Name="runner/bytes", SecretBinary=b"\0")["ARN"]
    assert "it holds bytes, and a variable takes text" in ran(mine, arn)[1]


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ("arn:aws:ssm:us-east-1:999999999999:parameter/runner/token", "abc"),
        ("arn:aws:ssm:us-east-1:123456789012:parameter/runner/token", "abc"),
        ("/runner/token", "abc"),
        ("arn:aws:ssm:eu-west-1:123456789012:parameter/plain", "far away"),
    ],
)
def test_a_parameter_by_its_arn_and_by_its_name(mine: Platform, secret: str, reference: str, value: str) -> None:
    assert ran(mine, reference) == ([value], "")


@pytest.mark.parametrize(
    ("behind", "words"),
    [
        (":password::", "it has no key 'password'"),
        (":user:AWSPREVIOUS:", "it is not JSON, so it has no keys"),
        ("-none", "ResourceNotFoundException"),
    ],
)
def test_without_its_secret_a_job_does_not_start_and_says_why_without_a_value(
    mine: Platform, secret: str, behind: str, words: str
) -> None:
    said, reason = ran(mine, secret + behind)
    assert said == []
    assert reason.startswith(f"ResourceInitializationError: no value for IT, from {secret}{behind}: ")
    assert words in reason
    assert "reader" not in reason
    assert "before" not in reason


def test_the_jobs_description_has_the_reference_and_nothing_is_only_recorded(mine: Platform, secret: str) -> None:
    definition = mine.define(["true"], container={"secrets": [{"name": "IT", "valueFrom": secret}]})
    job = mine.finished(mine.submit(definition))
    assert job["container"]["secrets"] == [{"name": "IT", "valueFrom": secret}]
    assert "IT" not in [each["name"] for each in job["container"]["environment"]]
