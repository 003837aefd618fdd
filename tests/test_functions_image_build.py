"""The function between CloudFormation and CodeBuild, run as Lambda runs it; AWS's answers are a test's own."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import ModuleType
from typing import Any

import pytest
from botocore.stub import Stubber

from tests.support.functions import function

PROJECT, REPOSITORY, TAG = "builder", "images", "0123456789abcdef"
BUILD = f"{PROJECT}:7e2f3c4d-0000-4000-8000-000000000000"
LOG = "https://console.aws.amazon.com/cloudwatch/home#logEvent:group=builds"
BUILDS = {"Project": PROJECT, "Repository": REPOSITORY, "Tag": TAG}
JOINS = {"Repository": REPOSITORY, "Tag": TAG, "Parts": {"arm64": f"{TAG}-arm64", "amd64": f"{TAG}-amd64"}}
DIGEST = "sha256:" + "a" * 64


@dataclass
class Aws:
    """CloudFormation's ear, and the services that the function calls."""

    module: ModuleType
    ecr: Stubber
    codebuild: Stubber
    url: str = ""
    answers: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, request: str, wanted: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Invoke the function as CloudFormation does; what it asked."""
        event = {
            "RequestType": request,
            "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:builds",
            "ResponseURL": self.url,
            "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/Batchyard-default/1",
            "RequestId": "8e2f3c4d-0000-4000-8000-000000000000",
            "ResourceType": "Custom::ContainerImageBuild",
            "LogicalResourceId": "Image",
            "ResourceProperties": {"ServiceToken": "…", **wanted},
            **more,
        }
        self.module.handler(event, None)
        return event

    def tell_end(self) -> None:
        """Invoke it as EventBridge does."""
        arn = f"arn:aws:codebuild:us-east-1:123456789012:build/{BUILD}"
        event = {"source": "aws.codebuild", "detail": {"build-status": "SUCCEEDED", "build-id": arn}}
        self.module.handler(event, None)

    def image(self, *, there: bool, tag: str = TAG) -> None:
        """What ECR says when it is asked for the image."""
        asked = {"repositoryName": REPOSITORY, "imageIds": [{"imageTag": tag}]}
        if there:
            self.ecr.add_response("describe_images", {"imageDetails": [{"imageTags": [tag]}]}, asked)
        else:
            self.ecr.add_client_error("describe_images", "ImageNotFoundException", expected_params=asked)

    def build(self, status: str, event: dict[str, Any] | None) -> None:
        """What CodeBuild says of the build that `event` started; None: somebody's own."""
        kept = [] if event is None else [{"name": "BATCHYARD_REQUEST", "value": json.dumps(event)}]
        build = {
            "id": BUILD,
            "buildStatus": status,
            "logs": {"deepLink": LOG},
            "phases": [{"phaseType": "BUILD", "contexts": [{"message": "docker build: exit status 1"}]}],
            "environment": {
                "type": "LINUX_CONTAINER",
                "image": "i",
                "computeType": "BUILD_GENERAL1_SMALL",
                "environmentVariables": [{"name": "TAG", "value": TAG}, *kept],
            },
        }
        self.codebuild.add_response("batch_get_builds", {"builds": [build]}, {"ids": [BUILD]})


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    with function("image_build", "ecr", "codebuild") as (module, (ecr, codebuild)):
        monkeypatch.setattr(module, "SECONDS_BETWEEN", 0)
        made = Aws(module, ecr, codebuild)
        with _ear(made.answers.append) as made.url:
            yield made


