"""The image built in the account: what is in the template, who may do what, and the commands of the build."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from batchyard.images.context import build_context
from batchyard.toolchain import CONTAINER
from tests.support.fake_engines import FakeEngines
from tests.support.synthesis import (
    IMAGE_TAG,
    Resource,
    default_template,
    properties,
    resources,
    stand_in_s5cmd,
    template,
)

BASE = "999999999999.dkr.ecr.eu-west-1.amazonaws.com/tools/base:7"
ONE: dict[str, Any] = {
    "image": {"build": "codebuild"},
    "job_definitions": {"fetch-and-run": {}, "own": {"image": "debian:13"}},
}
BOTH: dict[str, Any] = {
    "image": {"build": "codebuild", "base_image": BASE, "platforms": ["linux/arm64", "linux/amd64"]}
}
KIND = "Custom::ContainerImageBuild"
HOUR = 3600


def project(made: dict[str, Any], architecture: str = "Amd64") -> dict[str, Any]:
    return properties(made, "AWS::CodeBuild::Project", f"ImageBuild{architecture}")


def variables(made: dict[str, Any], architecture: str = "Amd64") -> dict[str, Any]:
    return {each["Name"]: each["Value"] for each in project(made, architecture)["Environment"]["EnvironmentVariables"]}


def statements(made: dict[str, Any], role: str) -> dict[str, Any]:
    """The resource of each action of a role."""
    found = properties(made, "AWS::IAM::Policy", role)["PolicyDocument"]["Statement"]
    assert {each["Effect"] for each in found} == {"Allow"}
    as_list = [(each["Action"] if isinstance(each["Action"], list) else [each["Action"]], each) for each in found]
    assert not any("*" in action for actions, _ in as_list for action in actions)
    return {action: each["Resource"] for actions, each in as_list for action in actions}


def only(made: dict[str, Any], kind: str, part: str = "") -> tuple[str, Resource]:
    (found,) = [(key, each) for key, each in resources(made, kind).items() if part in key]
    return found


def test_the_default_builds_nothing() -> None:
    kinds = {each["Type"] for each in default_template()["Resources"].values()}
    assert not kinds & {KIND, "AWS::CodeBuild::Project", "AWS::Lambda::Function", "AWS::Events::Rule"}


def test_a_definition_of_the_platforms_image_waits_for_it_and_another_does_not() -> None:
    made = template(ONE)
    image, _ = only(made, KIND)
    assert only(made, "AWS::Batch::JobDefinition", "FetchAndRun")[1]["DependsOn"] == [image]
    assert "DependsOn" not in only(made, "AWS::Batch::JobDefinition", "Own")[1]


def test_the_build_gets_the_contents_tag_and_pushes_to_the_deployments_repository() -> None:
    made = template(ONE)
    (repository,) = resources(made, "AWS::ECR::Repository")
    wanted = only(made, KIND)[1]["Properties"]
    assert (wanted["Tag"], wanted["Repository"]) == (IMAGE_TAG, {"Ref": repository})
    assert wanted["Project"] == {"Ref": only(made, "AWS::CodeBuild::Project")[0]}
    assert variables(made)["TAG"] == IMAGE_TAG
    assert repository in json.dumps(variables(made)["REPOSITORY"])


def test_a_changed_image_is_another_build_by_the_same_project() -> None:
    before, after = template(ONE), template(ONE, image_tag="fedcba9876543210")
    assert only(before, KIND)[0] == only(after, KIND)[0]
    assert only(after, KIND)[1]["Properties"]["Tag"] == "fedcba9876543210"
    assert project(before)["Source"]["Location"] != project(after)["Source"]["Location"]


def test_images_of_two_platforms_are_built_on_their_own_machines_and_then_put_under_one_tag() -> None:
    made = template(BOTH)
    parts = {
        name: each["Properties"] for name, each in resources(made, KIND).items() if "Project" in each["Properties"]
    }
    assert {each["Tag"] for each in parts.values()} == {f"{IMAGE_TAG}-amd64", f"{IMAGE_TAG}-arm64"}
    (whole, joined) = next(
        (name, each) for name, each in resources(made, KIND).items() if "Parts" in each["Properties"]
    )
    assert joined["Properties"]["Parts"] == {"amd64": f"{IMAGE_TAG}-amd64", "arm64": f"{IMAGE_TAG}-arm64"}
    assert joined["Properties"]["Tag"] == IMAGE_TAG
    assert set(parts) <= set(joined["DependsOn"])
    assert only(made, "AWS::Batch::JobDefinition", "FetchAndRun")[1]["DependsOn"] == [whole]
    assert project(made, "Amd64")["Environment"]["Type"] == "LINUX_CONTAINER"
    assert project(made, "Arm64")["Environment"]["Type"] == "ARM_CONTAINER"


def test_a_build_ends_before_cloudformation_stops_waiting() -> None:
    made = template(ONE)
    waits = int(only(made, KIND)[1]["Properties"]["ServiceTimeout"])
    longest = 60 * (project(made)["TimeoutInMinutes"] + project(made)["QueuedTimeoutInMinutes"])
    assert longest + properties(made, "AWS::Lambda::Function")["Timeout"] < waits <= HOUR


def test_the_function_hears_of_every_end_of_these_builds_before_the_first_is_started() -> None:
    made = template(BOTH)
    rule, heard = only(made, "AWS::Events::Rule")
    detail = heard["Properties"]["EventPattern"]["detail"]
    assert {each["Ref"] for each in detail["project-name"]} == set(resources(made, "AWS::CodeBuild::Project"))
    assert set(detail["build-status"]) == {"SUCCEEDED", "FAILED", "FAULT", "STOPPED", "TIMED_OUT"}
    needed = {rule, only(made, "AWS::Lambda::Permission")[0], only(made, "AWS::IAM::Policy", "ImageBuildFunction")[0]}
    assert all(needed <= set(each["DependsOn"]) for each in resources(made, KIND).values())


def test_the_builders_may_push_to_one_repository_and_pull_their_base() -> None:
    made = template(BOTH)
    may = statements(made, "ImageBuildBuilders")
    (repository,) = resources(made, "AWS::ECR::Repository")
    assert may["ecr:PutImage"] == {"Fn::GetAtt": [repository, "Arn"]}
    assert may["s3:GetObject"].endswith(project(made)["Source"]["Location"].partition("/")[2])
    assert "999999999999:repository/tools/base" in json.dumps(may["ecr:BatchGetImage"])
    assert [action for action, resource in may.items() if resource == "*"] == ["ecr:GetAuthorizationToken"]
    assert "ecr:BatchGetImage" not in statements(template(ONE), "ImageBuildBuilders")


def test_the_function_may_start_these_builds_and_put_a_tag_only_where_there_are_two_platforms() -> None:
    made = template(ONE)
    may = statements(made, "ImageBuildFunction")
    (repository,) = resources(made, "AWS::ECR::Repository")
    assert may["codebuild:StartBuild"] == {"Fn::GetAtt": [only(made, "AWS::CodeBuild::Project")[0], "Arn"]}
    assert may["ecr:DescribeImages"] == {"Fn::GetAtt": [repository, "Arn"]}
    assert "ecr:PutImage" not in may
    assert "ecr:PutImage" in statements(template(BOTH), "ImageBuildFunction")


def test_the_logs_of_builds_and_function_are_in_one_group_with_the_deployments_retention() -> None:
    made = template({**ONE, "logs": {"retention_days": 14}})
    name, group = only(made, "AWS::Logs::LogGroup", "ImageBuild")
    assert (group["Properties"]["RetentionInDays"], group["DeletionPolicy"]) == (14, "Retain")
    assert project(made)["LogsConfig"]["CloudWatchLogs"] == {"Status": "ENABLED", "GroupName": {"Ref": name}}
    assert properties(made, "AWS::Lambda::Function")["LoggingConfig"]["LogGroup"] == {"Ref": name}


# The commands, run as CodeBuild runs them


AWS = '#!/bin/sh\necho "$*" >>"$AWS_CALLS"\necho a-password\n'


@pytest.fixture
def engines(tmp_path: Path) -> FakeEngines:
    made = FakeEngines(tmp_path).install("docker")
    program = tmp_path / "bin" / "aws"
    program.write_text(AWS)
    program.chmod(0o755)
    return made


def run_build(engines: FakeEngines, settings: dict[str, Any]) -> int:
    """Run a project's commands until one fails, in a folder that has the context; the exit code of the last."""
    source = engines.folder / "source"
    with build_context(CONTAINER, ["linux/amd64", "linux/arm64"], stand_in_s5cmd) as folder:
        shutil.copytree(folder, source, copy_function=shutil.copyfile)
    made = template(settings)
    environment = {
        **{name: value for name, value in variables(made).items() if isinstance(value, str)},
        "REPOSITORY": "123456789012.dkr.ecr.us-east-1.amazonaws.com/images",
        "PATH": f"{engines.path}:{os.defpath}",
        "AWS_CALLS": str(engines.folder / "aws-calls"),
    }
    for command in json.loads(project(made)["Source"]["BuildSpec"])["phases"]["build"]["commands"]:
        done = subprocess.run(["/bin/sh", "-c", command], cwd=source, env=environment, check=False, timeout=60)
        if done.returncode:
            return done.returncode
    return 0


