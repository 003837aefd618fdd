"""Whose account the client talks to."""

from __future__ import annotations

import pytest

from batchyard.client.connection import connect, connect_to_endpoint


def test_the_region_given_comes_before_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-2")
    assert connect().region == "us-east-2"
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert connect().region == "eu-west-1"
    assert connect(region="ap-south-1").region == "ap-south-1"


def test_only_an_endpoint_that_is_not_awss_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert connect(region="eu-west-1").custom_endpoint is None
    assert connect(region="cn-north-1").custom_endpoint is None
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://batch.example:8080")
    found = connect(region="eu-west-1")
    assert found.custom_endpoint == "http://batch.example:8080"
    assert not found.is_loopback


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:80", "http://localhost:80", "http://[::1]:80"])
def test_this_very_machine_is_known(endpoint: str) -> None:
    found = connect_to_endpoint(endpoint, region="eu-west-1", access_key_id="a", secret_access_key="b")
    assert found.is_loopback


def test_an_endpoints_own_keys_are_used_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "the-users-own")
    found = connect_to_endpoint("http://127.0.0.1:80", region="eu-west-1", access_key_id="a", secret_access_key="b")
    credentials = found.session.get_credentials()
    assert credentials is not None
    assert credentials.access_key == "a"
    assert found.region == "eu-west-1"
