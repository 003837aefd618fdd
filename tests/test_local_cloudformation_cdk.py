"""The real CDK CLI against the engine: bootstrap, deploy, diff, a deployment that fails, destroy."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from batchyard.local import state
from batchyard.toolchain import ROOT, cdk_command
from tests.support.local_account import REGION, Account

pytest_plugins = ["tests.support.local_account_fixtures"]

APP = """
import os
import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2, aws_s3 as s3, aws_ssm as ssm

app = cdk.App()
stack = cdk.Stack(app, "Small", synthesizer=cdk.DefaultStackSynthesizer())
cdk.Tags.of(app).add("team", "red")
bucket = s3.Bucket(stack, "Bucket", enforce_ssl=True, removal_policy=cdk.RemovalPolicy.RETAIN)
ssm.StringParameter(stack, "Value", parameter_name="/small/value", string_value=os.environ["VALUE"])
if os.environ["VALUE"] == "broken":
    ec2.CfnRouteTable(stack, "Table", vpc_id="vpc-00000000")
cdk.CfnOutput(stack, "Name", value=bucket.bucket_name)
app.synth()
"""


@dataclass(frozen=True)
class Done:
    """A CLI run that ended."""

    code: int
    output: str


@pytest.fixture
def cdk(account: Account, tmp_path: Path) -> Callable[..., Done]:
    """Run the CLI on the small app; `value` is what the app puts into its parameter."""
    (tmp_path / "app.py").write_text(APP)
    port = int(account.endpoint.rsplit(":", 1)[1])
    running = state.State(
        instance="test",
        endpoint=account.endpoint,
        region=REGION,
        pid=os.getpid(),
        port=port,
        host_images=False,
        max_jobs=1,
        started_at=0.0,
    )
    node = Path(cdk_command()[0])
    environment = {
        "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "JSII_NODE": str(node),
        "PYTHONPATH": str(ROOT),
        "CDK_VALIDATION": "false",
        **state.environment(running),
        "CDK_HOME": str(tmp_path / "cdk"),
    }

    def run(*arguments: str, value: str = "one") -> Done:
        app = f"{shlex.quote(sys.executable)} app.py"
        command = [*cdk_command(), "--app", app, *arguments, "--no-notices", "--no-color", "--ci"]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=environment | {"VALUE": value},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        return Done(done.returncode, done.stdout)

    return run


@pytest.mark.slow
@pytest.mark.e2e
def test_the_cdk_cli_deploys_changes_fails_and_destroys(account: Account, cdk: Callable[..., Done]) -> None:
    def stored() -> str:
        return str(account.client("ssm").get_parameter(Name="/small/value")["Parameter"]["Value"])

    def deploy(value: str) -> Done:
        return cdk("deploy", "--require-approval", "never", value=value)

    bootstrapped = cdk("bootstrap", f"aws://123456789012/{REGION}")
    assert bootstrapped.code == 0, bootstrapped.output
    role = f"cdk-hnb659fds-cfn-exec-role-123456789012-{REGION}"
    attached = account.client("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == ["AdministratorAccess"]

    first = deploy("one")
    assert first.code == 0, first.output
    assert stored() == "one"
    [small] = account.client("cloudformation").describe_stacks(StackName="Small")["Stacks"]
    assert small["Tags"] == [{"Key": "team", "Value": "red"}]
    bucket = small["Outputs"][0]["OutputValue"]

    compared = cdk("diff", "--fail", "--method=change-set", value="two")
    assert compared.code == 1, compared.output
    assert "[~] AWS::SSM::Parameter" in compared.output
    assert compared.output.count("[~] AWS::") == 1
    assert "[-] one" in compared.output
    assert "[+] two" in compared.output
    assert stored() == "one"

    assert deploy("two").code == 0
    assert stored() == "two"
    failed = deploy("broken")
    assert failed.code == 1
    assert "vpc-00000000" in failed.output
    [small] = account.client("cloudformation").describe_stacks(StackName="Small")["Stacks"]
    assert small["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert stored() == "two"
    gone = cdk("destroy", "--force")
    assert gone.code == 0, gone.output
    with pytest.raises(ClientError, match="ParameterNotFound"):
        stored()
    account.client("s3").head_bucket(Bucket=bucket)
