"""What the service says to requests that it cannot carry out, and what it only records."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from tests.support.batch_platform import managed, platform, unique
from tests.support.batch_server import Server, serving

pytest_plugins = ["tests.support.batch_server_fixtures"]


def ask(server: Server, method: str, path: str, body: Any = None) -> tuple[int, str | None, dict[str, Any]]:
    """Status, error name and body of a request made without an SDK, which would refuse most of these itself."""
    connection = http.client.HTTPConnection(urlsplit(server.endpoint).netloc, timeout=10)
    scope = "Credential=AK/20260101/us-east-1/batch/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"}
    content = body if isinstance(body, str) or body is None else json.dumps(body)
    try:
        connection.request(method, path, content, headers)
        response = connection.getresponse()
        return response.status, response.headers.get("x-amzn-ErrorType"), json.loads(response.read())
    finally:
        connection.close()


def test_all_faults_of_a_request_are_named_at_once(server: Server) -> None:
    status, error, answer = ask(
        server,
        "POST",
        "/v1/createcomputeenvironment",
        {
            "computeEnvironmentName": 5,
            "state": "ON",
            "computeResources": {"type": "EC2", "subnets": "a", "maxCpus": 1},
        },
    )
    assert (status, error) == (400, "ClientException")
    assert answer["message"].startswith("6 validation errors detected: ")
    for words in (
        "Value null at 'type' failed to satisfy constraint: Member must not be null",
        "Value null at 'computeResources.maxvCpus' failed to satisfy constraint: Member must not be null",
        "Value 5 at 'computeEnvironmentName' failed to satisfy constraint: Member must be a string",
        "Value 'ON' at 'state' failed to satisfy constraint: Member must satisfy enum value set: [ENABLED, DISABLED]",
        "Value 'a' at 'computeResources.subnets' failed to satisfy constraint: Member must be a list",
        "Value 1 at 'computeResources.maxCpus' failed to satisfy constraint: Member is not known; known are [type,",
    ):
        assert words in answer["message"]


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("POST", "/v1/submitjob", "{", "The request's body is not JSON"),
        ("POST", "/v1/submitjob", {"jobName": "\ud800"}, "The request's body is not JSON: 'utf-8' codec can't encode"),
        ("POST", "/v1/submitjob", [], "Value [] at 'body' failed to satisfy constraint: Member must be an object"),
        ("GET", "/v1/submitjob", None, "AWS Batch has no operation GET /v1/submitjob"),
        ("POST", "/v1/nothing", {}, "AWS Batch has no operation POST /v1/nothing"),
        (
            "POST",
            "/v1/createquotashare",
            {},
            "The local account does not implement CreateQuotaShare of AWS Batch",
        ),
        ("POST", "/v1/describejobs", {"jobs": [None]}, "Value None at 'jobs.1.member'"),
        ("POST", "/v1/describejobs", {"jobs": ["a"] * 101}, "At most 100 jobs"),
        ("POST", "/v1/describejobqueues", {"nextToken": "x"}, "did not come from this operation"),
        ("POST", "/v1/describejobqueues", {"maxResults": 0}, "maxResults must be between 1 and 100, but was 0"),
    ],
)
def test_requests_that_make_no_sense_get_a_client_exception(
    server: Server, method: str, path: str, body: Any, words: str
) -> None:
    status, error, answer = ask(server, method, path, body)
    assert (status, error) == (400, "ClientException")
    assert words in answer["message"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"jobName": "-x"}, "Job name '-x' should match valid pattern"),
        ({"jobQueue": "nobody"}, "JobQueue nobody not found"),
        ({"jobDefinition": "nothing"}, "JobDefinition nothing not found"),
        ({"jobDefinition": "arn:aws:batch:us-east-1:1:job-definition/x:1"}, "is not a job-definition of this account"),
        ({"dependsOn": [{"jobId": "none"}]}, "Job none not found"),
        ({"dependsOn": [{"jobId": "x"}] * 21}, "at most 20 jobs, but 21 were given"),
        ({"dependsOn": [{"type": "SEQUENTIAL"}]}, "allowed for array jobs only"),
        ({"arrayProperties": {"size": 1}}, "must be between 2 and 10000, but was 1"),
        ({"timeout": {"attemptDurationSeconds": 5}}, "must be at least 60"),
        ({"containerOverrides": {"environment": [{"name": "AWS_BATCH_JOB_ID", "value": "x"}]}}, "AWS_BATCH"),
        ({"containerOverrides": {"command": ["x" * 9000]}}, "Container Overrides length must be at most 8192"),
        ({"parameters": {"p": "x" * 31_000}}, "payload must be at most 30720 bytes"),
        (
            {"containerOverrides": {"resourceRequirements": [{"type": "VCPU", "value": "none"}]}},
            "VCPU must be a positive number, not 'none'",
        ),
        ({"tags": {"aws:x": "1"}}, "'aws:x'"),
    ],
)
def test_jobs_that_cannot_be_submitted_are_refused(server: Server, change: dict[str, Any], words: str) -> None:
    mine = platform(server)
    request = {"jobName": "job", "jobQueue": mine.queue, "jobDefinition": mine.define(["true"])}
    with pytest.raises(ClientError, match="ClientException") as caught:
        server.batch.submit_job(**{**request, **change})
    assert caught.value.response["Error"]["Code"] == "ClientException"
    assert words in caught.value.response["Error"]["Message"]


def test_a_fault_of_the_service_itself_is_a_server_exception(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def broken(service: str, region: str) -> Any:
        raise RuntimeError(f"no client of {service} in {region}")

    with serving(tmp_path, clients=broken) as server, pytest.raises(ClientError, match="its log says why") as caught:
        server.batch.create_compute_environment(**managed("broken"))
    assert caught.value.response["Error"]["Code"] == "ServerException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert "no client of ecs in us-east-1" in caplog.text


def test_a_disabled_queue_takes_no_jobs(server: Server) -> None:
    mine = platform(server)
    server.batch.update_job_queue(jobQueue=mine.queue, state="DISABLED")
    with pytest.raises(ClientError, match="is DISABLED"):
        mine.submit(mine.define(["true"]))


def test_a_deregistered_definition_takes_no_jobs(server: Server) -> None:
    mine = platform(server)
    definition = mine.define(["true"])
    server.batch.deregister_job_definition(jobDefinition=definition)
    with pytest.raises(ClientError, match="is not ACTIVE"):
        mine.submit(definition)


def test_definitions_of_kinds_that_do_not_run_here_register_and_say_so_when_submitted(server: Server) -> None:
    mine = platform(server)
    name = unique("eks")
    server.batch.register_job_definition(
        jobDefinitionName=name,
        type="container",
        eksProperties={"podProperties": {"containers": [{"image": "a"}]}},
    )
    with pytest.raises(ClientError, match="does not run jobs on Amazon EKS"):
        mine.submit(name)
    recorded = ask(server, "GET", "/_batchyard/batch/recorded")[2]["recorded"]
    assert [one["members"] for one in recorded if one["name"] == name] == [
        ["eksProperties.podProperties.containers.image"]
    ]


def test_what_is_only_recorded_is_listed_and_what_is_applied_is_not(server: Server) -> None:
    mine = platform(server, bidPercentage=50)
    definition = mine.define(
        ["true"],
        container={"privileged": True, "ulimits": [{"name": "nofile", "softLimit": 1, "hardLimit": 2}]},
        propagateTags=True,
        timeout={"attemptDurationSeconds": 60},
    )
    status, _, answer = ask(server, "GET", "/_batchyard/batch/recorded")
    assert status == 200
    by_arn = {one["arn"]: one for one in answer["recorded"]}
    assert by_arn[definition]["kind"] == "job definition"
    assert by_arn[definition]["members"] == [
        "containerProperties.privileged",
        "containerProperties.resourceRequirements.MEMORY",
        "containerProperties.ulimits.hardLimit",
        "containerProperties.ulimits.name",
        "containerProperties.ulimits.softLimit",
        "propagateTags",
    ]
    (environment,) = [one for one in answer["recorded"] if one["name"] == mine.environment]
    assert "computeResources.bidPercentage" in environment["members"]
    assert "computeResources.maxvCpus" not in environment["members"]
    assert all(one["name"] != mine.queue for one in answer["recorded"])
