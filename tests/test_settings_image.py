"""The image in a deployment file: what is allowed, and what is refused with which words."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from batchyard.image import DEFAULT_PLATFORMS, PLATFORMS
from batchyard.settings.deployment import Deployment
from batchyard.settings.image import Image, Platform
from tests.support.settings import told

URI = "123456789012.dkr.ecr.us-east-1.amazonaws.com/tools:7"
EXTERNAL = {"source": "external", "uri": URI}

REFUSED: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    # what: the section, field, words
    "unknown-source": ({"source": "docker"}, "source", ["'docker'", "one of platform, external"]),
    "unknown-builder": ({"build": "github"}, "build", ["'github'", "one of manual, codebuild"]),
    "no-image-name": ({"source": "external", "uri": "my image"}, "uri", ["'my image'", "an image's name"]),
    "no-base-image-name": ({"base_image": "https://x"}, "base_image", ["an image's name"]),
    "no-platform": ({"platforms": []}, "platforms", ["at least 1", "linux/amd64, linux/arm64"]),
    "unknown-platform": ({"platforms": ["linux/386"]}, "platforms[0]", ["'linux/386'", "linux/amd64, linux/arm64"]),
    "platform-twice": ({"platforms": ["linux/amd64", "linux/amd64"]}, "platforms[1]", ["listed twice"]),
    "uri-of-the-platforms-own": ({"uri": URI}, "uri", [URI, "source: external"]),
    "external-without-uri": ({"source": "external"}, "source", ["image.uri names none", "no uri"]),
    "external-that-is-built": ({**EXTERNAL, "build": "manual"}, "build", ["not built", "source: platform"]),
    "external-that-codebuild-builds": ({**EXTERNAL, "build": "codebuild"}, "build", ["codebuild", "not built"]),
    "external-on-a-base": ({**EXTERNAL, "base_image": "debian:13"}, "base_image", ["not built", "debian:13"]),
    "external-for-platforms": (
        {**EXTERNAL, "platforms": ["linux/amd64", "linux/arm64"]},
        "platforms",
        ["not built", "linux/amd64, linux/arm64"],
    ),
    "runner-for-nobody": ({"mount_runner": True}, "mount_runner", ["has the runner in it", "source: external"]),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused(what: str) -> None:
    section, field, words = REFUSED[what]
    found = told({"image": section})
    assert list(found) == [f"image.{field}"]
    for word in words:
        assert word in found[f"image.{field}"]


ALLOWED: dict[str, dict[str, Any]] = {
    "nothing": {},
    "external": EXTERNAL,
    "external-by-digest": {"source": "external", "uri": f"quay.io/biocontainers/samtools@sha256:{'a' * 64}"},
    "external-and-nothing-else-said": {**EXTERNAL, "base_image": None, "mount_runner": False},
    "base-image": {"base_image": "public.ecr.aws/docker/library/debian:13-slim"},
    "external-with-the-runner-mounted": {**EXTERNAL, "mount_runner": True},
    "built-in-the-account": {"build": "codebuild", "base_image": "debian:13", "platforms": ["linux/amd64"]},
    "both-platforms": {"platforms": ["linux/arm64", "linux/amd64"]},
}


@pytest.mark.parametrize("what", ALLOWED)
def test_what_is_allowed(what: str) -> None:
    assert told({"image": ALLOWED[what]}) == {}


def test_platforms_are_those_that_an_image_can_be_built_for() -> None:
    assert get_args(Platform) == PLATFORMS
    assert Image().platforms == DEFAULT_PLATFORMS


def test_an_external_image_may_need_a_registrys_secret_and_one_in_ecr_none() -> None:
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:registry-Ab12Cd"
    definitions = {"job_definitions": {"fetch-and-run": {"registry_secret": secret}}}
    path = "job_definitions.fetch-and-run.registry_secret"
    assert told({"image": {"source": "external", "uri": "registry.example.com/tools:1"}, **definitions}) == {}
    assert URI in told({"image": EXTERNAL, **definitions})[path]
    assert list(told(definitions)) == [path]


def test_the_default_is_the_platforms_own_image() -> None:
    assert Deployment().image == Image(
        source="platform", uri=None, build="manual", base_image=None, platforms=("linux/amd64",), mount_runner=False
    )


@pytest.mark.parametrize(
    ("field", "section"),
    [
        ("scratch", {"scratch": "/opt"}),
        ("mounts./opt/batchyard/bin", {"mounts": {"/opt/batchyard/bin": {}}}),
        (
            "efs./opt/batchyard/bin/data",
            {"efs": {"/opt/batchyard/bin/data": {"file_system_id": "fs-0123456789abcdef0"}}},
        ),
    ],
)
def test_nothing_else_is_mounted_where_the_runner_is(field: str, section: dict[str, Any]) -> None:
    deployment = {"job_definitions": {"fetch-and-run": section}}
    assert told({**deployment, "image": EXTERNAL}) == {}
    found = told({**deployment, "image": {**EXTERNAL, "mount_runner": True}})
    assert list(found) == [f"job_definitions.fetch-and-run.{field}"]
    (words,) = found.values()
    assert "the runner is mounted there" in words
