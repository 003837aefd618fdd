"""A small platform on a local account of the tests' own, made by plain API calls: no CDK, so it is there in seconds.

The fixture `platform` is known to every test: tests/conftest.py names this module as a plugin.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from batchyard.client.connection import Connection, connect_to_endpoint
from batchyard.client.job import FINISHED
from batchyard.image import content_tag
from batchyard.local import state
from batchyard.platform import PlatformRecord, parameter_name
from batchyard.toolchain import CONTAINER
from tests.support.command import Command

REGION: Final = "eu-central-1"
DEPLOYMENT = "default"
MAX_JOBS = 4


@dataclass(frozen=True)
class Platform:
    """A local account that runs in this process, with a deployment on it."""

    folder: Path
    """What BATCHYARD_STATE names: `--local` finds the account there."""
    endpoint: str
    record: PlatformRecord
    connection: Connection

    def environment(self) -> dict[str, str]:
        """What points any AWS tool at the account, without `--local`."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": state.ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": state.SECRET_ACCESS_KEY,
            "AWS_REGION": REGION,
        }

    def command(self, folder: Path, **environment: str) -> Command:
        """`batchyard` in this folder, pointed at the account as at AWS."""
        return Command(folder, {**self.environment(), "BATCHYARD_STATE": str(self.folder), **environment})

    def job(self, job_id: str) -> Any:
        """The job as DescribeJobs answers it."""
        (job,) = self.connection.batch.describe_jobs(jobs=[job_id])["jobs"]
        return job

    def until(self, job_id: str, *statuses: str, seconds: float = 60) -> Any:
        """The job as soon as it has one of these statuses; fails if it cannot any more, or after so many seconds."""
        deadline = time.monotonic() + seconds
        while (job := self.job(job_id))["status"] not in statuses:
            over = time.monotonic() > deadline or job["status"] in FINISHED
            assert not over, f"{job_id} is {job['status']}, not {' or '.join(statuses)}: {job}"
            time.sleep(0.05)
        return job


@contextmanager
def local_platform(folder: Path) -> Iterator[Platform]:
    """A local account with a deployment on it, for as long as the context lasts."""
    from batchyard.local.server import Running, Settings

    settings = Settings(port=0, region=REGION, host_images=True, max_jobs=MAX_JOBS, folder=folder / state.FOLDER.name)
    running = Running(settings)
    threading.Thread(target=running.serve, name="local account", daemon=True).start()
    try:
        connection = connect_to_endpoint(
            running.endpoint,
            region=REGION,
            access_key_id=state.ACCESS_KEY_ID,
            secret_access_key=state.SECRET_ACCESS_KEY,
        )
        state.write(
            state.State(
                instance=running.account.instance,
                endpoint=running.endpoint,
                region=REGION,
                pid=os.getpid(),
                port=running.port,
                host_images=True,
                max_jobs=MAX_JOBS,
                started_at=time.time(),
            ),
            settings.folder / state.STATE_FILE.name,
        )
        yield Platform(folder, running.endpoint, install(connection), connection)
    finally:
        running.close()


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One platform for all tests of a worker: they tell their jobs apart by name and id."""
    with local_platform(tmp_path_factory.mktemp("platform")) as made:
        yield made


def install(connection: Connection) -> PlatformRecord:
    """Make what a deployment has, and write its record."""
    account = connection.account
    bucket = f"jobs-{account}"
    connection.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    log_group = f"/batchyard/{DEPLOYMENT}"
    connection.logs.create_log_group(logGroupName=log_group)
    subnets, security_groups = _network(connection)
    environments = {
        name: connection.batch.create_compute_environment(
            computeEnvironmentName=f"environment-{name}",
            type="MANAGED",
            computeResources={
                "type": "EC2" if name == "on-demand" else "SPOT",
                "minvCpus": 0,
                "maxvCpus": 64,
                "allocationStrategy": "BEST_FIT_PROGRESSIVE"
                if name == "on-demand"
                else "SPOT_PRICE_CAPACITY_OPTIMIZED",
                "instanceTypes": ["optimal"],
                "subnets": subnets,
                "securityGroupIds": security_groups,
                "instanceRole": f"arn:aws:iam::{account}:instance-profile/batch",
            },
        )["computeEnvironmentArn"]
        for name in ("on-demand", "spot")
    }
    queues = {
        name: connection.batch.create_job_queue(
            jobQueueName=f"queue-{name}",
            priority=priority,
            computeEnvironmentOrder=[{"order": 1, "computeEnvironment": environments[environment]}],
        )["jobQueueArn"]
        for name, priority, environment in (("high", 100, "on-demand"), ("default", 10, "spot"), ("low", 1, "spot"))
    }
    queues["shared"] = connection.batch.create_job_queue(
        jobQueueName="queue-shared",
        priority=1,
        schedulingPolicyArn=connection.batch.create_scheduling_policy(name="shares", fairsharePolicy={})["arn"],
        computeEnvironmentOrder=[{"order": 1, "computeEnvironment": environments["spot"]}],
    )["jobQueueArn"]
    repository = f"{account}.dkr.ecr.{REGION}.amazonaws.com/batchyard-{DEPLOYMENT}"
    image = f"{repository}:{content_tag(CONTAINER)}"
    role = f"arn:aws:iam::{account}:role/job"
    definitions = {
        "fetch-and-run": define(
            connection, "fetch-and-run", {"image": image, "jobRoleArn": role}, parameters={"greeting": "hello"}
        ),
        # Revision 1 is the older one; its image is not the platform's, so its commands run on this machine.
        "count": [
            define(
                connection,
                "count",
                {"image": "public.example/tools:1", "command": [*words, "Ref::input", "Ref::unit"]},
                parameters={"unit": "bytes"},
            )
            for words in (["echo", "old"], ["echo"])
        ][-1],
    }
    record = PlatformRecord(
        deployment=DEPLOYMENT,
        account=account,
        region=REGION,
        bucket=bucket,
        scripts_prefix="scripts/",
        results_prefix="results/",
        repository_uri=repository,
        image=image,
        log_group=log_group,
        job_role_arn=role,
        default_queue="default",
        default_job_definition="fetch-and-run",
        job_queues=queues,
        job_definitions=definitions,
        compute_environments=environments,
        fair_share_queues=["shared"],
        own_commands=["count"],
    )
    connection.ssm.put_parameter(Name=parameter_name(DEPLOYMENT), Value=record.to_json(), Type="String")
    return record


def define(connection: Connection, name: str, container: dict[str, Any], **members: Any) -> str:
    """Register the next revision of a job definition, with the log group of the platform; its ARN."""
    options = {"awslogs-group": f"/batchyard/{DEPLOYMENT}", "awslogs-stream-prefix": name}
    properties: Any = {
        "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}],
        "environment": [{"name": "AWS_DEFAULT_REGION", "value": REGION}],
        "logConfiguration": {"logDriver": "awslogs", "options": options},
        **container,
    }
    made = connection.batch.register_job_definition(
        jobDefinitionName=f"definition-{name}",
        type="container",
        schedulingPriority=0,
        containerProperties=properties,
        **members,
    )
    return str(made["jobDefinitionArn"])


def _network(connection: Connection) -> tuple[list[str], list[str]]:
    ec2 = connection.session.client("ec2", endpoint_url=connection.endpoint_url)
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]]
    groups = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])["SecurityGroups"]
    return subnets, [group["GroupId"] for group in groups]
