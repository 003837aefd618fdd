"""Job definitions besides fetch-and-run: what their fields become, in the template and in an account."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.local_account import StackUnderTest
from tests.support.synthesis import ACCOUNT, REGION, properties, resources, template

pytest_plugins = ["tests.support.local_account_fixtures"]

SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:team/database-Ab12Cd"
REGISTRY_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:registry-Ab12Cd"
PARAMETER = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/team/token"
FILE_SYSTEM, POINT = "fs-0123456789abcdef0", "fsap-0123456789abcdef0"

ALIGN = {
    "image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/team/aligner:2.1",
    "command": ["align", "--sample", "Ref::sample"],
    "parameters": {"sample": "none"},
    "vcpus": 8,
    "memory_mib": 30_000,
    "gpus": 1,
    "shared_memory_mib": 4096,
    "environment": {"MODE": "fast"},
    "secrets": {"PASSWORD": f"{SECRET}:password::", "TOKEN": PARAMETER},
    "mounts": {"/opt/aws": {"host_path": "/opt/aws-cli", "read_only": True}},
    "efs": {
        "/reference": {"file_system_id": FILE_SYSTEM, "access_point_id": POINT, "read_only": True},
        "/shared": {"file_system_id": FILE_SYSTEM, "root_directory": "/a", "iam": False},
    },
    "ulimits": {"nofile": {"soft": 65_536, "hard": 65_536}},
    "user": "1000:1000",
    "init_process": True,
    "log": {"mode": "non-blocking", "max_buffer_mib": 25, "multiline_pattern": "^INFO"},
    "attempts": 5,
    "retry_on": [{"exit_code": "75"}, {"reason": "CannotPull*", "status_reason": "Task failed*"}],
    "timeout_seconds": 3600,
    "job_role": {"buckets": {"reference-data": {"read": ["genomes/"]}}},
}
SMALL = {"image": "registry.example.org/tool:1", "registry_secret": REGISTRY_SECRET, "scratch": None}


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return template({"job_definitions": {"fetch-and-run": {}, "align": ALIGN, "small": SMALL}})


@pytest.fixture(scope="module")
def align(made: dict[str, Any]) -> dict[str, Any]:
    return properties(made, "AWS::Batch::JobDefinition", "Align")


@pytest.fixture(scope="module")
def container(align: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = align["ContainerProperties"]
    return found


def test_image_command_and_parameters(align: dict[str, Any], container: dict[str, Any]) -> None:
    assert (container["Image"], container["Command"]) == (ALIGN["image"], ALIGN["command"])
    assert align["Parameters"] == {"sample": "none"}
    assert container["User"] == "1000:1000"


def test_resources(container: dict[str, Any]) -> None:
    asked = {each["Type"]: each["Value"] for each in container["ResourceRequirements"]}
    assert asked == {"VCPU": "8", "MEMORY": "30000", "GPU": "1"}
    assert container["LinuxParameters"] == {"SharedMemorySize": 4096, "InitProcessEnabled": True}
    assert container["Ulimits"] == [{"Name": "nofile", "SoftLimit": 65_536, "HardLimit": 65_536}]


def test_variables_and_secrets(container: dict[str, Any]) -> None:
    variables = {each["Name"]: each["Value"] for each in container["Environment"]}
    assert variables == {"AWS_DEFAULT_REGION": REGION, "TMPDIR": "/scratch", "MODE": "fast"}
    assert {each["Name"]: each["ValueFrom"] for each in container["Secrets"]} == ALIGN["secrets"]


def test_mounts(container: dict[str, Any]) -> None:
    volumes = {each["Name"]: each for each in container["Volumes"]}
    mounted = {
        each["ContainerPath"]: (volumes[each["SourceVolume"]], each["ReadOnly"]) for each in container["MountPoints"]
    }
    assert mounted["/scratch"][0]["Host"] == {"SourcePath": "/scratch"}
    assert mounted["/opt/aws"] == ({"Name": "host1", "Host": {"SourcePath": "/opt/aws-cli"}}, True)
    reference, read_only = mounted["/reference"]
    assert read_only is True
    assert reference["EfsVolumeConfiguration"] == {
        "FileSystemId": FILE_SYSTEM,
        "RootDirectory": "/",
        "TransitEncryption": "ENABLED",
        "AuthorizationConfig": {"AccessPointId": POINT, "Iam": "ENABLED"},
    }
    shared = mounted["/shared"][0]["EfsVolumeConfiguration"]
    assert (shared["RootDirectory"], shared["AuthorizationConfig"]) == ("/a", {"Iam": "DISABLED"})
    assert len(volumes) == len(mounted) == 4


def test_retries_timeout_and_old_revisions(align: dict[str, Any]) -> None:
    assert align["RetryStrategy"] == {
        "Attempts": 5,
        "EvaluateOnExit": [
            {"Action": "RETRY", "OnStatusReason": "Host EC2*"},
            {"Action": "RETRY", "OnExitCode": "75"},
            {"Action": "RETRY", "OnReason": "CannotPull*", "OnStatusReason": "Task failed*"},
            {"Action": "EXIT", "OnReason": "*"},
        ],
    }
    assert align["Timeout"] == {"AttemptDurationSeconds": 3600}
    assert align["ResourceRetentionPolicy"] == {"SkipDeregisterOnUpdate": True}


def test_the_log(container: dict[str, Any]) -> None:
    options = container["LogConfiguration"]["Options"]
    assert options["awslogs-stream-prefix"] == "align"
    assert options["awslogs-multiline-pattern"] == "^INFO"
    assert (options["mode"], options["max-buffer-size"]) == ("non-blocking", "25m")


def test_no_scratch_is_no_volume_and_no_temporary_folder(made: dict[str, Any]) -> None:
    small = properties(made, "AWS::Batch::JobDefinition", "Small")["ContainerProperties"]
    assert not {"Volumes", "MountPoints", "Command", "LinuxParameters", "Secrets"} & set(small)
    assert [each["Name"] for each in small["Environment"]] == ["AWS_DEFAULT_REGION"]
    assert small["RepositoryCredentials"] == {"CredentialsParameter": REGISTRY_SECRET}


def statements(made: dict[str, Any], part: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = properties(made, "AWS::IAM::Policy", part)["PolicyDocument"]["Statement"]
    return found


def test_the_execution_role_reads_exactly_the_secrets(made: dict[str, Any]) -> None:
    granted = {
        each["Action"]: each["Resource"] for each in statements(made, "ExecutionRole") if type(each["Action"]) is str
    }
    assert granted["secretsmanager:GetSecretValue"] == [REGISTRY_SECRET, SECRET]
    assert granted["ssm:GetParameters"] == PARAMETER


def test_the_execution_role_pulls_the_images(made: dict[str, Any]) -> None:
    pulls = [each for each in statements(made, "ExecutionRole") if "ecr:BatchGetImage" in each["Action"]]
    arns = [json.dumps(each["Resource"]) for each in pulls]
    assert any("repository/team/aligner" in arn for arn in arns)
    assert not any("*" in arn for arn in arns)


def test_a_definition_with_a_role_of_its_own(made: dict[str, Any], container: dict[str, Any]) -> None:
    own = container["JobRoleArn"]["Fn::GetAtt"][0]
    assert own.startswith("AlignJobRole")
    text = json.dumps(statements(made, "AlignJobRole"))
    assert "reference-data/genomes/*" in text
    assert "reference-data" not in json.dumps(statements(made, "JobRole"))
    (mount,) = [each for each in statements(made, "AlignJobRole") if "elasticfilesystem" in str(each["Action"])]
    assert mount["Action"] == "elasticfilesystem:ClientMount"
    assert f"file-system/{FILE_SYSTEM}" in json.dumps(mount["Resource"])
    condition = mount["Condition"]["StringEquals"]["elasticfilesystem:AccessPointArn"]
    assert f"access-point/{POINT}" in json.dumps(condition)


def test_a_file_system_that_is_written_to() -> None:
    efs = {"efs": {"/shared": {"file_system_id": FILE_SYSTEM}}}
    made = template({"job_definitions": {"fetch-and-run": efs}})
    (mount,) = [each for each in statements(made, "JobRole") if "elasticfilesystem" in str(each["Action"])]
    assert mount["Action"] == ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
    assert "Condition" not in mount


def test_an_account_registers_and_shows_them(made: dict[str, Any], stack: StackUnderTest) -> None:
    stack.create(made["Resources"])
    (logical_id,) = [key for key in resources(made, "AWS::Batch::JobDefinition") if key.startswith("Align")]
    batch = stack.account.client("batch")
    (shown,) = batch.describe_job_definitions(jobDefinitions=[stack.physical(logical_id)])["jobDefinitions"]
    assert shown["parameters"] == {"sample": "none"}
    container = shown["containerProperties"]
    assert container["command"] == ALIGN["command"]
    assert {"type": "GPU", "value": "1"} in container["resourceRequirements"]
    assert container["linuxParameters"]["sharedMemorySize"] == 4096
    assert [each["name"] for each in container["volumes"]] == ["scratch", "host1", "efs1", "efs2"]
    assert container["secrets"][1] == {"name": "TOKEN", "valueFrom": PARAMETER}
    assert len(shown["retryStrategy"]["evaluateOnExit"]) == 4
    stack.delete()
