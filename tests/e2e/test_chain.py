"""From a deployment file to a finished job: the command line, the real CDK CLI, a real job."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from batchyard import platform
from tests.support.local_cli import Desk, run

# They look and submit, and leave the account as it is.
pytestmark = [pytest.mark.slow, pytest.mark.e2e]

STRANGER = Path(__file__).parent / "stranger.py"


def test_the_default_deployment_stands_by_the_services_own_word(account: Desk) -> None:
    batch = account.client("batch")
    queues = {queue["priority"]: queue for queue in batch.describe_job_queues()["jobQueues"]}
    environments = {
        found["computeEnvironmentArn"]: found for found in batch.describe_compute_environments()["computeEnvironments"]
    }

    def kinds(priority: int) -> list[str]:
        order = sorted(queues[priority]["computeEnvironmentOrder"], key=lambda item: int(item["order"]))
        return [environments[item["computeEnvironment"]]["computeResources"]["type"] for item in order]

    assert {priority: kinds(priority) for priority in queues} == {
        100: ["EC2", "SPOT"],
        10: ["SPOT", "EC2"],
        1: ["SPOT"],
    }
    for queue in queues.values():
        assert (queue["state"], queue["status"]) == ("ENABLED", "VALID")
        assert len(queue["jobStateTimeLimitActions"]) == 3
    for environment in environments.values():
        assert environment["computeResources"]["minvCpus"] == 0
        assert environment["ecsClusterArn"].startswith("arn:aws:ecs:")
        template = environment["computeResources"]["launchTemplate"]
        versions = account.client("ec2").describe_launch_template_versions(
            LaunchTemplateId=template["launchTemplateId"], Versions=[template["version"]]
        )["LaunchTemplateVersions"]
        data = versions[0]["LaunchTemplateData"]
        disk = data["BlockDeviceMappings"][0]
        assert (disk["DeviceName"], disk["Ebs"]["VolumeType"], disk["Ebs"]["VolumeSize"]) == ("/dev/xvda", "gp3", 200)
        assert disk["Ebs"]["Encrypted"] is True
        assert data["MetadataOptions"]["HttpTokens"] == "required"


def test_bucket_repository_network_and_roles_stand(account: Desk) -> None:
    text = account.client("ssm").get_parameter(Name=platform.parameter_name("default"))["Parameter"]["Value"]
    record = platform.PlatformRecord.from_json(text)

    s3 = account.client("s3")
    assert s3.get_public_access_block(Bucket=record.bucket)["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert s3.get_bucket_encryption(Bucket=record.bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert s3.get_bucket_lifecycle_configuration(Bucket=record.bucket)["Rules"]
    statements = json.loads(s3.get_bucket_policy(Bucket=record.bucket)["Policy"])["Statement"]
    assert any(
        item["Effect"] == "Deny" and item["Condition"]["Bool"]["aws:SecureTransport"] == "false" for item in statements
    )

    name = record.repository_uri.partition("/")[2]
    repository = account.client("ecr").describe_repositories(repositoryNames=[name])["repositories"][0]
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}

    role = account.client("iam").get_role(RoleName=record.job_role_arn.rpartition("/")[2])["Role"]
    trusted = [item["Principal"] for item in role["AssumeRolePolicyDocument"]["Statement"]]
    assert trusted == [{"Service": "ecs-tasks.amazonaws.com"}]

    ec2 = account.client("ec2")
    zones = {zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]}
    subnets = ec2.describe_subnets(Filters=[{"Name": "tag:batchyard:deployment", "Values": ["default"]}])["Subnets"]
    assert {subnet["AvailabilityZone"] for subnet in subnets} == zones
    assert ec2.describe_nat_gateways()["NatGateways"] == []


@pytest.mark.parametrize(("exit_code", "status"), [(0, "SUCCEEDED"), (7, "FAILED")])
def test_a_stranger_with_boto3_runs_a_script(account: Desk, exit_code: int, status: str) -> None:
    environment = account.account_environment()
    done = run(sys.executable, "-I", STRANGER, str(exit_code), env=environment).ok()
    seen = json.loads(done.out)
    assert (seen["status"], seen["exit_code"], seen["attempts"]) == (status, exit_code, 1)
    assert f"hello world from {seen['queue']}, 2 arguments: one two three" in seen["log"]
    assert seen["vcpus"] == ["1"]


def test_submit_waits_and_ends_with_the_jobs_own_code(account: Desk, tmp_path: Path) -> None:
    script = tmp_path / "job.sh"
    script.write_text('#!/bin/bash\necho "line of $1"\nexit "$2"\n')
    job_id = account.batchyard("submit", "--local", "--queue", "high", script, "mine", "3").ok().out.strip()
    waited = account.batchyard("wait", "--local", job_id)
    assert waited.code == 3
    assert "line of mine" in account.batchyard("logs", "--local", job_id).ok().out.splitlines()
    table = json.loads(account.batchyard("list", "--local", "--json").ok().out)
    text = json.dumps(table)
    assert job_id in text
    assert "123456789012" in waited.err
    assert "us-east-1" in waited.err


def test_up_twice_is_harmless_and_status_tells(account: Desk) -> None:
    before = json.loads(account.batchyard("local", "status", "--json").ok().out)
    again = account.batchyard("local", "up").ok()
    assert "up already" in again.err
    after = json.loads(account.batchyard("local", "status", "--json").ok().out)
    assert (before["pid"], before["endpoint"]) == (after["pid"], after["endpoint"])
    assert after["stacks"]["Batchyard-default"].endswith("_COMPLETE")
    assert any(item["type"] == "AWS::CDK::Metadata" or item["properties"] for item in after["recorded"])
    assert after["endpoint"] in account.batchyard("local", "status").ok().out


def test_up_with_another_port_is_refused_with_what_to_do(account: Desk) -> None:
    clash = account.batchyard("local", "up", "--port", "9")
    assert clash.code == 1
    assert "batchyard local down" in clash.err
