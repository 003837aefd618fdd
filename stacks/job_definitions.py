"""From a job definition's settings to what its constructs take."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Stack
from constructs.container_job import Retries
from constructs.container_mounts import EfsMount, Mount
from constructs.container_properties import Container
from constructs.job_role import JobRole
from constructs.task import Task, TaskContainer
from constructs.user_data import SCRATCH_ON_HOST

from batchyard.ecr_image import ecr_image
from batchyard.mounted_runner import RUNNER_FOLDER
from batchyard.settings.container import Container as ContainerSettings
from batchyard.settings.container_log import ContainerLog
from batchyard.settings.containers import containers_of
from batchyard.settings.deployment import Deployment
from batchyard.settings.job_definition import JobDefinition
from batchyard.settings.mounted_runner import command_of, mounts_runner
from batchyard.settings.retry import RetryCondition
from batchyard.settings.secrets import resource_of


def runs_of(deployment: Deployment, definition: JobDefinition, *, image: str, region: str) -> Container | Task:
    """What a definition's jobs run: one container, or several; `image` is the platform's."""
    if not definition.containers:
        return _container(deployment, definition, image=image, region=region)
    shared = [
        Mount(name=f"shared{number}", host_path=None, container_path=path)
        for number, path in enumerate(definition.shared_folders, start=1)
    ]
    return Task(
        containers=[
            TaskContainer(
                name=name,
                container=_container(deployment, each, image=image, region=region, shared=shared, prefix=f"{name}-"),
                essential=each.essential,
                depends_on=each.depends_on,
                start_timeout=each.start_timeout_seconds,
                stop_timeout=each.stop_timeout_seconds,
            )
            for name, each in definition.containers.items()
        ],
        ipc_mode=definition.ipc_mode,
        pid_mode=definition.pid_mode,
    )


def _container(
    deployment: Deployment,
    settings: ContainerSettings,
    *,
    image: str,
    region: str,
    shared: Sequence[Mount] = (),
    prefix: str = "",
) -> Container:
    """`prefix` is what tells the container's own volumes from those of others."""
    scratch = settings.scratch
    # Batch on EC2 tells a container neither its region nor where there is room for large files.
    variables = {"AWS_DEFAULT_REGION": region, **({"TMPDIR": scratch} if scratch else {}), **settings.environment}
    return Container(
        image=settings.image or image,
        command=command_of(deployment, settings),
        vcpus=settings.vcpus,
        memory_mib=settings.memory_mib,
        gpus=settings.gpus,
        shared_memory_mib=settings.shared_memory_mib,
        environment=variables,
        secrets=settings.secrets,
        registry_secret=settings.registry_secret,
        mounts=[*_mounts(settings, prefix, with_runner=mounts_runner(deployment, settings)), *shared],
        ulimits={name: (limit.soft, limit.hard) for name, limit in settings.ulimits.items()},
        user=settings.user,
        init_process=settings.init_process,
        log_options=_log_options(settings.log),
    )


def retries_of(definition: JobDefinition) -> Retries:
    """When a definition's jobs are tried again."""
    return Retries(
        attempts=definition.attempts, conditions=[_condition(condition) for condition in definition.retry_on]
    )


def secrets_of(container: ContainerSettings) -> list[str]:
    """The ARNs of all secrets and parameters that a container needs read."""
    arns = [resource_of(arn) for arn in container.secrets.values()]
    return arns if container.registry_secret is None else [*arns, container.registry_secret]


def repository_arns(stack: Stack, image: str | None) -> list[str]:
    """The ECR repository that an existing image lies in, if it lies in one."""
    found = ecr_image(image)
    return [found.repository_arn(stack.partition)] if found else []


def grant_mounts(stack: Stack, role: JobRole, definition: JobDefinition) -> None:
    """Let a role mount the file systems that a definition's containers mount by it."""
    for mount in (mount for each in containers_of(definition).values() for mount in each.efs.values()):
        if not mount.iam:
            continue
        arn = f"arn:{stack.partition}:elasticfilesystem:{stack.region}:{stack.account}"
        point = mount.access_point_id
        role.grant_mount(
            f"{arn}:file-system/{mount.file_system_id}",
            None if point is None else f"{arn}:access-point/{point}",
            write=not mount.read_only,
        )


def _mounts(container: ContainerSettings, prefix: str, *, with_runner: bool) -> list[Mount | EfsMount]:
    mounts: list[Mount | EfsMount] = []
    if with_runner:
        mounts.append(Mount(name="runner", host_path=RUNNER_FOLDER, container_path=RUNNER_FOLDER, read_only=True))
    if container.scratch is not None:
        mounts.append(Mount(name="scratch", host_path=SCRATCH_ON_HOST, container_path=container.scratch))
    for number, (path, mount) in enumerate(container.mounts.items(), start=1):
        host_path = mount.host_path or path
        mounts.append(
            Mount(name=f"{prefix}host{number}", host_path=host_path, container_path=path, read_only=mount.read_only)
        )
    for number, (path, efs) in enumerate(container.efs.items(), start=1):
        mounts.append(
            EfsMount(
                name=f"{prefix}efs{number}",
                file_system_id=str(efs.file_system_id),
                container_path=path,
                root_directory=efs.root_directory,
                access_point_id=efs.access_point_id,
                transit_encryption=efs.transit_encryption,
                iam=efs.iam,
                read_only=efs.read_only,
            )
        )
    return mounts


def _log_options(log: ContainerLog) -> dict[str, str]:
    said = {
        "mode": log.mode,
        "max-buffer-size": log.max_buffer_mib and f"{log.max_buffer_mib}m",
        "awslogs-multiline-pattern": log.multiline_pattern,
        "awslogs-datetime-format": log.datetime_format,
    }
    return {name: str(value) for name, value in said.items() if value}


def _condition(condition: RetryCondition) -> dict[str, str]:
    said = {
        "onExitCode": condition.exit_code,
        "onReason": condition.reason,
        "onStatusReason": condition.status_reason,
    }
    return {name: value for name, value in said.items() if value}
