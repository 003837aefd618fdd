"""Platform records that need no account."""

from __future__ import annotations

from batchyard.platform import PlatformRecord

REGION = "eu-central-1"
ACCOUNT = "123456789012"
_BATCH = f"arn:aws:batch:{REGION}:{ACCOUNT}"


def record() -> PlatformRecord:
    """A record with the three queues of the default deployment, of which `low` shares fairly."""
    return PlatformRecord(
        deployment="default",
        account=ACCOUNT,
        region=REGION,
        bucket="jobs",
        scripts_prefix="scripts/",
        results_prefix="results/",
        repository_uri=f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/batchyard",
        image=f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/batchyard:0123456789abcdef",
        log_group="/batchyard/default",
        job_role_arn=f"arn:aws:iam::{ACCOUNT}:role/job",
        default_queue="default",
        default_job_definition="fetch-and-run",
        job_queues={name: f"{_BATCH}:job-queue/Queue-{name}" for name in ("high", "default", "low")},
        job_definitions={"fetch-and-run": f"{_BATCH}:job-definition/fetch-and-run:3"},
        compute_environments={name: f"{_BATCH}:compute-environment/Ce-{name}" for name in ("spot", "on-demand")},
        fair_share_queues=["low"],
    )
