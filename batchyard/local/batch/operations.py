"""Which operations the local account implements: one table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from batchyard.local.batch import (
    compute_environments,
    consumable_resources,
    job_definitions,
    job_listing,
    job_queues,
    job_views,
    jobs,
    scheduling_policies,
    submission,
    tags,
)
from batchyard.local.batch.model import Document
from batchyard.local.batch.service import Service

Handler = Callable[[Service, str, Document], Document]
"""(service, region, validated request) → answer. Raises BatchError."""


@dataclass(frozen=True)
class Operation:
    """A handler, and whether it runs under the service's lock (or takes it itself, as it calls other services)."""

    handler: Handler
    locked: bool = True


OPERATIONS: Mapping[str, Operation] = {
    "CreateComputeEnvironment": Operation(compute_environments.create, locked=False),
    "UpdateComputeEnvironment": Operation(compute_environments.update),
    "DeleteComputeEnvironment": Operation(compute_environments.delete, locked=False),
    "DescribeComputeEnvironments": Operation(compute_environments.describe),
    "CreateJobQueue": Operation(job_queues.create),
    "UpdateJobQueue": Operation(job_queues.update),
    "DeleteJobQueue": Operation(job_queues.delete),
    "DescribeJobQueues": Operation(job_queues.describe),
    "GetJobQueueSnapshot": Operation(job_queues.snapshot),
    "CreateSchedulingPolicy": Operation(scheduling_policies.create),
    "UpdateSchedulingPolicy": Operation(scheduling_policies.update),
    "DeleteSchedulingPolicy": Operation(scheduling_policies.delete),
    "DescribeSchedulingPolicies": Operation(scheduling_policies.describe),
    "ListSchedulingPolicies": Operation(scheduling_policies.list_all),
    "CreateConsumableResource": Operation(consumable_resources.create),
    "UpdateConsumableResource": Operation(consumable_resources.update),
    "DeleteConsumableResource": Operation(consumable_resources.delete),
    "DescribeConsumableResource": Operation(consumable_resources.describe),
    "ListConsumableResources": Operation(consumable_resources.list_all),
    "RegisterJobDefinition": Operation(job_definitions.register),
    "DeregisterJobDefinition": Operation(job_definitions.deregister),
    "DescribeJobDefinitions": Operation(job_definitions.describe),
    "SubmitJob": Operation(submission.submit),
    "DescribeJobs": Operation(job_views.describe),
    "ListJobs": Operation(job_listing.list_jobs),
    "CancelJob": Operation(jobs.cancel),
    "TerminateJob": Operation(jobs.terminate),
    "TagResource": Operation(tags.tag),
    "UntagResource": Operation(tags.untag),
    "ListTagsForResource": Operation(tags.list_all),
}
