"""A job queue with a priority, which frees itself of jobs that can never start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_batch as batch
from constructs import Construct


@dataclass(frozen=True, kw_only=True)
class RunnableLimits:
    """Seconds (600 to 86,400) that a job may stand at the head of a queue, by the reason why it does not start."""

    insufficient_capacity: int
    environment_maximum: int
    job_resource_requirement: int


class PrioritizedQueue(Construct):
    """A job queue over compute environments in the order in which they are tried."""

    queue: batch.JobQueue

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        priority: int,
        compute_environments: Sequence[batch.IComputeEnvironment],
        limits: RunnableLimits,
    ) -> None:
        super().__init__(scope, construct_id)
        reasons = batch.JobStateTimeLimitActionsReason
        seconds = {
            reasons.INSUFFICIENT_INSTANCE_CAPACITY: limits.insufficient_capacity,
            reasons.COMPUTE_ENVIRONMENT_MAX_RESOURCE: limits.environment_maximum,
            reasons.JOB_RESOURCE_REQUIREMENT: limits.job_resource_requirement,
        }
        self.queue = batch.JobQueue(
            self,
            "Queue",
            priority=priority,
            compute_environments=[
                batch.OrderedComputeEnvironment(compute_environment=environment, order=order)
                for order, environment in enumerate(compute_environments, start=1)
            ],
            job_state_time_limit_actions=[
                batch.JobStateTimeLimitAction(
                    action=batch.JobStateTimeLimitActionsAction.CANCEL,
                    max_time=Duration.seconds(limit),
                    reason=reason,
                    state=batch.JobStateTimeLimitActionsState.RUNNABLE,
                )
                for reason, limit in seconds.items()
            ],
        )
