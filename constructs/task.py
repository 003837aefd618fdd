"""The ECS task of a job with several containers, as AWS::Batch::JobDefinition's EcsProperties say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk import aws_batch as batch
from aws_cdk import aws_iam as iam
from constructs.container_mounts import volumes
from constructs.container_properties import Container, container_properties


@dataclass(frozen=True, kw_only=True)
class TaskContainer:
    """One of the containers, and what the others have to do with it."""

    name: str
    container: Container
    essential: bool
    #: From other containers' names to START, COMPLETE or SUCCESS.
    depends_on: Mapping[str, str] = field(default_factory=dict)
    #: Seconds: how long others wait for its end, and how long it has to end when it is stopped.
    start_timeout: int | None = None
    stop_timeout: int | None = None


@dataclass(frozen=True, kw_only=True)
class Task:
    """The containers of a job, on one instance. Mounts of the same name are one volume, in whichever container."""

    containers: Sequence[TaskContainer]
    ipc_mode: str | None = None
    pid_mode: str | None = None


def task_properties(
    task: Task, job_role: iam.IRole, execution_role: iam.IRole, log_options: Mapping[str, str]
) -> batch.CfnJobDefinition.EcsPropertiesProperty:
    """The one task of a job definition: EcsProperties takes a list, of which Batch allows one."""
    mounts = [mount for each in task.containers for mount in each.container.mounts]
    return batch.CfnJobDefinition.EcsPropertiesProperty(
        task_properties=[
            batch.CfnJobDefinition.EcsTaskPropertiesProperty(
                task_role_arn=job_role.role_arn,
                execution_role_arn=execution_role.role_arn,
                ipc_mode=task.ipc_mode,
                pid_mode=task.pid_mode,
                volumes=volumes(mounts) or None,
                containers=[_container(each, log_options) for each in task.containers],
            )
        ]
    )


def _container(
    one: TaskContainer, log_options: Mapping[str, str]
) -> batch.CfnJobDefinition.TaskContainerPropertiesProperty:
    dependencies = [{"containerName": name, "condition": condition} for name, condition in one.depends_on.items()]
    return batch.CfnJobDefinition.TaskContainerPropertiesProperty(
        name=one.name,
        essential=one.essential,
        depends_on=dependencies or None,
        start_timeout=one.start_timeout,
        stop_timeout=one.stop_timeout,
        **container_properties(one.container, log_options),
    )
