"""A small platform on a Batch server, and short words for what tests do with it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from tests.support.batch_server import Server, until

TERMINAL = ("SUCCEEDED", "FAILED")


def unique(prefix: str) -> str:
    """A name that no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def managed(name: str, **changes: Any) -> dict[str, Any]:
    """The request for a small managed compute environment."""
    resources = {
        "type": "EC2",
        "allocationStrategy": "BEST_FIT_PROGRESSIVE",
        "minvCpus": 0,
        "maxvCpus": 8,
        "instanceTypes": ["optimal"],
        "subnets": ["subnet-1"],
        "securityGroupIds": ["sg-1"],
        "instanceRole": "arn:aws:iam::123456789012:instance-profile/ecs",
    }
    return {
        "computeEnvironmentName": name,
        "type": "MANAGED",
        "computeResources": {**resources, **changes},
    }


@dataclass(frozen=True)
class Platform:
    """One compute environment and one queue on it."""

    server: Server
    environment: str
    queue: str

    def define(self, command: list[str], **members: Any) -> str:
        """Register a job definition and return its ARN; `container` holds more container properties."""
        container = {
            "image": "public.example/tool:1",
            "command": command,
            "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "128"}],
            **members.pop("container", {}),
        }
        answer = self.server.batch.register_job_definition(
            jobDefinitionName=members.pop("name", unique("definition")),
            type="container",
            containerProperties=container,
            **members,
        )
        return str(answer["jobDefinitionArn"])

    def define_several(self, containers: dict[str, dict[str, Any]], **members: Any) -> str:
        """Register a job definition of several containers, with shell scripts as `script`; return its ARN.

        All of them mount the volume `shared`, whose path is in SHARED.
        """
        given = [
            {
                "name": name,
                "image": "public.example/tool:1",
                "command": ["sh", "-c", container.pop("script", "true")],
                "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "128"}],
                "environment": [{"name": "SHARED", "value": "/shared"}],
                "mountPoints": [{"sourceVolume": "shared", "containerPath": "/shared"}],
                **container,
            }
            for name, container in containers.items()
        ]
        task = {"containers": given, "volumes": [{"name": "shared"}], **members.pop("task", {})}
        answer = self.server.batch.register_job_definition(
            jobDefinitionName=members.pop("name", unique("definition")),
            type="container",
            ecsProperties={"taskProperties": [task]},
            **members,
        )
        return str(answer["jobDefinitionArn"])

    def submit(self, definition: str, **members: Any) -> str:
        """Submit a job and return its id."""
        request = {"jobName": "job", "jobQueue": self.queue, "jobDefinition": definition, **members}
        return str(self.server.batch.submit_job(**request)["jobId"])

    def run(self, script: str, **members: Any) -> dict[str, Any]:
        """Run a shell script as a job and return its description at its end."""
        return self.finished(self.submit(self.define(["sh", "-c", script]), **members))

    def job(self, job_id: str) -> dict[str, Any]:
        """A job's description."""
        (job,) = self.server.batch.describe_jobs(jobs=[job_id])["jobs"]
        return dict(job)

    def finished(self, job_id: str) -> dict[str, Any]:
        """A job's description once it has ended."""
        return self.reaching(job_id, *TERMINAL)

    def reaching(self, job_id: str, *statuses: str) -> dict[str, Any]:
        """A job's description once it is in one of these states."""

        def probe() -> dict[str, Any] | None:
            job = self.job(job_id)
            return job if job["status"] in statuses else None

        return until(probe, f"job {job_id} in {statuses}, but {self.job(job_id)}")

    def log(self, job: dict[str, Any], group: str = "/aws/batch/job") -> list[str]:
        """The messages that a job has logged."""
        return self.stream(job["container"]["logStreamName"], group)

    def stream(self, stream: str, group: str = "/aws/batch/job") -> list[str]:
        """The messages in a log stream."""
        answer = self.server.logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)
        return [event["message"] for event in answer["events"]]


def platform(server: Server, **resources: Any) -> Platform:
    """A platform of its own on a server."""
    environment, queue = unique("environment"), unique("queue")
    server.batch.create_compute_environment(**managed(environment, **resources))
    server.batch.create_job_queue(
        jobQueueName=queue,
        priority=10,
        computeEnvironmentOrder=[{"order": 1, "computeEnvironment": environment}],
    )
    return Platform(server, environment, queue)