class _ear:  # noqa: N801 - used as a function
    """A server that takes answers, as the bucket behind a ResponseURL does: without a content type."""

    def __init__(self, heard: Callable[[dict[str, Any]], None]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                heard({**json.loads(body), "type": self.headers["Content-Type"]})
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_given: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> str:
        self.thread.start()
        return f"http://127.0.0.1:{self.server.server_port}/answer"

    def __exit__(self, *_given: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def started(aws: Aws) -> list[dict[str, Any]]:
    """Expect one build to be started, and keep what it was started with."""
    calls: list[dict[str, Any]] = []
    aws.codebuild.add_response("start_build", {"build": {"id": BUILD}})
    aws.codebuild.client.meta.events.register(
        "provide-client-params.codebuild.StartBuild", lambda params, **_more: calls.append(params)
    )
    return calls


def succeeded(answer: dict[str, Any]) -> bool:
    return bool(answer["Status"] == "SUCCESS")


def test_an_image_that_is_there_is_not_built_again(aws: Aws) -> None:
    aws.image(there=True)
    event = aws.ask("Create", BUILDS)
    (answer,) = aws.answers
    assert succeeded(answer)
    assert {key: answer[key] for key in ("RequestId", "StackId", "LogicalResourceId")} == {
        key: event[key] for key in ("RequestId", "StackId", "LogicalResourceId")
    }
    assert answer["PhysicalResourceId"]
    # The URL is signed for none.
    assert answer["type"] in (None, "")


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_an_image_that_is_not_there_is_built_and_its_end_answers(aws: Aws, request_type: str) -> None:
    more = {"PhysicalResourceId": "Image"} if request_type == "Update" else {}
    calls = started(aws)
    aws.image(there=False)
    event = aws.ask(request_type, BUILDS, **more)
    assert aws.answers == []
    (call,) = calls
    assert (call["projectName"], call["idempotencyToken"]) == (PROJECT, event["RequestId"])
    (variable,) = call["environmentVariablesOverride"]
    aws.build("SUCCEEDED", json.loads(variable["value"]))
    aws.image(there=True)
    aws.tell_end()
    (answer,) = aws.answers
    assert succeeded(answer)
    assert answer["RequestId"] == event["RequestId"]
    assert answer["PhysicalResourceId"] == "Image"


@pytest.mark.parametrize("status", ["FAILED", "FAULT", "STOPPED", "TIMED_OUT"])
def test_a_build_that_failed_fails_the_deployment_and_says_where_its_log_is(aws: Aws, status: str) -> None:
    calls = started(aws)
    aws.image(there=False)
    aws.ask("Create", BUILDS)
    aws.build(status, json.loads(calls[0]["environmentVariablesOverride"][0]["value"]))
    aws.image(there=False)
    aws.tell_end()
    (answer,) = aws.answers
    assert answer["Status"] == "FAILED"
    for word in (BUILD, status, "docker build: exit status 1", LOG):
        assert word in answer["Reason"]


def test_a_build_that_ended_well_without_an_image_is_no_success(aws: Aws) -> None:
    calls = started(aws)
    aws.image(there=False)
    aws.ask("Create", BUILDS)
    aws.build("SUCCEEDED", json.loads(calls[0]["environmentVariablesOverride"][0]["value"]))
    aws.image(there=False)
    aws.tell_end()
    assert aws.answers[0]["Status"] == "FAILED"


def test_a_build_that_somebody_started_by_hand_answers_nobody(aws: Aws) -> None:
    aws.build("FAILED", None)
    aws.tell_end()
    assert aws.answers == []


def test_a_deletion_succeeds_and_touches_nothing(aws: Aws) -> None:
    aws.ask("Delete", BUILDS, PhysicalResourceId="Image")
    (answer,) = aws.answers
    assert succeeded(answer)
    assert answer["PhysicalResourceId"] == "Image"


def test_a_refusal_is_answered_at_once(aws: Aws) -> None:
    aws.image(there=False)
    aws.codebuild.add_client_error("start_build", "AccountLimitExceededException", "no more builds")
    aws.ask("Create", BUILDS)
    (answer,) = aws.answers
    assert answer["Status"] == "FAILED"
    assert "no more builds" in answer["Reason"]


def test_permissions_that_are_not_known_everywhere_yet_are_waited_for(aws: Aws) -> None:
    aws.ecr.add_client_error("describe_images", "AccessDeniedException", "not yet")
    aws.image(there=True)
    aws.ask("Create", BUILDS)
    assert succeeded(aws.answers[0])


def test_permissions_that_never_come_fail(aws: Aws) -> None:
    for _ in range(aws.module.TRIES):
        aws.ecr.add_client_error("describe_images", "AccessDeniedException", "never")
    aws.ask("Create", BUILDS)
    assert "never" in aws.answers[0]["Reason"]


DOCKER, OCI = "application/vnd.docker.distribution.manifest", "application/vnd.oci.image"


@pytest.mark.parametrize(
    ("kinds", "whole"),
    [
        ([f"{DOCKER}.v2+json", f"{DOCKER}.v2+json"], f"{DOCKER}.list.v2+json"),
        ([f"{OCI}.manifest.v1+json", f"{OCI}.manifest.v1+json"], f"{OCI}.index.v1+json"),
        ([f"{DOCKER}.v2+json", f"{OCI}.manifest.v1+json"], f"{OCI}.index.v1+json"),
    ],
)
def test_images_of_two_platforms_are_put_under_one_tag(aws: Aws, kinds: list[str], whole: str) -> None:
    aws.image(there=False)
    manifest = json.dumps({"schemaVersion": 2})
    parts = list(zip(("amd64", "arm64"), kinds, strict=True))
    for architecture, kind in parts:
        part = {
            "imageId": {"imageDigest": DIGEST, "imageTag": f"{TAG}-{architecture}"},
            "imageManifest": manifest,
            "imageManifestMediaType": kind,
        }
        aws.ecr.add_response("batch_get_image", {"images": [part]})
    puts: list[dict[str, Any]] = []
    aws.ecr.add_response("put_image", {})
    aws.ecr.client.meta.events.register(
        "provide-client-params.ecr.PutImage", lambda params, **_more: puts.append(params)
    )
    aws.ask("Create", JOINS)
    assert succeeded(aws.answers[0])
    assert (puts[0]["repositoryName"], puts[0]["imageTag"]) == (REPOSITORY, TAG)
    joined = json.loads(puts[0]["imageManifest"])
    assert joined["mediaType"] == puts[0]["imageManifestMediaType"] == whole
    assert joined["manifests"] == [
        {
            "mediaType": kind,
            "digest": DIGEST,
            "size": len(manifest),
            "platform": {"os": "linux", "architecture": architecture},
        }
        for architecture, kind in parts
    ]


def test_a_part_that_is_missing_is_named(aws: Aws) -> None:
    aws.image(there=False)
    aws.ecr.add_response("batch_get_image", {"images": [], "failures": []})
    aws.ask("Create", JOINS)
    assert f"{TAG}-amd64" in aws.answers[0]["Reason"]


def test_a_reason_fits_into_an_answer(aws: Aws) -> None:
    aws.ecr.add_client_error("describe_images", "ServerException", "x" * 9000)
    aws.ask("Create", BUILDS)
    assert len(json.dumps(aws.answers[0])) < 4096


def test_what_a_build_is_told_fits_into_its_environment(aws: Aws) -> None:
    # All variables of a build have at most 5,500 characters (CodeBuild User Guide, "Environment variables").
    calls = started(aws)
    aws.image(there=False)
    aws.ask("Create", BUILDS, ResponseURL="https://cloudformation-custom-resource-response.s3/" + "x" * 2000)
    assert len(calls[0]["environmentVariablesOverride"][0]["value"]) < 4000
