"""A container of a job: what runs, with how much, and what it sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from batchyard.settings.container_log import ContainerLog
from batchyard.settings.image import ImageName
from batchyard.settings.secrets import RegistrySecretArn, SecretArn
from batchyard.settings.section import Items, Section
from batchyard.settings.ulimits import Ulimit, UlimitName
from batchyard.settings.volumes import AbsolutePath, EfsMount, HostMount

VARIABLE_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"


def _not_reserved(name: str) -> str:
    """Names that Batch keeps for itself (API reference, ContainerProperties, environment)."""
    if name.startswith("AWS_BATCH"):
        raise ValueError("names that begin with AWS_BATCH are AWS Batch's own")
    return name


VariableName = Annotated[
    str,
    AfterValidator(_not_reserved),
    Field(
        pattern=VARIABLE_NAME,
        json_schema_extra={
            "pattern": VARIABLE_NAME,  # pydantic leaves it out where a validator follows
            "x-allowed": "letters, digits and _, no digit first, and not AWS_BATCH at the beginning: Batch keeps those",
        },
    ),
]


class Container(Section):
    """One container: the job's only one, or one of several."""

    image: ImageName | None = Field(
        default=None,
        description="The image to run. Unset: the platform's. From a private ECR repository of any account it can be "
        "pulled if that account's repository policy lets it; from another private registry with `registry_secret`.",
    )
    registry_secret: RegistrySecretArn | None = Field(
        default=None,
        description="A secret with `username` and `password` for the registry of `image`. Not for ECR.",
    )
    command: Items[str] = Field(
        default=(),
        description="The command, one item an argument; an argument `Ref::NAME` is replaced by the job's parameter of "
        "that name. Empty: the image's own, and with the platform's image what the submission says.",
    )
    vcpus: int = Field(default=1, ge=1, le=1024, description="vCPUs of the container.")
    memory_mib: int = Field(
        default=2048,
        ge=4,
        le=33_554_432,
        description="Memory of the container in MiB, a hard limit. An instance keeps some for itself: asking a little "
        "less than a power of two fits more jobs on it.",
    )
    gpus: int = Field(
        default=0, ge=0, le=16, description="GPUs of the container; only instance types that have some can run it."
    )
    shared_memory_mib: int | None = Field(
        default=None,
        ge=1,
        le=33_554_432,
        description="The size of /dev/shm in MiB, which counts as memory of the container. Unset: Docker's 64.",
    )
    environment: Mapping[VariableName, str] = Field(
        default={},
        description="Environment variables of the container, on top of AWS_DEFAULT_REGION and TMPDIR, which are "
        "set unless this says otherwise. No secrets: everyone who may describe a job definition can read them.",
    )
    secrets: Mapping[VariableName, SecretArn] = Field(
        default={},
        description="Environment variables whose values are read from Secrets Manager or the Parameter Store when a "
        "job starts. The execution role may read exactly these.",
    )
    scratch: AbsolutePath | None = Field(
        default="/scratch",
        description="Where the instance's big disk is mounted in the container. TMPDIR names it. null: nowhere.",
    )
    mounts: Mapping[AbsolutePath, HostMount] = Field(
        default={}, description="Folders of the instance, by their path in the container."
    )
    efs: Mapping[AbsolutePath, EfsMount] = Field(
        default={}, description="Amazon EFS file systems, by their path in the container."
    )
    ulimits: Mapping[UlimitName, Ulimit] = Field(
        default={}, description="Limits of the container's processes, by name. What is not named is Docker's default."
    )
    user: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?$",
        description="The user, or user:group, that the command runs as. Unset: the image's.",
        json_schema_extra={"x-allowed": "a user's name or number, or user:group"},
    )
    init_process: bool = Field(
        default=False,
        description="Whether Docker's small init runs above the command, passes signals on and reaps orphans. The "
        "platform's image does that itself.",
    )
    log: ContainerLog = Field(default=ContainerLog(), description="How output gets to the log group.")
