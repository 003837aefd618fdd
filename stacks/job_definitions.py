"""From a job definition's settings to what its constructs take."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Stack
from constructs.container_job import Container, Retries
from constructs.container_mounts import EfsMount, Mount
from constructs.job_role import JobRole
from constructs.user_data import SCRATCH_ON_HOST

from batchyard.ecr_image import ecr_image
from batchyard.mounted_runner import RUNNER_FOLDER
from batchyard.settings.job_definition import JobDefinition
from batchyard.settings.retry import RetryCondition
from batchyard.settings.secrets import resource_of


def container_of(
    definition: JobDefinition, *, image: str, command: Sequence[str], region: str, with_runner: bool
) -> Container:
    """The container of a definition; `image` is the platform's, `with_runner` mounts the instance's runner."""
    scratch = definition.scratch
    # Batch on EC2 tells a container neither its region nor where there is room for large files.
    variables = {"AWS_DEFAULT_REGION": region, **({"TMPDIR": scratch} if scratch else {}), **definition.environment}
    return Container(
        image=definition.image or image,
        command=command,
        vcpus=definition.vcpus,
        memory_mib=definition.memory_mib,
        gpus=definition.gpus,
        shared_memory_mib=definition.shared_memory_mib,
        environment=variables,
        secrets=definition.secrets,
        registry_secret=definition.registry_secret,
        mounts=_mounts(definition, with_runner=with_runner),
        ulimits={name: (limit.soft, limit.hard) for name, limit in definition.ulimits.items()},
        user=definition.user,
        init_process=definition.init_process,
        log_options=_log_options(definition),
    )


def retries_of(definition: JobDefinition) -> Retries:
    """When a definition's jobs are tried again."""
    return Retries(
        attempts=definition.attempts, conditions=[_condition(condition) for condition in definition.retry_on]
    )


def secrets_of(definition: JobDefinition) -> list[str]:
    """The ARNs of all secrets and parameters that a definition's containers need read."""
    arns = [resource_of(arn) for arn in definition.secrets.values()]
    return arns if definition.registry_secret is None else [*arns, definition.registry_secret]


def repository_arns(stack: Stack, image: str | None) -> list[str]:
    """The ECR repository that an existing image lies in, if it lies in one."""
    found = ecr_image(image)
    return [found.repository_arn(stack.partition)] if found else []


def grant_mounts(stack: Stack, role: JobRole, definition: JobDefinition) -> None:
    """Let a role mount the file systems that a definition mounts by it."""
    for mount in definition.efs.values():
        if not mount.iam:
            continue
        arn = f"arn:{stack.partition}:elasticfilesystem:{stack.region}:{stack.account}"
        point = mount.access_point_id
        role.grant_mount(
            f"{arn}:file-system/{mount.file_system_id}",
            None if point is None else f"{arn}:access-point/{point}",
            write=not mount.read_only,
        )


def _mounts(definition: JobDefinition, *, with_runner: bool) -> list[Mount | EfsMount]:
    mounts: list[Mount | EfsMount] = []
    if with_runner:
        mounts.append(Mount(name="runner", host_path=RUNNER_FOLDER, container_path=RUNNER_FOLDER, read_only=True))
    if definition.scratch is not None:
        mounts.append(Mount(name="scratch", host_path=SCRATCH_ON_HOST, container_path=definition.scratch))
    for number, (path, mount) in enumerate(definition.mounts.items(), start=1):
        host_path = mount.host_path or path
        mounts.append(Mount(name=f"host{number}", host_path=host_path, container_path=path, read_only=mount.read_only))
    for number, (path, efs) in enumerate(definition.efs.items(), start=1):
        mounts.append(
            EfsMount(
                name=f"efs{number}",
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


def _log_options(definition: JobDefinition) -> dict[str, str]:
    log = definition.log
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
