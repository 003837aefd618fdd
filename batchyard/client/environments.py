"""On which compute environment a job runs: Batch does not say, but the job's ECS cluster does."""

from __future__ import annotations

from collections.abc import Iterable

from batchyard.client.connection import Connection
from batchyard.client.job import Job


def compute_environments(connection: Connection, jobs: Iterable[Job]) -> dict[str, str]:
    """The ARN of the compute environment of each job that was placed on one, by job id.

    Each compute environment has an ECS cluster of its own (DescribeComputeEnvironments, `ecsClusterArn`), and the
    ARN of a job's task or container instance names the cluster
    (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html).
    """
    clusters = {job.id: _cluster(job) for job in jobs}
    if not any(clusters.values()):
        return {}
    by_cluster = {
        environment["ecsClusterArn"].rpartition("/")[2]: environment["computeEnvironmentArn"]
        for page in connection.batch.get_paginator("describe_compute_environments").paginate()
        for environment in page["computeEnvironments"]
        if "ecsClusterArn" in environment
    }
    return {job_id: by_cluster[cluster] for job_id, cluster in clusters.items() if cluster in by_cluster}


def _cluster(job: Job) -> str | None:
    """The name of the job's ECS cluster, out of `…:task/CLUSTER/ID` or `…:container-instance/CLUSTER/ID`."""
    last = job.attempts[-1] if job.attempts else None
    arns = [job.task_arn, job.container_instance_arn]
    if last is not None:
        arns += [last.task_arn, last.container_instance_arn]
    for arn in arns:
        parts = (arn or "").split("/")
        if len(parts) == 3:
            return parts[1]
    return None
