"""What a container is, as AWS::Batch::JobDefinition says it of a job's only one and of one of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import aws_batch as batch
from constructs.container_mounts import EfsMount, Mount, mount_points


@dataclass(frozen=True, kw_only=True)
class Container:
    """What runs. Memory in MiB."""

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


def container_properties(container: Container, log_options: Mapping[str, str]) -> dict[str, Any]:
    """What ContainerProperties and TaskContainerProperties have in common.

    `log_options` are where its log goes: group, region and the beginning of the stream.
    """
    return {
        "image": container.image,
        "privileged": False,
        "readonly_root_filesystem": False,
        "resource_requirements": _resources(container),
        "environment": [{"name": key, "value": value} for key, value in container.environment.items()],
        "mount_points": mount_points(container.mounts) or None,
        "log_configuration": batch.CfnJobDefinition.LogConfigurationProperty(
            log_driver="awslogs", options={**log_options, **container.log_options}
        ),
        **_optional(container),
    }


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
