"""A job definition of one container on EC2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import aws_batch as batch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct
from constructs.container_mounts import EfsMount, Mount, mount_points, volumes

# A reclaimed Spot instance is nobody's fault; whatever else ends an attempt would end the next one too, unless the
# definition says otherwise. (Batch User Guide, "Automated job retries".)
RETRY_ON_RECLAIM = {"action": "RETRY", "onStatusReason": "Host EC2*"}
EXIT_OTHERWISE = {"action": "EXIT", "onReason": "*"}


@dataclass(frozen=True, kw_only=True)
class Container:
    """What runs, as AWS::Batch::JobDefinition's ContainerProperties say it. Memory in MiB."""

    image: str
    command: Sequence[str] = ()
    vcpus: int
    memory_mib: int
    gpus: int = 0
    shared_memory_mib: int | None = None
    environment: Mapping[str, str]
    #: From variable to the ARN of a secret or parameter.
    secrets: Mapping[str, str]
    #: The ARN of a secret with the credentials of the image's registry.
    registry_secret: str | None = None
    mounts: Sequence[Mount | EfsMount]
    #: From name to soft and hard limit.
    ulimits: Mapping[str, tuple[int, int]]
    user: str | None = None
    init_process: bool = False
    #: Options of the awslogs driver besides group, region and stream.
    log_options: Mapping[str, str]


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
        container: Container,
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
            **container.log_options,
        }
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
            container_properties=batch.CfnJobDefinition.ContainerPropertiesProperty(
                image=container.image,
                job_role_arn=job_role.role_arn,
                execution_role_arn=execution_role.role_arn,
                privileged=False,
                readonly_root_filesystem=False,
                resource_requirements=_resources(container),
                environment=[{"name": key, "value": value} for key, value in container.environment.items()],
                volumes=volumes(container.mounts) or None,
                mount_points=mount_points(container.mounts) or None,
                log_configuration=batch.CfnJobDefinition.LogConfigurationProperty(
                    log_driver="awslogs", options=log_options
                ),
                **_optional(container),
            ),
        )


def _consumption(consumes: Mapping[str, int]) -> batch.CfnJobDefinition.ConsumableResourcePropertiesProperty | None:
    needs = [{"consumableResource": arn, "quantity": quantity} for arn, quantity in consumes.items()]
    return (
        batch.CfnJobDefinition.ConsumableResourcePropertiesProperty(consumable_resource_list=needs) if needs else None
    )


def _resources(container: Container) -> list[dict[str, str]]:
    amounts = {"VCPU": container.vcpus, "MEMORY": container.memory_mib, "GPU": container.gpus}
    return [{"type": kind, "value": str(amount)} for kind, amount in amounts.items() if amount]


def _optional(container: Container) -> dict[str, Any]:
    """What only some definitions say."""
    said: dict[str, Any] = {
        "command": list(container.command),
        "secrets": [{"name": key, "valueFrom": arn} for key, arn in container.secrets.items()],
        "ulimits": [
            {"name": name, "softLimit": soft, "hardLimit": hard} for name, (soft, hard) in container.ulimits.items()
        ],
        "user": container.user,
        "linux_parameters": _linux(container),
        "repository_credentials": container.registry_secret and {"credentialsParameter": container.registry_secret},
    }
    return {name: value for name, value in said.items() if value}


def _linux(container: Container) -> dict[str, Any]:
    said = {
        "sharedMemorySize": container.shared_memory_mib,
        "initProcessEnabled": container.init_process or None,
    }
    return {name: value for name, value in said.items() if value is not None}
