"""Which image jobs run, and who may pull it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.synthesis import IMAGE_TAG, default_template, properties, resources, template

ACCOUNT_OF_ANOTHER = "999999999999"
URI = f"{ACCOUNT_OF_ANOTHER}.dkr.ecr.eu-central-1.amazonaws.com/tools/align:7"
ARN = f"arn:aws:ecr:eu-central-1:{ACCOUNT_OF_ANOTHER}:repository/tools/align"


def image_of(made: dict[str, Any], definition: str = "FetchAndRun") -> Any:
    return properties(made, "AWS::Batch::JobDefinition", definition)["ContainerProperties"]["Image"]


def execution_statements(made: dict[str, Any]) -> list[dict[str, Any]]:
    statements: list[dict[str, Any]] = properties(made, "AWS::IAM::Policy", "ExecutionRole")["PolicyDocument"][
        "Statement"
    ]
    return statements


@pytest.fixture(scope="module")
def external() -> dict[str, Any]:
    definitions = {"fetch-and-run": {}, "own": {"image": "debian:13"}}
    return template({"image": {"source": "external", "uri": URI}, "job_definitions": definitions})


def test_the_platforms_image_has_the_contents_tag_in_the_deployments_repository() -> None:
    (repository,) = resources(default_template(), "AWS::ECR::Repository")
    image = json.dumps(image_of(default_template()))
    assert repository in image
    assert image.endswith(f'/", {{"Ref": "{repository}"}}, ":{IMAGE_TAG}"]]}}')


def test_an_external_image_is_used_as_it_is(external: dict[str, Any]) -> None:
    assert image_of(external) == URI
    assert image_of(external, "Own") == "debian:13"
    assert external["Outputs"]["Image"] == {"Description": "The image that jobs run, as it is", "Value": URI}
    record = properties(external, "AWS::SSM::Parameter", "Platform")["Value"]
    assert f'\\"image\\":\\"{URI}\\"' in json.dumps(record)


def test_the_execution_role_may_pull_an_external_image_from_ecr_and_what_waiting_jobs_still_name(
    external: dict[str, Any],
) -> None:
    (repository,) = resources(external, "AWS::ECR::Repository")
    (statement,) = [each for each in execution_statements(external) if "ecr:BatchGetImage" in each["Action"]]
    assert statement["Effect"] == "Allow"
    assert statement["Resource"] == [ARN, {"Fn::GetAtt": [repository, "Arn"]}]


def test_an_external_image_elsewhere_gives_no_further_permission() -> None:
    elsewhere = template({"image": {"source": "external", "uri": "quay.io/biocontainers/samtools:1.21"}})
    assert execution_statements(elsewhere) == execution_statements(default_template())
