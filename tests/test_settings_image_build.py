"""`ami.build` in a deployment file: what is allowed, and what is refused with which words."""

from __future__ import annotations

from typing import Any

import pytest

from batchyard.settings.built_images import built_kinds, kind_of
from batchyard.settings.deployment import Deployment
from tests.support.settings import told

COMPONENT = "arn:aws:imagebuilder:us-east-1:aws:component/amazon-cloudwatch-agent-linux/x.x.x"
SPOT = {"type": "SPOT", "min_vcpus": 0, "max_vcpus": 16}

REFUSED: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    # what: the fields of ami.build, field, words
    "unknown-field": ({"size": 100}, "size", ["no such field", "size_gib"]),
    "a-small-disk": ({"size_gib": 20}, "size_gib", ["20", "30"]),
    "larger-than-the-instances": ({"size_gib": 500}, "size_gib", ["smaller than its image's", "500", "at most 200"]),
    "more-free-than-there-is": ({"size_gib": 40, "free_gib": 40}, "free_gib", ["40 of 40 GiB", "less than 40"]),
    "a-prefix-that-hides": ({"aws_cli_prefix": "/usr/local"}, "aws_cli_prefix", ["would hide", "/opt/aws-cli"]),
    "a-prefix-that-goes": ({"aws_cli_prefix": "/tmp/aws"}, "aws_cli_prefix", ["would hide", "/tmp/aws"]),
    "a-prefix-of-one-folder": ({"aws_cli_prefix": "/aws"}, "aws_cli_prefix", ["at least two folders"]),
    "a-relative-prefix": ({"aws_cli_prefix": "opt/aws"}, "aws_cli_prefix", ["an absolute path"]),
    "version-without-a-cli": (
        {"aws_cli_prefix": None, "aws_cli_version": "2.38.5"},
        "aws_cli_version",
        ["no AWS CLI is installed", "2.38.5"],
    ),
    "cli-version-1": ({"aws_cli_version": "1.40.0"}, "aws_cli_version", ["a version of the AWS CLI 2"]),
    "no-component": (
        {"components": ["docker"]},
        "components[0]",
        ["'docker'", "the ARN of an Image Builder component"],
    ),
    "a-build-of-some-version": (
        {"components": [f"{COMPONENT}/3"]},
        "components[0]",
        ["the ARN of an Image Builder component"],
    ),
    "component-twice": ({"components": [COMPONENT, COMPONENT]}, "components[1]", ["listed twice"]),
    "empty-command": ({"commands": [""]}, "commands[0]", ["a command of 1 to 15,000 characters"]),
    "braces": ({"commands": ["docker ps --format '{{.Names}}'"]}, "commands[0]", ["two opening braces"]),
    "long-commands": ({"commands": ["x" * 9000, "y" * 9000]}, "commands", ["15,000", "components"]),
    "no-schedule": ({"schedule": "weekly"}, "schedule", ["'weekly'", "a cron expression of six fields"]),
    "unix-schedule": ({"schedule": "cron(0 4 * * 0)"}, "schedule", ["a cron expression of six fields"]),
    "keep-none": ({"keep_images": 0}, "keep_images", ["0", "1 to 1,000"]),
    "no-group": (
        {"subnet_id": "subnet-12345678", "security_group_id": "sg-0123456789"},
        "security_group_id",
        ["a security group's id"],
    ),
    "group-without-subnet": ({"security_group_id": "sg-12345678"}, "security_group_id", ["build.subnet_id names none"]),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused(what: str) -> None:
    build, field, words = REFUSED[what]
    said = told({"ami": {"build": build}})
    assert list(said) == [f"ami.build.{field}"]
    assert all(word in said[f"ami.build.{field}"] for word in words), said


def test_components_of_anybody_are_named_by_version_or_build() -> None:
    arns = [COMPONENT, "arn:aws:imagebuilder:us-east-1:third-party:component/agent/1.2.3/4"]
    assert told({"ami": {"build": {"components": arns}}}) == {}


@pytest.mark.parametrize(("field", "value"), [("id", "ami-0123456789abcdef0"), ("ssm_parameter", "/images/mine")])
def test_an_image_is_named_or_built_not_both(field: str, value: str) -> None:
    said = told({"ami": {field: value, "build": {}}})
    assert list(said) == [f"ami.{field}"]
    assert "one of id, ssm_parameter and build" in said[f"ami.{field}"]


def test_what_is_allowed() -> None:
    build = {
        "size_gib": 100,
        "free_gib": 60,
        "aws_cli_prefix": "/opt/tools/aws",
        "aws_cli_version": "2.38.5",
        "components": [COMPONENT],
        "commands": ["echo one", "echo two"],
        "schedule": None,
        "subnet_id": "subnet-12345678",
        "security_group_id": "sg-12345678",
    }
    assert told({"ami": {"build": build}}) == {}
    assert told({"ami": {"build": {}}}) == {}


KINDS = {
    "default_x86_64": "x86_64",
    "m7i": "x86_64",
    "default_arm64": "arm64",
    "m7g.large": "arm64",
    "g5.xlarge": "gpu",
    "g5g": "arm64",
}


@pytest.mark.parametrize("word", KINDS)
def test_the_kind_of_an_environments_image_follows_from_its_instance_types(word: str) -> None:
    environment = {**SPOT, "instance_types": [word]}
    deployment = Deployment.model_validate(
        {
            "compute_environments": {"one": environment},
            "queues": {"default": {"compute_environments": ["one"], "priority": 1}},
            "ami": {"build": {}},
        }
    )
    assert kind_of([word]) == KINDS[word]
    assert built_kinds(deployment) == [KINDS[word]]


def test_without_a_build_there_are_no_kinds() -> None:
    assert built_kinds(Deployment()) == []
