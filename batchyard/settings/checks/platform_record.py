"""Check of the platform record: SSM's largest parameter holds it (API reference, PutParameter)."""

from __future__ import annotations

from collections.abc import Iterator

from batchyard.platform import MOST_CHARACTERS, PlatformRecord
from batchyard.settings.deployment import Deployment
from batchyard.settings.environments import all_environments
from batchyard.settings.mounted_runner import mounted_runners, own_commands
from batchyard.settings.names import pascal_case
from batchyard.settings.problems import Problem

#: What the CDK and CloudFormation put behind a resource's name: a hash, a hyphen, random letters.
ADDED = "x" * (8 + 1 + 16)
#: The longest name that Batch takes.
LONGEST_NAME = 128


def platform_record(deployment: Deployment) -> Iterator[Problem]:
    """It names every queue, job definition and environment twice: as the file does, and as AWS does."""
    size = len(_longest(deployment).to_json())
    if size > MOST_CHARACTERS:
        counts = f"{len(deployment.queues)} queues, {len(deployment.job_definitions)} job definitions"
        yield Problem(
            ("job_definitions",),
            "their names, and those of queues and environments, make the platform record too long for SSM",
            f"{counts}: about {size:,} characters",
            f"{MOST_CHARACTERS:,}; fewer of them, or shorter names, or a second deployment",
            others=(("queues",),),
        )


def _longest(deployment: Deployment) -> PlatformRecord:
    text = "x" * 64
    environments = [str(path[-1]) for path, _ in all_environments(deployment)]
    return PlatformRecord(
        deployment=text,
        account="123456789012",
        region="ap-southeast-1",
        bucket=text,
        scripts_prefix=deployment.storage.scripts_prefix,
        results_prefix=deployment.storage.results_prefix,
        repository_uri=text * 2,
        image=deployment.image.uri or text * 2,
        log_group=text,
        job_role_arn=text * 2,
        default_queue=deployment.default_queue,
        default_job_definition=deployment.default_job_definition,
        job_queues={
            name: _made(name, "QueueFairShareQueue" if queue.fair_share else "Queue")
            for name, queue in deployment.queues.items()
        },
        job_definitions={name: f"{_made(name, 'Definition')}:100" for name in deployment.job_definitions},
        compute_environments={name: _made(name, "Environment") for name in environments},
        fair_share_queues=[name for name, queue in deployment.queues.items() if queue.fair_share],
        mounted_runners=mounted_runners(deployment),
        own_commands=own_commands(deployment),
    )


def _made(name: str, kind: str) -> str:
    return f"{pascal_case(name)}{kind}{ADDED}"[:LONGEST_NAME]