def test_the_commands_log_in_build_and_push(engines: FakeEngines) -> None:
    assert run_build(engines, ONE) == 0
    login, build, push = engines.calls()
    registry = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
    reference = f"{registry}/images:{IMAGE_TAG}"
    assert login["arguments"] == ["login", "--username", "AWS", "--password-stdin", registry]
    assert login["stdin"].strip() == "a-password"
    assert build["arguments"][-3:] == ["--tag", reference, "."]
    assert build["arguments"][:3] == ["build", "--platform", "linux/amd64"]
    assert "TARGETARCH=amd64" in build["arguments"]
    assert not any(each.startswith("BASE_IMAGE=") for each in build["arguments"])
    # Modes are lost on the way through S3, and the image takes them over.
    assert build["context"]["fetch_and_run.sh"] == build["context"]["s5cmd/linux-amd64"] == 0o755
    assert push["arguments"] == ["push", reference]


def test_a_base_image_in_ecr_is_pulled_with_its_own_registrys_login(engines: FakeEngines) -> None:
    assert run_build(engines, BOTH) == 0
    _, base_login, build, push = engines.calls()
    assert base_login["arguments"][-1] == "999999999999.dkr.ecr.eu-west-1.amazonaws.com"
    assert (engines.folder / "aws-calls").read_text().splitlines()[1] == "ecr get-login-password --region eu-west-1"
    assert f"BASE_IMAGE={BASE}" in build["arguments"]
    assert push["arguments"][-1].endswith(f":{IMAGE_TAG}-amd64")


def test_a_build_that_fails_pushes_nothing(engines: FakeEngines) -> None:
    engines.install("docker", docker={"build": {"code": 3}})
    assert run_build(engines, ONE) == 3
    assert [each["arguments"][0] for each in engines.calls()] == ["login", "build"]
