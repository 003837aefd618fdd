"""What the fields of a deployment file change in the template."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from constructs.job_network import UnknownZoneError

from batchyard.platform import PlatformRecord
from tests.support.synthesis import (
    ACCOUNT,
    REGION,
    ZONES,
    context,
    default_template,
    platform,
    properties,
    resources,
    template,
)
from tests.support.written_record import written_record

VPC = "vpc-0123456789abcdef0"
SUBNETS = ["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb"]


@pytest.fixture(scope="session")
def changed() -> dict[str, Any]:
    """One deployment that changes nearly everything."""
    return template(
        {
            "network": {"cidr": "172.20.0.0/20"},
            "storage": {"results_prefix": "out/", "scratch_prefixes": {"tmp/a/": 1, "tmp/b/": 30}},
            "repository": {"keep_images": 5, "expire_untagged_after_days": 2},
            "disk": {"size_gib": 1000, "iops": 16000, "throughput_mib_per_second": 1000},
            "logs": {"retention_days": 365},
            "compute_environments": {
                "big-spot": {
                    "type": "SPOT",
                    "min_vcpus": 4,
                    "desired_vcpus": 8,
                    "max_vcpus": 64,
                    "instance_types": ["m8i", "c5.2xlarge", "r7i", "optimal"],
                    "allocation_strategy": "SPOT_CAPACITY_OPTIMIZED",
                    "bid_percentage": 60,
                    "availability_zones": ["us-east-1b", "us-east-1d"],
                    "update_timeout_minutes": 60,
                }
            },
            "queues": {
                "only": {
                    "priority": 5,
                    "compute_environments": ["big-spot"],
                    "runnable_limits": {"insufficient_capacity_seconds": 600},
                }
            },
            "default_queue": "only",
            "job_definitions": {
                "fetch-and-run": {
                    "vcpus": 4,
                    "memory_mib": 15000,
                    "environment": {"MODE": "fast", "TMPDIR": "/data/tmp"},
                    "scratch": "/data",
                    "attempts": 1,
                    "timeout_seconds": 60,
                }
            },
            "job_role": {
                "buckets": {
                    "reference-data": {"read": ["genomes/"]},
                    "outbox": {"write": ["*"]},
                }
            },
            "tags": {"team": "genomics"},
        }
    )


def test_the_network(changed: dict[str, Any]) -> None:
    assert properties(changed, "AWS::EC2::VPC")["CidrBlock"] == "172.20.0.0/20"
    blocks = {each["Properties"]["CidrBlock"] for each in resources(changed, "AWS::EC2::Subnet").values()}
    assert len(blocks) == len(ZONES)
    assert all(block.endswith("/24") for block in blocks)


def test_the_environment(changed: dict[str, Any]) -> None:
    environment = properties(changed, "AWS::Batch::ComputeEnvironment")
    compute = environment["ComputeResources"]
    assert compute["InstanceTypes"] == ["m8i", "c5.2xlarge", "r7i", "optimal"]
    assert (compute["MinvCpus"], compute["DesiredvCpus"], compute["MaxvCpus"]) == (4, 8, 64)
    assert (compute["AllocationStrategy"], compute["BidPercentage"]) == ("SPOT_CAPACITY_OPTIMIZED", 60)
    assert environment["UpdatePolicy"]["JobExecutionTimeoutMinutes"] == 60
    subnets = resources(changed, "AWS::EC2::Subnet")
    zones = [subnets[each["Ref"]]["Properties"]["AvailabilityZone"] for each in compute["Subnets"]]
    assert zones == ["us-east-1b", "us-east-1d"]


def test_the_disk(changed: dict[str, Any]) -> None:
    (mapping,) = properties(changed, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]["BlockDeviceMappings"]
    assert (mapping["Ebs"]["VolumeSize"], mapping["Ebs"]["Iops"], mapping["Ebs"]["Throughput"]) == (1000, 16000, 1000)


def test_storage_repository_and_logs(changed: dict[str, Any]) -> None:
    rules = properties(changed, "AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"]
    assert {each["Prefix"]: each["ExpirationInDays"] for each in rules if "Prefix" in each} == {
        "tmp/a/": 1,
        "tmp/b/": 30,
    }
    policy = json.loads(properties(changed, "AWS::ECR::Repository")["LifecyclePolicy"]["LifecyclePolicyText"])
    assert [each["selection"]["countNumber"] for each in policy["rules"]] == [2, 5]
    assert properties(changed, "AWS::Logs::LogGroup")["RetentionInDays"] == 365


def test_the_queue(changed: dict[str, Any]) -> None:
    queue = properties(changed, "AWS::Batch::JobQueue")
    assert queue["Priority"] == 5
    assert queue["JobStateTimeLimitActions"][0]["MaxTimeSeconds"] == 600


def test_the_job_definition(changed: dict[str, Any]) -> None:
    definition = properties(changed, "AWS::Batch::JobDefinition")
    container = definition["ContainerProperties"]
    variables = {each["Name"]: each["Value"] for each in container["Environment"]}
    assert variables == {"AWS_DEFAULT_REGION": REGION, "TMPDIR": "/data/tmp", "MODE": "fast"}
    assert container["MountPoints"][0]["ContainerPath"] == "/data"
    assert container["Volumes"][0]["Host"]["SourcePath"] == "/scratch"
    assert definition["RetryStrategy"]["Attempts"] == 1
    assert definition["Timeout"]["AttemptDurationSeconds"] == 60


def test_more_buckets(changed: dict[str, Any]) -> None:
    statements = properties(changed, "AWS::IAM::Policy", "JobRole")["PolicyDocument"]["Statement"]
    found: dict[str, set[str]] = {}
    for each in statements:
        targets = each["Resource"] if isinstance(each["Resource"], list) else [each["Resource"]]
        actions = each["Action"] if isinstance(each["Action"], list) else [each["Action"]]
        for target in targets:
            text = json.dumps(target)
            for name in ("reference-data", "outbox"):
                if name in text:
                    arn = target if isinstance(target, str) else target["Fn::Join"][1][-1]
                    key = arn.rpartition(":::")[2]
                    found.setdefault(key, set()).update(actions)
    assert "s3:GetObject" in found["reference-data/genomes/*"]
    assert "s3:PutObject" not in found["reference-data/genomes/*"]
    assert "s3:PutObject" in found["outbox/*"]
    assert "s3:GetObject" not in found["outbox/*"]
    assert "outbox" not in found


def test_tags_are_on_everything_that_they_do_not_replace() -> None:
    made = template({"tags": {"team": "genomics"}})
    mine = {"Key": "team", "Value": "genomics"}
    for kind in ("AWS::S3::Bucket", "AWS::ECR::Repository", "AWS::EC2::VPC"):
        assert mine in properties(made, kind)["Tags"]
    for kind in ("AWS::Batch::JobQueue", "AWS::Batch::JobDefinition", "AWS::Batch::ComputeEnvironment"):
        for each in resources(made, kind).values():
            assert each["Properties"]["Tags"] == {"batchyard:deployment": "default"}
    specifications = properties(made, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]["TagSpecifications"]
    assert {each["ResourceType"] for each in specifications if mine in each["Tags"]} >= {"instance", "volume"}


def test_an_existing_vpc_without_subnets_uses_its_private_ones() -> None:
    made = template({"network": {"vpc_id": VPC}})
    assert not resources(made, "AWS::EC2::VPC")
    assert not resources(made, "AWS::EC2::Subnet")
    assert not resources(made, "AWS::EC2::VPCEndpoint")
    assert properties(made, "AWS::EC2::SecurityGroup")["VpcId"]


def vpc_context(groups: list[dict[str, Any]]) -> dict[str, Any]:
    """What the CLI's look-up of a VPC answers."""
    key = f"vpc-provider:account={ACCOUNT}:filter.vpc-id={VPC}:region={REGION}:returnAsymmetricSubnets=true"
    answer = {
        "vpcId": VPC,
        "vpcCidrBlock": "10.9.0.0/16",
        "ownerAccountId": ACCOUNT,
        "availabilityZones": [],
        "subnetGroups": groups,
    }
    return {**context(), key: answer}


