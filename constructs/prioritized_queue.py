"""A job queue with a priority, which frees itself of jobs that can never start, and may share fairly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_batch as batch
from constructs import Construct
from constructs.fair_share_policy import FairShare, FairSharePolicy


@dataclass(frozen=True, kw_only=True)
class RunnableLimits:
    """Seconds (600 to 86,400) that a job may stand at the head of a queue, by the reason why it does not start."""

    insufficient_capacity: int
    environment_maximum: int
    job_resource_requirement: int


class PrioritizedQueue(Construct):
    """A job queue over compute environments in the order in which they are tried.

    A queue can neither get a scheduling policy later nor lose it (API reference, UpdateJobQueue). So one with fair
    share is another resource than one without, and a change from one to the other lands as a new queue.
    """

    queue: batch.JobQueue

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        priority: int,
        compute_environments: Sequence[batch.IComputeEnvironment],
        limits: RunnableLimits,
        fair_share: FairShare | None = None,
        enabled: bool = True,
    ) -> None:
        super().__init__(scope, construct_id)
        reasons = batch.JobStateTimeLimitActionsReason
        seconds = {
            reasons.INSUFFICIENT_INSTANCE_CAPACITY: limits.insufficient_capacity,
            reasons.COMPUTE_ENVIRONMENT_MAX_RESOURCE: limits.environment_maximum,
            reasons.JOB_RESOURCE_REQUIREMENT: limits.job_resource_requirement,
        }
        policy = None if fair_share is None else FairSharePolicy(self, "FairShare", fair_share=fair_share).policy
        self.queue = batch.JobQueue(
            self,
            "Queue" if policy is None else "FairShareQueue",
            priority=priority,
            enabled=enabled,
            scheduling_policy=policy,
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
