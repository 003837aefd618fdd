"""A job definition on EC2, of one container or of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import aws_batch as batch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct
from constructs.container_mounts import volumes
from constructs.container_properties import Container, container_properties
from constructs.task import Task, task_properties

# A reclaimed Spot instance is nobody's fault; whatever else ends an attempt would end the next one too, unless the
# definition says otherwise. (Batch User Guide, "Automated job retries".)
RETRY_ON_RECLAIM = {"action": "RETRY", "onStatusReason": "Host EC2*"}
EXIT_OTHERWISE = {"action": "EXIT", "onReason": "*"}


@dataclass(frozen=True, kw_only=True)
class Retries:
    """How often a job is tried, and the conditions (EvaluateOnExit, without the action) that are worth it."""

    attempts: int
    conditions: Sequence[Mapping[str, str]] = ()

    def conditions_in_order(self) -> list[dict[str, str]]:
        """All conditions; the first that matches decides."""
        added = [{"action": "RETRY", **condition} for condition in self.conditions]
        return [RETRY_ON_RECLAIM, *added, EXIT_OTHERWISE]


class ContainerJob(Construct):
    """A container job definition on EC2.

    The L1 is used (docs/adr/0002): the L2 takes image and log driver from aws_ecs, whose import alone costs a tenth
    of a synthesis, and lacks parts of the resource.
    """

    definition: batch.CfnJobDefinition

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        runs: Container | Task,
        parameters: Mapping[str, str],
        job_role: iam.IRole,
        execution_role: iam.IRole,
        log_group: logs.ILogGroup,
        region: str,
        retries: Retries,
        timeout_seconds: int,
        scheduling_priority: int = 0,
        consumes: Mapping[str, int],
    ) -> None:
        """Make the job definition; `name` is what its log streams begin with, `consumes` from ARNs to quantities."""
        super().__init__(scope, construct_id)
        log_options = {
            "awslogs-group": log_group.log_group_name,
            "awslogs-region": region,
            "awslogs-stream-prefix": name,
        }
        kind = (
            {"container_properties": _only_container(runs, job_role, execution_role, log_options)}
            if isinstance(runs, Container)
            else {"ecs_properties": task_properties(runs, job_role, execution_role, log_options)}
        )
        self.definition = batch.CfnJobDefinition(
            self,
            "Resource",
            type="container",
            platform_capabilities=["EC2"],
            propagate_tags=True,
            # Jobs that wait name a revision: an update must not take it from them.
            resource_retention_policy=batch.CfnJobDefinition.ResourceRetentionPolicyProperty(
                skip_deregister_on_update=True
            ),
            parameters=dict(parameters) or None,
            retry_strategy=batch.CfnJobDefinition.RetryStrategyProperty(
                attempts=retries.attempts, evaluate_on_exit=retries.conditions_in_order()
            ),
            timeout=batch.CfnJobDefinition.TimeoutProperty(attempt_duration_seconds=timeout_seconds),
            # Jobs of a fair-share queue need one, and other queues do not look at it.
            scheduling_priority=scheduling_priority,
            consumable_resource_properties=_consumption(consumes),
            **kind,
        )


def _only_container(
    container: Container, job_role: iam.IRole, execution_role: iam.IRole, log_options: Mapping[str, str]
) -> batch.CfnJobDefinition.ContainerPropertiesProperty:
    return batch.CfnJobDefinition.ContainerPropertiesProperty(
        job_role_arn=job_role.role_arn,
        execution_role_arn=execution_role.role_arn,
        volumes=volumes(container.mounts) or None,
        **container_properties(container, log_options),
    )


def _consumption(consumes: Mapping[str, int]) -> batch.CfnJobDefinition.ConsumableResourcePropertiesProperty | None:
    needs = [{"consumableResource": arn, "quantity": quantity} for arn, quantity in consumes.items()]
    return (
        batch.CfnJobDefinition.ConsumableResourcePropertiesProperty(consumable_resource_list=needs) if needs else None
    )