def group(kind: str, *ids: str) -> dict[str, Any]:
    subnets = [
        {"subnetId": each, "cidr": "10.9.0.0/24", "availabilityZone": "us-east-1a", "routeTableId": "rtb-01234567"}
        for each in ids
    ]
    return {"name": kind, "type": kind, "subnets": subnets}


def subnets_in(settings: dict[str, Any], groups: list[dict[str, Any]]) -> Any:
    stack = platform(settings, context=vpc_context(groups))
    made = stack.node.root.synth().get_stack_by_name(stack.stack_name).template  # type: ignore[attr-defined]
    return properties(made, "AWS::Batch::ComputeEnvironment", "Spot")["ComputeResources"]["Subnets"]


def test_an_existing_vpc_with_public_subnets_only_uses_those() -> None:
    assert subnets_in({"network": {"vpc_id": VPC}}, [group("Public", "subnet-0ccccccc")]) == ["subnet-0ccccccc"]


def test_an_existing_vpc_with_both_uses_the_private_ones() -> None:
    groups = [group("Public", "subnet-0ccccccc"), group("Private", "subnet-0ddddddd")]
    assert subnets_in({"network": {"vpc_id": VPC}}, groups) == ["subnet-0ddddddd"]


def test_named_subnets_of_an_existing_vpc() -> None:
    settings = {
        "network": {"vpc_id": VPC, "subnet_ids": SUBNETS},
        "compute_environments": {
            "spot": {"type": "SPOT", "subnet_ids": SUBNETS[:1]},
            "on-demand": {},
        },
    }
    made = template(settings)
    kind = "AWS::Batch::ComputeEnvironment"
    assert properties(made, kind, "Spot")["ComputeResources"]["Subnets"] == SUBNETS[:1]
    assert properties(made, kind, "OnDemand")["ComputeResources"]["Subnets"] == SUBNETS


