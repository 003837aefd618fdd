"""Jobs as DescribeJobs answers them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.support.records import ACCOUNT, REGION, record

LOG_GROUP = "/batchyard/default"


def job_id(number: int) -> str:
    """The id of the job with this number."""
    return f"00000000-0000-4000-8000-{number:012}"


def container(stream: str | None = None, **others: Any) -> dict[str, Any]:
    """A job's container, which logs to this stream."""
    place = {} if stream is None else {"logStreamName": stream}
    logging = {"logDriver": "awslogs", "options": {"awslogs-group": LOG_GROUP}}
    return {"logConfiguration": logging, **place, **others}


def attempt(stream: str, **others: Any) -> dict[str, Any]:
    """An attempt that ended, which logged to this stream."""
    return {"container": {"logStreamName": stream, **others}}


def detail(number: int = 1, status: str = "RUNNING", **others: Any) -> dict[str, Any]:
    """A job in this status."""
    return {
        "jobId": job_id(number),
        "jobName": f"job-{number}",
        "jobQueue": record().job_queues["default"],
        "jobDefinition": record().job_definitions["fetch-and-run"],
        "status": status,
        "startedAt": 1,
        "container": container(),
        **others,
    }


def task_arn(cluster: str) -> str:
    """The ARN of a task in this ECS cluster."""
    return f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/{cluster}/0123456789abcdef"


def several(ends: Mapping[str, int | None], not_essential: Iterable[str] = ()) -> dict[str, Any]:
    """The `ecsProperties` of a job with these containers, by their exit codes; their streams have their names."""
    containers = [
        {
            **container(name),
            "name": name,
            "image": f"{name}:1",
            "essential": name not in not_essential,
            "resourceRequirements": [{"type": "VCPU", "value": "2"}, {"type": "MEMORY", "value": "512"}],
            **({} if code is None else {"exitCode": code}),
        }
        for name, code in ends.items()
    ]
    return {"taskProperties": [{"taskArn": task_arn("cluster"), "containers": containers}]}


def several_attempt(ends: Mapping[str, int | None]) -> dict[str, Any]:
    """An attempt of such a job; the streams are called `NAME/1`."""
    containers = [
        {"name": name, "logStreamName": f"{name}/1", **({} if code is None else {"exitCode": code})}
        for name, code in ends.items()
    ]
    return {"taskProperties": [{"taskArn": task_arn("cluster"), "containers": containers}]}
