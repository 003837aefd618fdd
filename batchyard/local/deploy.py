"""Bring a deployment into the local account by the same CDK CLI that brings it to AWS, and prove that it is there."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

from batchyard import platform
from batchyard.local import state
from batchyard.local.account import ACCOUNT_ID
from batchyard.local.lifecycle import LocalAccountError
from batchyard.local.state import State
from batchyard.process import run_logged
from batchyard.toolchain import ROOT, cdk_command

CDK_LOG = state.FOLDER / "cdk.log"
BOOTSTRAP_STACK = "CDKToolkit"


def cdk_environment(running: State) -> dict[str, str]:
    """The environment for a CDK CLI that reaches the local account and nothing else."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "CDK_")) and name not in ("JSII_NODE", "NODE_OPTIONS")
    }
    node = Path(cdk_command()[0]).parent
    path = f"{node}{os.pathsep}{kept.get('PATH', os.defpath)}"
    # The CDK's own validator takes longer than all the rest; the tests run it, and so does a deployment to AWS.
    return {**kept, **state.environment(running), "PATH": path, "CDK_VALIDATION": "false"}


def working_folder() -> Path:
    """A folder with a cdk.json of its own: what the CLI looks up here must not enter the project's cdk.context.json."""
    folder = state.FOLDER / "cdk"
    folder.mkdir(parents=True, exist_ok=True)
    settings = json.loads((ROOT / "cdk.json").read_text())
    settings["app"] = f"{shlex.quote(sys.executable)} {shlex.quote(str(ROOT / 'app.py'))}"
    (folder / "cdk.json").write_text(json.dumps(settings, indent=2))
    return folder


def cdk(running: State, folder: Path, *arguments: str) -> None:
    """Run the CDK CLI on the local account; LocalAccountError with the end of its output if it fails."""
    command = [*cdk_command(), *arguments, "--no-notices", "--ci", "--no-color"]
    code, output = run_logged(command, CDK_LOG, folder, cdk_environment(running))
    if code != 0:
        tail = "\n  ".join(output.strip().splitlines()[-25:])
        raise LocalAccountError(f"`cdk {' '.join(arguments)}` ended with code {code}:\n  {tail}\nThe whole: {CDK_LOG}")


def client(running: State, service: str) -> Any:
    """A boto3 client for the local account."""
    import boto3

    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=running.endpoint,
        region_name=running.region,
        aws_access_key_id=state.ACCESS_KEY_ID,
        aws_secret_access_key=state.SECRET_ACCESS_KEY,
    )


def stack_statuses(running: State) -> dict[str, str]:
    """Every stack of the account, by name, with its status."""
    pages = client(running, "cloudformation").get_paginator("describe_stacks").paginate()
    return {stack["StackName"]: stack["StackStatus"] for page in pages for stack in page["Stacks"]}


def bootstrap(running: State) -> None:
    """Bootstrap the account as the CDK wants it; once is enough."""
    if BOOTSTRAP_STACK not in stack_statuses(running):
        # From a folder without a cdk.json: bootstrapping needs no synth.
        cdk(running, state.FOLDER, "bootstrap", f"aws://{ACCOUNT_ID}/{running.region}")


def deploy(running: State, deployment: str) -> platform.PlatformRecord:
    """Deploy a deployment and return its platform record, after the services themselves have confirmed it.

    The CDK CLI's own word is not enough: it can report a success that made nothing.
    """
    arguments = ("--all", "--require-approval=never", "--context", f"deployment={deployment}")
    cdk(running, working_folder(), "deploy", *arguments)
    name = platform.parameter_name(deployment)
    parameter = client(running, "ssm").get_parameter(Name=name)
    record = platform.PlatformRecord.from_json(parameter["Parameter"]["Value"])
    batch = client(running, "batch")
    queues = batch.describe_job_queues(jobQueues=list(record.job_queues.values()))["jobQueues"]
    environments = batch.describe_compute_environments(computeEnvironments=list(record.compute_environments.values()))
    ready = [item for item in (*queues, *environments["computeEnvironments"]) if item["status"] == "VALID"]
    wanted = len(record.job_queues) + len(record.compute_environments)
    if len(ready) != wanted:
        raise LocalAccountError(
            f"the CDK CLI reported success, but only {len(ready)} of {wanted} job queues and compute environments "
            f"are VALID: see {CDK_LOG} and {state.LOG_FILE}"
        )
    return record
