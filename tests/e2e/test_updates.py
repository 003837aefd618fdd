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
job_definitions:
  fetch-and-run:
    environment: {{MODE: {mode}}}
"""

ON_SMALL = ("--local", "--deployment", "small")
SAYS_ITS_MODE = "#!/bin/sh\necho mode $MODE\n"


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


def mode(desk: Desk, *options: str) -> str:
    """What a job that is submitted now, with these options, says of its mode."""
    done = desk.batchyard("submit", *ON_SMALL, "--wait", *options, "-", stdin=SAYS_ITS_MODE).ok()
    return next(line for line in done.err.splitlines() if line.startswith("mode "))


def revisions(desk: Desk, name: str) -> dict[int, str]:
    """The revisions of a job definition by number, with their status."""
    found = desk.client("batch").describe_job_definitions(jobDefinitionName=name)["jobDefinitions"]
    return {each["revision"]: each["status"] for each in found}


def test_diff_shows_one_change_deploy_applies_it_destroy_keeps_the_data(account: Desk, tmp_path: Path) -> None:
    project = checkout(tmp_path / "project")
    file = project / "deployments" / "small.yaml"
    context = ("-c", "deployment=small")
    stack = "Batchyard-small"

    file.write_text(DEPLOYMENT.format(priority=5, mode="old"))
    account.cdk("deploy", *context, "--require-approval=never", cwd=project).ok()
    assert priorities(account, "small") == [5]
    assert "There were no differences" in (done := account.cdk("diff", *context, cwd=project)).out + done.err

    file.write_text(DEPLOYMENT.format(priority=50, mode="old"))
    for method in ("change-set", "template"):
        diff = account.cdk("diff", *context, f"--method={method}", cwd=project)
        changed = [line for line in (diff.out + diff.err).splitlines() if line.startswith(("[~]", "[+]", "[-]"))]
        assert len(changed) == 1, diff.out + diff.err
        assert "AWS::Batch::JobQueue" in changed[0]

    gate = tmp_path / "gate"
    holds = f"until [ -e {gate} ]; do sleep 0.05; done"
    blocker = account.batchyard("submit", *ON_SMALL, "-", stdin=f"#!/bin/sh\n{holds}\n").ok().out.strip()
    waits = account.batchyard("submit", *ON_SMALL, "--depends-on", blocker, "-", stdin=SAYS_ITS_MODE).ok().out.strip()
    file.write_text(DEPLOYMENT.format(priority=50, mode="new"))
    account.cdk("deploy", *context, "--require-approval=never", cwd=project).ok()
    assert priorities(account, "small") == [50]

    # The job that waited keeps the revision that it was submitted to, which takes new jobs as well.
    gate.touch()
    account.batchyard("wait", *ON_SMALL, waits).ok()
    assert account.batchyard("logs", *ON_SMALL, waits).ok().out.splitlines()[-1] == "mode old"
    assert [mode(account), mode(account, "--job-definition", "fetch-and-run:1")] == ["mode new", "mode old"]

    resources = account.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    physical = {item["LogicalResourceId"]: item for item in resources}
    (definition,) = [name for name, item in physical.items() if item["ResourceType"] == "AWS::Batch::JobDefinition"]
    registered = physical[definition]["PhysicalResourceId"].rpartition("/")[2].rpartition(":")[0]
    assert revisions(account, registered) == {1: "ACTIVE", 2: "ACTIVE"}
    account.cdk("destroy", *context, "--force", cwd=project).ok()
    assert priorities(account, "small") == []
    assert revisions(account, registered) == {1: "ACTIVE", 2: "INACTIVE"}
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
