"""The default deployment's template, resource by resource."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest

from tests.support.synthesis import (
    IMAGE_TAG,
    ZONES,
    default_template,
    properties,
    resources,
    template,
)


@pytest.fixture(scope="session")
def made() -> dict[str, Any]:
    return default_template()


def statements(made: dict[str, Any], part: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = properties(made, "AWS::IAM::Policy", part)["PolicyDocument"]["Statement"]
    return found


def trusted(made: dict[str, Any], part: str) -> list[Any]:
    document = properties(made, "AWS::IAM::Role", part)["AssumeRolePolicyDocument"]
    return [(each["Effect"], each["Principal"]) for each in document["Statement"]]


# Network


def test_a_public_subnet_in_every_zone_and_no_nat(made: dict[str, Any]) -> None:
    subnets = [each["Properties"] for each in resources(made, "AWS::EC2::Subnet").values()]
    assert sorted(each["AvailabilityZone"] for each in subnets) == list(ZONES)
    assert all(each["MapPublicIpOnLaunch"] is True for each in subnets)
    assert {each["CidrBlock"].rpartition("/")[2] for each in subnets} == {"20"}
    assert not resources(made, "AWS::EC2::NatGateway")
    routes = [each["Properties"] for each in resources(made, "AWS::EC2::Route").values()]
    assert len(routes) == len(ZONES)
    assert all("GatewayId" in each for each in routes)


def test_s3_is_reached_by_a_gateway_endpoint_from_every_subnet(made: dict[str, Any]) -> None:
    endpoint = properties(made, "AWS::EC2::VPCEndpoint")
    assert endpoint["VpcEndpointType"] == "Gateway"
    assert endpoint["ServiceName"]["Fn::Join"][1][-1] == ".s3"
    assert len(endpoint["RouteTableIds"]) == len(ZONES)


def test_nothing_can_connect_to_an_instance(made: dict[str, Any]) -> None:
    group = properties(made, "AWS::EC2::SecurityGroup")
    assert "SecurityGroupIngress" not in group
    assert not resources(made, "AWS::EC2::SecurityGroupIngress")


def test_no_function_and_no_custom_resource(made: dict[str, Any]) -> None:
    kinds = {each["Type"] for each in made["Resources"].values()}
    assert not [kind for kind in kinds if kind.startswith(("AWS::Lambda", "Custom::", "AWS::CloudFormation::Custom"))]


# Storage and images


def test_the_bucket_is_encrypted_private_and_kept(made: dict[str, Any]) -> None:
    (bucket,) = resources(made, "AWS::S3::Bucket").values()
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    encryption = bucket["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption == [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    (statement,) = properties(made, "AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_scratch_expires_and_nothing_else_does(made: dict[str, Any]) -> None:
    rules = properties(made, "AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"]
    expiring = {each.get("Prefix"): each["ExpirationInDays"] for each in rules if "ExpirationInDays" in each}
    assert expiring == {"scratch/": 7}
    assert [each["AbortIncompleteMultipartUpload"] for each in rules if "AbortIncompleteMultipartUpload" in each] == [
        {"DaysAfterInitiation": 7}
    ]


def test_the_repository_scans_keeps_its_tags_and_is_kept(made: dict[str, Any]) -> None:
    (repository,) = resources(made, "AWS::ECR::Repository").values()
    assert repository["DeletionPolicy"] == repository["UpdateReplacePolicy"] == "Retain"
    assert repository["Properties"]["ImageScanningConfiguration"] == {"ScanOnPush": True}
    assert repository["Properties"]["ImageTagMutability"] == "IMMUTABLE"
    rules = json.loads(repository["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    assert [each["selection"]["countType"] for each in rules] == ["sinceImagePushed", "imageCountMoreThan"]


# Roles


def test_only_ecs_tasks_may_be_the_job(made: dict[str, Any]) -> None:
    assert trusted(made, "JobRole") == [("Allow", {"Service": "ecs-tasks.amazonaws.com"})]
    assert trusted(made, "ExecutionRole") == [("Allow", {"Service": "ecs-tasks.amazonaws.com"})]
    assert trusted(made, "InstanceRole") == [("Allow", {"Service": "ec2.amazonaws.com"})]


def test_a_job_may_read_scripts_and_write_results_and_scratch_and_nothing_more(made: dict[str, Any]) -> None:
    granted: dict[str, set[str]] = {}
    for statement in statements(made, "JobRole"):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        targets = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        for target in targets:
            part = target["Fn::Join"][1][-1] if "Fn::Join" in target else "bucket"
            granted.setdefault(part, set()).update(actions)
    read = {"s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging"}
    write = {
        "s3:PutObject",
        "s3:PutObjectTagging",
        "s3:DeleteObject",
        "s3:AbortMultipartUpload",
        "s3:ListMultipartUploadParts",
    }
    assert granted == {
        "/scripts/*": read,
        "/results/*": read | write,
        "/scratch/*": read | write,
        "bucket": {"s3:ListBucket", "s3:GetBucketLocation"},
    }


def test_a_job_may_list_its_prefixes_only(made: dict[str, Any]) -> None:
    (statement,) = [each for each in statements(made, "JobRole") if each["Action"] == "s3:ListBucket"]
    assert statement["Condition"] == {"StringLike": {"s3:prefix": ["scripts/*", "results/*", "scratch/*"]}}


def test_the_execution_role_pulls_one_image_and_writes_one_log_group(made: dict[str, Any]) -> None:
    everywhere = [each["Action"] for each in statements(made, "ExecutionRole") if each["Resource"] == "*"]
    assert everywhere == ["ecr:GetAuthorizationToken"]
    named = [each["Resource"]["Fn::GetAtt"][0] for each in statements(made, "ExecutionRole") if each["Resource"] != "*"]
    assert [re.sub(r"[0-9A-F]{8}$", "", name) for name in named] == ["ImagesRepository", "LogsLogGroup"]


# Instances


def test_the_launch_template(made: dict[str, Any]) -> None:
    data = properties(made, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    assert data["BlockDeviceMappings"] == [
        {
            "DeviceName": "/dev/xvda",
            "Ebs": {
                "VolumeType": "gp3",
                "VolumeSize": 200,
                "Iops": 3000,
                "Throughput": 125,
                "Encrypted": True,
                "DeleteOnTermination": True,
            },
        }
    ]
    assert data["MetadataOptions"]["HttpTokens"] == "required"
    assert data["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
    assert "ImageId" not in data


def test_user_data_is_mime_multipart_and_makes_scratch_for_every_user(made: dict[str, Any]) -> None:
    data = properties(made, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]["UserData"]["Fn::Base64"]["Fn::Join"][1]
    assert data[0].startswith("Content-Type: multipart/mixed; boundary=")
    assert data[1]["Fn::Base64"].splitlines() == ["#!/bin/bash", "mkdir -p /scratch", "chmod 1777 /scratch"]
    assert base64.b64encode(data[1]["Fn::Base64"].encode())


# Compute environments: what it takes for updates to land


ENVIRONMENTS = {"SpotEnvironment": "SPOT", "OnDemandEnvironment": "EC2"}


@pytest.mark.parametrize("part", ENVIRONMENTS)
class TestComputeEnvironment:
    @pytest.fixture
    def environment(self, made: dict[str, Any], part: str) -> dict[str, Any]:
        return properties(made, "AWS::Batch::ComputeEnvironment", part)

    @pytest.fixture
    def compute(self, environment: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = environment["ComputeResources"]
        return found

    def test_the_newest_version_of_the_launch_template_is_named_by_number(self, compute: dict[str, Any]) -> None:
        template_id = compute["LaunchTemplate"]["LaunchTemplateId"]["Ref"]
        assert compute["LaunchTemplate"]["Version"] == {"Fn::GetAtt": [template_id, "LatestVersionNumber"]}

    def test_it_can_be_updated_in_place(self, environment: dict[str, Any], compute: dict[str, Any]) -> None:
        assert "ComputeEnvironmentName" not in environment
        assert "ServiceRole" not in environment
        assert environment["ReplaceComputeEnvironment"] is False
        assert compute["AllocationStrategy"] != "BEST_FIT"
        assert environment["UpdatePolicy"] == {
            "TerminateJobsOnUpdate": False,
            "JobExecutionTimeoutMinutes": 1440,
        }

    def test_the_image_is_al2023_and_kept_new(self, compute: dict[str, Any]) -> None:
        assert compute["Ec2Configuration"] == [{"ImageType": "ECS_AL2023"}]
        assert compute["UpdateToLatestImageVersion"] is True

    def test_it_is_empty_when_idle(self, compute: dict[str, Any]) -> None:
        assert (compute["MinvCpus"], compute["MaxvCpus"]) == (0, 256)
        assert "DesiredvCpus" not in compute

    def test_it_has_its_type_and_the_default_class(self, compute: dict[str, Any], part: str) -> None:
        assert compute["Type"] == ENVIRONMENTS[part]
        assert compute["InstanceTypes"] == ["default_x86_64"]
        assert len(compute["Subnets"]) == len(ZONES)
        assert "SpotIamFleetRole" not in compute

    def test_it_goes_before_the_way_to_the_internet_does(self, made: dict[str, Any], part: str) -> None:
        (resource,) = [
            each for key, each in resources(made, "AWS::Batch::ComputeEnvironment").items() if key.startswith(part)
        ]
        routes = set(resources(made, "AWS::EC2::Route"))
        assert routes <= set(resource["DependsOn"])


def test_the_default_strategies(made: dict[str, Any]) -> None:
    kind = "AWS::Batch::ComputeEnvironment"
    spot = properties(made, kind, "SpotEnvironment")["ComputeResources"]
    on_demand = properties(made, kind, "OnDemandEnvironment")["ComputeResources"]
    assert spot["AllocationStrategy"] == "SPOT_PRICE_CAPACITY_OPTIMIZED"
    assert on_demand["AllocationStrategy"] == "BEST_FIT_PROGRESSIVE"


# Queues


@pytest.mark.parametrize(
    ("part", "priority", "order"),
    [
        ("HighQueue", 100, ["OnDemandEnvironment", "SpotEnvironment"]),
        ("DefaultQueue", 10, ["SpotEnvironment", "OnDemandEnvironment"]),
        ("LowQueue", 1, ["SpotEnvironment"]),
    ],
)
def test_a_queue(made: dict[str, Any], part: str, priority: int, order: list[str]) -> None:
    queue = properties(made, "AWS::Batch::JobQueue", part)
    assert "JobQueueName" not in queue
    assert queue["Priority"] == priority
    by_order = sorted(queue["ComputeEnvironmentOrder"], key=lambda each: int(each["Order"]))
    names = [each["ComputeEnvironment"]["Fn::GetAtt"][0] for each in by_order]
    assert [name[:-8] for name in names] == order
    limits = {each["Reason"]: each["MaxTimeSeconds"] for each in queue["JobStateTimeLimitActions"]}
    assert limits == {
        "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY": 86400,
        "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE": 3600,
        "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT": 3600,
    }
    assert {(each["Action"], each["State"]) for each in queue["JobStateTimeLimitActions"]} == {("CANCEL", "RUNNABLE")}


# The job definition


@pytest.fixture(scope="session")
def definition(made: dict[str, Any]) -> dict[str, Any]:
    return properties(made, "AWS::Batch::JobDefinition")


def test_the_job_definition_runs_the_image_of_the_container_folder(definition: dict[str, Any]) -> None:
    container = definition["ContainerProperties"]
    assert container["Image"]["Fn::Join"][1][-1] == f":{IMAGE_TAG}"
    assert "Command" not in container
    assert container["Privileged"] is False
    assert container["ResourceRequirements"] == [
        {"Type": "VCPU", "Value": "1"},
        {"Type": "MEMORY", "Value": "2048"},
    ]
    assert definition["PlatformCapabilities"] == ["EC2"]


def test_the_job_definition_has_the_roles(definition: dict[str, Any]) -> None:
    container = definition["ContainerProperties"]
    assert container["JobRoleArn"]["Fn::GetAtt"][0].startswith("JobRole")
    assert container["ExecutionRoleArn"]["Fn::GetAtt"][0].startswith("ExecutionRole")


def test_scratch_is_the_instances_disk_and_the_temporary_folder(definition: dict[str, Any]) -> None:
    container = definition["ContainerProperties"]
    assert container["Volumes"] == [{"Name": "scratch", "Host": {"SourcePath": "/scratch"}}]
    assert container["MountPoints"] == [{"SourceVolume": "scratch", "ContainerPath": "/scratch", "ReadOnly": False}]
    assert container["Environment"] == [
        {"Name": "AWS_DEFAULT_REGION", "Value": "us-east-1"},
        {"Name": "TMPDIR", "Value": "/scratch"},
    ]


def test_only_a_reclaimed_instance_is_a_reason_to_try_again(definition: dict[str, Any]) -> None:
    assert definition["RetryStrategy"] == {
        "Attempts": 3,
        "EvaluateOnExit": [
            {"Action": "RETRY", "OnStatusReason": "Host EC2*"},
            {"Action": "EXIT", "OnReason": "*"},
        ],
    }
    assert definition["Timeout"] == {"AttemptDurationSeconds": 86400}


def test_old_revisions_stay_and_tags_travel(definition: dict[str, Any]) -> None:
    assert definition["ResourceRetentionPolicy"] == {"SkipDeregisterOnUpdate": True}
    assert definition["PropagateTags"] is True


def test_logs_go_to_one_kept_group_with_an_end(made: dict[str, Any], definition: dict[str, Any]) -> None:
    ((key, group),) = resources(made, "AWS::Logs::LogGroup").items()
    assert group["Properties"]["RetentionInDays"] == 30
    assert group["DeletionPolicy"] == "Retain"
    assert definition["ContainerProperties"]["LogConfiguration"] == {
        "LogDriver": "awslogs",
        "Options": {
            "awslogs-group": {"Ref": key},
            "awslogs-region": "us-east-1",
            "awslogs-stream-prefix": "fetch-and-run",
        },
    }


# Names, record, outputs


PHYSICAL_NAMES = (
    "BucketName",
    "RepositoryName",
    "LogGroupName",
    "RoleName",
    "InstanceProfileName",
    "LaunchTemplateName",
    "GroupName",
    "ComputeEnvironmentName",
    "JobQueueName",
    "JobDefinitionName",
)


def test_the_outputs_name_what_a_file_system_must_let_in(made: dict[str, Any]) -> None:
    (vpc,), (group,) = resources(made, "AWS::EC2::VPC"), resources(made, "AWS::EC2::SecurityGroup")
    assert made["Outputs"]["Vpc"]["Value"] == {"Ref": vpc}
    assert made["Outputs"]["InstancesSecurityGroup"]["Value"] == {"Fn::GetAtt": [group, "GroupId"]}


def test_nothing_but_the_record_has_a_fixed_name(made: dict[str, Any]) -> None:
    named = [
        (key, name)
        for key, each in made["Resources"].items()
        for name in PHYSICAL_NAMES
        if name in each.get("Properties", {})
    ]
    assert named == []
    assert properties(made, "AWS::SSM::Parameter")["Name"] == "/batchyard/default/platform"


def test_two_deployments_share_no_fixed_name() -> None:
    other = template(name="other")
    assert properties(other, "AWS::SSM::Parameter")["Name"] == "/batchyard/other/platform"


def test_the_outputs_say_what_a_person_needs(made: dict[str, Any]) -> None:
    outputs = made["Outputs"]
    assert set(outputs) == {
        "JobBucket",
        "RepositoryUri",
        "Image",
        "LogGroup",
        "JobRoleArn",
        "PlatformParameter",
        "Vpc",
        "InstancesSecurityGroup",
        "HighQueueArn",
        "DefaultQueueArn",
        "LowQueueArn",
        "FetchAndRunJobDefinitionArn",
    }
    assert all(each["Description"] for each in outputs.values())
    assert "push" in outputs["Image"]["Description"]


def test_logical_ids_of_what_holds_data_never_change(made: dict[str, Any]) -> None:
    kept = {key for key, each in made["Resources"].items() if each.get("DeletionPolicy") == "Retain"}
    # A changed id would leave the data behind in a resource that no deployment knows.
    assert kept == {
        "StorageBucket5CB7C8EA",
        "StorageBucketPolicy49CFBD91",
        "ImagesRepository2D0F5B9C",
        "LogsLogGroupF3C6ECB9",
    }


def test_a_changed_priority_is_one_change() -> None:
    before = template({})
    queues = {
        "high": {"priority": 77, "compute_environments": ["on-demand", "spot"]},
        "default": {"priority": 10, "compute_environments": ["spot", "on-demand"]},
        "low": {"priority": 1, "compute_environments": ["spot"]},
    }
    after = template({"queues": queues})
    changed = {key for key in before["Resources"] if before["Resources"][key] != after["Resources"][key]}
    assert [key[:-8] for key in changed] == ["HighQueue"]
    assert before["Outputs"] == after["Outputs"]
    (key,) = changed
    assert {**before["Resources"][key]["Properties"], "Priority": 77} == after["Resources"][key]["Properties"]
