"""Job definitions of several containers: what their fields become, in the template and in an account."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.linting import linted
from tests.support.local_account import StackUnderTest
from tests.support.synthesis import ACCOUNT, REGION, properties, resources, template

pytest_plugins = ["tests.support.local_account_fixtures"]

SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:team/database-Ab12Cd"
REGISTRY_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:registry-Ab12Cd"
PARAMETER = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/team/token"
FILE_SYSTEM = "fs-0123456789abcdef0"

PIPELINE = {
    "containers": {
        "prepare": {
            "image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/team/prepare:1",
            "command": ["prepare", "Ref::sample"],
            "essential": False,
            "secrets": {"TOKEN": PARAMETER},
            "scratch": None,
            "user": "1000",
            "start_timeout_seconds": 600,
            "stop_timeout_seconds": 180,
        },
        "watch": {
            "image": "registry.example.org/watch:1",
            "registry_secret": REGISTRY_SECRET,
            "essential": False,
            "mounts": {"/proc-of-host": {"host_path": "/proc", "read_only": True}},
        },
        "align": {
            "image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/team/aligner:2.1",
            "command": ["align"],
            "depends_on": {"prepare": "SUCCESS", "watch": "START"},
            "vcpus": 6,
            "memory_mib": 20_000,
            "shared_memory_mib": 1024,
            "secrets": {"PASSWORD": f"{SECRET}:password::"},
            "efs": {"/reference": {"file_system_id": FILE_SYSTEM, "read_only": True}},
            "ulimits": {"nofile": {"soft": 65_536, "hard": 65_536}},
            "log": {"mode": "non-blocking", "max_buffer_mib": 25},
        },
    },
    "shared_folders": ["/work"],
    "pid_mode": "task",
    "ipc_mode": "task",
    "parameters": {"sample": "none"},
    "attempts": 2,
    "timeout_seconds": 3600,
}


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return template({"job_definitions": {"fetch-and-run": {}, "pipeline": PIPELINE}})


@pytest.fixture(scope="module")
def pipeline(made: dict[str, Any]) -> dict[str, Any]:
    return properties(made, "AWS::Batch::JobDefinition", "Pipeline")


@pytest.fixture(scope="module")
def task(pipeline: dict[str, Any]) -> dict[str, Any]:
    (found,) = pipeline["EcsProperties"]["TaskProperties"]
    only: dict[str, Any] = found
    return only


def by_name(task: dict[str, Any]) -> dict[str, Any]:
    return {each["Name"]: each for each in task["Containers"]}


def test_it_has_several_containers_and_no_single_one(pipeline: dict[str, Any]) -> None:
    assert "ContainerProperties" not in pipeline
    assert pipeline["Type"] == "container"
    assert pipeline["Parameters"] == {"sample": "none"}
    assert pipeline["Timeout"] == {"AttemptDurationSeconds": 3600}
    assert pipeline["RetryStrategy"]["Attempts"] == 2


def test_essential_ones_and_dependencies(task: dict[str, Any]) -> None:
    containers = by_name(task)
    assert list(containers) == ["prepare", "watch", "align"]
    assert {name: each["Essential"] for name, each in containers.items()} == {
        "prepare": False,
        "watch": False,
        "align": True,
    }
    assert containers["align"]["DependsOn"] == [
        {"ContainerName": "prepare", "Condition": "SUCCESS"},
        {"ContainerName": "watch", "Condition": "START"},
    ]
    assert "DependsOn" not in containers["prepare"]
    assert (containers["prepare"]["StartTimeout"], containers["prepare"]["StopTimeout"]) == (600, 180)
    assert not {"StartTimeout", "StopTimeout"} & containers["align"].keys()


def test_each_has_its_own(task: dict[str, Any]) -> None:
    align = by_name(task)["align"]
    assert align["Image"].endswith("team/aligner:2.1")
    assert align["Command"] == ["align"]
    assert {each["Type"]: each["Value"] for each in align["ResourceRequirements"]} == {"VCPU": "6", "MEMORY": "20000"}
    assert align["LinuxParameters"] == {"SharedMemorySize": 1024}
    assert align["Ulimits"] == [{"Name": "nofile", "SoftLimit": 65_536, "HardLimit": 65_536}]
    assert align["Secrets"] == [{"Name": "PASSWORD", "ValueFrom": f"{SECRET}:password::"}]
    assert align["LogConfiguration"]["Options"]["max-buffer-size"] == "25m"
    assert {each["LogConfiguration"]["Options"]["awslogs-stream-prefix"] for each in task["Containers"]} == {"pipeline"}
    assert by_name(task)["prepare"]["User"] == "1000"
    assert by_name(task)["watch"]["RepositoryCredentials"] == {"CredentialsParameter": REGISTRY_SECRET}


def test_the_task_has_the_roles_and_the_namespaces(task: dict[str, Any]) -> None:
    assert task["TaskRoleArn"]["Fn::GetAtt"][0].startswith("JobRole")
    assert task["ExecutionRoleArn"]["Fn::GetAtt"][0].startswith("ExecutionRole")
    assert (task["PidMode"], task["IpcMode"]) == ("task", "task")


def test_volumes_are_the_tasks_and_shared_folders_are_one_volume(task: dict[str, Any]) -> None:
    volumes = {each["Name"]: each for each in task["Volumes"]}
    assert set(volumes) == {"scratch", "shared1", "watch-host1", "align-efs1"}
    assert volumes["shared1"] == {"Name": "shared1"}
    assert volumes["watch-host1"]["Host"] == {"SourcePath": "/proc"}
    mounted = {
        name: {each["ContainerPath"]: each["SourceVolume"] for each in container["MountPoints"]}
        for name, container in by_name(task).items()
    }
    assert mounted == {
        "prepare": {"/work": "shared1"},
        "watch": {"/scratch": "scratch", "/proc-of-host": "watch-host1", "/work": "shared1"},
        "align": {"/scratch": "scratch", "/reference": "align-efs1", "/work": "shared1"},
    }


def test_the_platform_record_says_that_it_takes_no_script(made: dict[str, Any]) -> None:
    record = json.dumps(properties(made, "AWS::SSM::Parameter")["Value"])
    assert r"\"own_commands\":[\"pipeline\"]" in record


def test_cfn_lint_finds_nothing(made: dict[str, Any]) -> None:
    assert linted(made) == []


def statements(made: dict[str, Any], part: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = properties(made, "AWS::IAM::Policy", part)["PolicyDocument"]["Statement"]
    return found


def test_the_roles_get_what_any_container_needs(made: dict[str, Any]) -> None:
    execution = {str(each["Action"]): each["Resource"] for each in statements(made, "ExecutionRole")}
    assert execution["secretsmanager:GetSecretValue"] == [REGISTRY_SECRET, SECRET]
    assert execution["ssm:GetParameters"] == PARAMETER
    pulls = json.dumps([each["Resource"] for each in statements(made, "ExecutionRole")])
    assert "repository/team/aligner" in pulls
    assert "repository/team/prepare" in pulls
    (mount,) = [each for each in statements(made, "JobRole") if "elasticfilesystem" in str(each["Action"])]
    assert mount["Action"] == "elasticfilesystem:ClientMount"


def test_a_container_of_the_platforms_image_waits_until_it_is_built() -> None:
    main = {"environment": {"BATCH_FILE_TYPE": "script", "BATCH_FILE_S3_URL": "s3://bucket/job.sh"}}
    made = template(
        {"image": {"build": "codebuild"}, "job_definitions": {"fetch-and-run": {"containers": {"main": main}}}}
    )
    (definition,) = resources(made, "AWS::Batch::JobDefinition").values()
    assert [each for each in definition["DependsOn"] if each.startswith("ImageBuild")]


def literal(value: Any) -> Any:
    """The same without references to other resources: the definition is made alone."""
    if isinstance(value, dict):
        if any(key == "Ref" or key.startswith("Fn::") for key in value):
            return "somewhere-else"
        return {key: literal(each) for key, each in value.items()}
    return [literal(each) for each in value] if isinstance(value, list) else value


def test_an_account_registers_and_shows_them(pipeline: dict[str, Any], stack: StackUnderTest) -> None:
    stack.create({"Pipeline": {"Type": "AWS::Batch::JobDefinition", "Properties": literal(pipeline)}})
    batch = stack.account.client("batch")
    (shown,) = batch.describe_job_definitions(jobDefinitions=[stack.physical("Pipeline")])["jobDefinitions"]
    (task,) = shown["ecsProperties"]["taskProperties"]
    align = task["containers"][2]
    assert (align["name"], align["essential"], align["command"]) == ("align", True, ["align"])
    assert align["dependsOn"][0] == {"containerName": "prepare", "condition": "SUCCESS"}
    assert [each["name"] for each in task["volumes"]] == ["shared1", "scratch", "watch-host1", "align-efs1"]
    assert "containerProperties" not in shown
    stack.delete()