def test_a_zone_that_the_account_does_not_have_is_told() -> None:
    with pytest.raises(UnknownZoneError, match=r"names us-east-1z, .* allowed: us-east-1a, us-east-1b"):
        platform({"compute_environments": {"spot": {"availability_zones": ["us-east-1z"]}, "on-demand": {}}})


def test_zones_wait_until_the_account_was_asked() -> None:
    flags = {key: value for key, value in context().items() if not key.startswith("availability-zones")}
    settings = {"compute_environments": {"spot": {"availability_zones": ["us-east-1z"]}, "on-demand": {}}}
    assert platform(settings, context=flags).stack_name


def test_an_ami_by_id() -> None:
    made = template({"ami": {"id": "ami-0123456789abcdef0"}})
    compute = properties(made, "AWS::Batch::ComputeEnvironment", "Spot")["ComputeResources"]
    assert compute["Ec2Configuration"] == [{"ImageType": "ECS_AL2023", "ImageIdOverride": "ami-0123456789abcdef0"}]
    assert compute["UpdateToLatestImageVersion"] is False


def test_an_ami_by_parameter_is_read_at_every_deployment() -> None:
    made = template({"ami": {"ssm_parameter": "/images/batch"}})
    compute = properties(made, "AWS::Batch::ComputeEnvironment", "OnDemand")["ComputeResources"]
    (override,) = compute["Ec2Configuration"]
    parameter = made["Parameters"][override["ImageIdOverride"]["Ref"]]
    assert parameter == {"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "Default": "/images/batch"}


def test_the_record_says_what_was_made() -> None:
    record = PlatformRecord.from_json(written_record(default_template()))
    assert (record.deployment, record.account, record.region) == ("default", ACCOUNT, REGION)
    assert (record.scripts_prefix, record.results_prefix) == ("scripts/", "results/")
    assert set(record.job_queues) == {"high", "default", "low"}
    assert set(record.compute_environments) == {"spot", "on-demand"}
    assert set(record.job_definitions) == {"fetch-and-run"}
    assert record.bucket.startswith("StorageBucket")
    batch = f"arn:aws:batch:{REGION}:{ACCOUNT}"
    assert record.job_queues["low"].startswith(f"{batch}:job-queue/LowQueue")
    assert record.compute_environments["spot"].startswith(f"{batch}:compute-environment/SpotEnvironment")
    assert record.job_definitions["fetch-and-run"].startswith(f"{batch}:job-definition/FetchAndRunDefinition")


def test_any_names_go_together() -> None:
    names = ["queue", "x-queue", "x", "Default", "job-role", "storage", "network", "platform", "a" * 128]
    made = template(
        {
            "compute_environments": {name: {} for name in names},
            "queues": {name: {"compute_environments": names[:3]} for name in names},
            "default_queue": "x",
            "job_definitions": {name: {} for name in names},
            "default_job_definition": "x",
        }
    )
    for kind in ("ComputeEnvironment", "JobQueue", "JobDefinition"):
        assert len(resources(made, f"AWS::Batch::{kind}")) == len(names)


def test_a_stack_for_no_account_in_particular_has_two_zones_and_asks_for_its_region() -> None:
    stack = platform(env=cdk.Environment())
    made = stack.node.root.synth().get_stack_by_name(stack.stack_name).template  # type: ignore[attr-defined]
    assert len(resources(made, "AWS::EC2::Subnet")) == 2
    container = properties(made, "AWS::Batch::JobDefinition")["ContainerProperties"]
    assert {"Name": "AWS_DEFAULT_REGION", "Value": {"Ref": "AWS::Region"}} in container["Environment"]
