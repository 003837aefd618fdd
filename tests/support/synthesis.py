"""Templates made as the app makes them: with the feature flags of cdk.json, for an account with six zones."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from batchyard.settings.deployment import Deployment
from batchyard.settings.load import load_named
from batchyard.toolchain import CONTAINER, ROOT
from stacks.deployment import deployment_stacks
from stacks.platform_stack import PlatformStack

ACCOUNT = "123456789012"
REGION = "us-east-1"
ZONES = tuple(f"{REGION}{letter}" for letter in "abcdef")
IMAGE_TAG = "0123456789abcdef"

Resource = dict[str, Any]


def context() -> dict[str, Any]:
    """What the CDK CLI passes on: the flags of cdk.json, and the zones that it looked up."""
    flags: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
    return {**flags, f"availability-zones:account={ACCOUNT}:region={REGION}": list(ZONES)}


def stand_in_s5cmd(architecture: str) -> Path:
    """Some file of a fixed content instead of the S3 client, which for another architecture must be downloaded."""
    return CONTAINER / {"amd64": "Dockerfile", "arm64": "s5cmd.sha256"}[architecture]


def platform(
    settings: dict[str, Any] | None = None,
    *,
    name: str = "default",
    env: cdk.Environment | None = None,
    image_tag: str = IMAGE_TAG,
    **app: Any,
) -> PlatformStack:
    """The stack of a deployment with these settings, in an app of its own; for ACCOUNT and REGION unless `env` says."""
    stack, *_ = deployment_stacks(
        cdk.App(**{"context": context(), "analytics_reporting": False, **app}),
        name=name,
        deployment=Deployment.model_validate(settings or {}),
        image_tag=image_tag,
        s5cmd=stand_in_s5cmd,
        env=env or cdk.Environment(account=ACCOUNT, region=REGION),
    )
    assert isinstance(stack, PlatformStack)
    return stack


def template(
    settings: dict[str, Any] | None = None, *, name: str = "default", image_tag: str = IMAGE_TAG
) -> dict[str, Any]:
    """The template of a deployment with these settings; made once a session, and the caller's own to change."""
    return templates(settings, name=name, image_tag=image_tag)[f"Batchyard-{name}"]


def templates(
    settings: dict[str, Any] | None = None, *, name: str = "default", image_tag: str = IMAGE_TAG
) -> dict[str, dict[str, Any]]:
    """The templates of all stacks of a deployment with these settings, by the stack's name; as with `template`."""
    made: dict[str, dict[str, Any]] = json.loads(_text(json.dumps(settings or {}), name, image_tag))
    return made


@cache
def _text(settings: str, name: str, image_tag: str) -> str:
    stack = platform(json.loads(settings), name=name, image_tag=image_tag)
    assembly = stack.node.root.synth()  # type: ignore[attr-defined]  # the root is the App
    return json.dumps({each.stack_name: each.template for each in assembly.stacks})


def deployment_app(name: str, **app: Any) -> tuple[cdk.App, list[cdk.Stack]]:
    """An app with all stacks of a deployment of the project, the platform's first."""
    root = cdk.App(**{"context": context(), "analytics_reporting": False, **app})
    environment = cdk.Environment(account=ACCOUNT, region=REGION)
    return root, deployment_stacks(
        root, name=name, deployment=load_named(name), image_tag=IMAGE_TAG, s5cmd=stand_in_s5cmd, env=environment
    )


@cache
def deployment_templates(name: str) -> dict[str, dict[str, Any]]:
    """The templates of all stacks of a deployment of the project, by the stack's name. Nobody changes them."""
    app, stacks = deployment_app(name)
    assembly = app.synth()
    return {stack.stack_name: assembly.get_stack_by_name(stack.stack_name).template for stack in stacks}


@cache
def default_template() -> dict[str, Any]:
    """The default deployment's template, made once a session. Nobody changes it."""
    return template()


def resources(made: dict[str, Any], kind: str) -> dict[str, Resource]:
    """A template's resources of one type, by logical id."""
    return {key: each for key, each in made["Resources"].items() if each["Type"] == kind}


def properties(made: dict[str, Any], kind: str, part: str = "") -> dict[str, Any]:
    """The properties of the one resource of a type whose logical id begins with `part`."""
    found = [each for key, each in resources(made, kind).items() if key.startswith(part)]
    assert len(found) == 1, f"{len(found)} resources of type {kind} whose id begins with {part!r}"
    only: dict[str, Any] = found[0]["Properties"]
    return only
