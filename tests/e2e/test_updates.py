"""A change of the deployment file, from `cdk diff` to `cdk destroy`, in a checkout of the test's own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from batchyard.toolchain import ROOT
from tests.support.local_cli import Desk

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

DEPLOYMENT = """\
default_queue: urgent
queues:
  urgent:
    priority: {priority}
    compute_environments: [on-demand]
"""


def checkout(folder: Path) -> Path:
    """The project's own files as they are now, in another folder, with this set-up."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in listed:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    for name in (".venv", "node_modules"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def priorities(desk: Desk, stack_tag: str) -> list[int]:
    """The priorities of the queues of a deployment, by the Batch service's own word."""
    queues = desk.client("batch").describe_job_queues()["jobQueues"]
    return sorted(queue["priority"] for queue in queues if queue["tags"].get("batchyard:deployment") == stack_tag)


def test_diff_shows_one_change_deploy_applies_it_destroy_keeps_the_data(account: Desk, tmp_path: Path) -> None:
    project = checkout(tmp_path / "project")
    file = project / "deployments" / "small.yaml"
    context = ("-c", "deployment=small")
    stack = "Batchyard-small"

    file.write_text(DEPLOYMENT.format(priority=5))
    account.cdk("deploy", *context, "--require-approval=never", cwd=project).ok()
    assert priorities(account, "small") == [5]
    assert "There were no differences" in (done := account.cdk("diff", *context, cwd=project)).out + done.err

    file.write_text(DEPLOYMENT.format(priority=50))
    for method in ("change-set", "template"):
        diff = account.cdk("diff", *context, f"--method={method}", cwd=project)
        changed = [line for line in (diff.out + diff.err).splitlines() if line.startswith(("[~]", "[+]", "[-]"))]
        assert len(changed) == 1, diff.out + diff.err
        assert "AWS::Batch::JobQueue" in changed[0]
    account.cdk("deploy", *context, "--require-approval=never", cwd=project).ok()
    assert priorities(account, "small") == [50]

    resources = account.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    physical = {item["LogicalResourceId"]: item for item in resources}
    account.cdk("destroy", *context, "--force", cwd=project).ok()
    assert priorities(account, "small") == []
    kept = {item["ResourceType"] for item in physical.values() if still_there(account, item)}
    assert kept == {"AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::ECR::Repository", "AWS::Logs::LogGroup"}


def still_there(desk: Desk, resource: dict[str, str]) -> bool:
    """Whether a resource exists, by its own service's word."""
    name = resource["PhysicalResourceId"]
    lookups: dict[str, tuple[str, str, dict[str, object]]] = {
        "AWS::S3::Bucket": ("s3", "head_bucket", {"Bucket": name}),
        "AWS::S3::BucketPolicy": ("s3", "get_bucket_policy", {"Bucket": name}),
        "AWS::ECR::Repository": ("ecr", "describe_repositories", {"repositoryNames": [name]}),
        "AWS::IAM::Role": ("iam", "get_role", {"RoleName": name}),
        "AWS::IAM::InstanceProfile": ("iam", "get_instance_profile", {"InstanceProfileName": name}),
        "AWS::EC2::VPC": ("ec2", "describe_vpcs", {"VpcIds": [name]}),
        "AWS::EC2::Subnet": ("ec2", "describe_subnets", {"SubnetIds": [name]}),
        "AWS::EC2::InternetGateway": ("ec2", "describe_internet_gateways", {"InternetGatewayIds": [name]}),
        "AWS::EC2::LaunchTemplate": ("ec2", "describe_launch_templates", {"LaunchTemplateIds": [name]}),
        "AWS::EC2::SecurityGroup": ("ec2", "describe_security_groups", {"GroupIds": [name]}),
        "AWS::SSM::Parameter": ("ssm", "get_parameter", {"Name": name}),
    }
    if resource["ResourceType"] == "AWS::Logs::LogGroup":
        found = desk.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        return bool(found)
    if resource["ResourceType"] == "AWS::Batch::ComputeEnvironment":
        found = desk.client("batch").describe_compute_environments(computeEnvironments=[name])
        return bool(found["computeEnvironments"])
    if resource["ResourceType"] not in lookups:
        return False
    service, operation, arguments = lookups[resource["ResourceType"]]
    client = desk.client(service)
    try:
        found = getattr(client, operation)(**arguments)
    except client.exceptions.ClientError:
        return False
    # Some services answer a name that is gone with an error, some with an empty list.
    return all(found[key] != [] for key in found if key != "ResponseMetadata")
