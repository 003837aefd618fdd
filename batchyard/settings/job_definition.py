"""A job definition: what a job gets unless its submission says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from batchyard.settings.container_log import ContainerLog
from batchyard.settings.image import ImageName
from batchyard.settings.job_role import JobRole
from batchyard.settings.names import Name
from batchyard.settings.retry import MOST_RETRY_CONDITIONS, RetryCondition
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

ParameterName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_-]{1,128}$",
        json_schema_extra={"x-allowed": "1 to 128 letters, digits, - and _"},
    ),
]


class JobDefinition(Section):
    """A job definition.

    With neither `image` nor `command` it runs the platform's image, which fetches a script or an archive from S3 and
    runs it: that is what `batchyard submit` needs. With them it runs any command of any image.
    """

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
    parameters: Mapping[ParameterName, str] = Field(
        default={}, description="What `Ref::NAME` arguments are where a submission does not say."
    )
    vcpus: int = Field(default=1, ge=1, le=1024, description="vCPUs of a job.")
    memory_mib: int = Field(
        default=2048,
        ge=4,
        le=33_554_432,
        description="Memory of a job in MiB, a hard limit. An instance keeps some for itself: asking a little less "
        "than a power of two fits more jobs on it.",
    )
    gpus: int = Field(
        default=0, ge=0, le=16, description="GPUs of a job; only instance types that have some can run it."
    )
    shared_memory_mib: int | None = Field(
        default=None,
        ge=1,
        le=33_554_432,
        description="The size of /dev/shm in MiB, which counts as memory of the job. Unset: Docker's 64.",
    )
    environment: Mapping[VariableName, str] = Field(
        default={},
        description="Environment variables of a job, on top of AWS_DEFAULT_REGION and TMPDIR, which are "
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
    job_role: JobRole | None = Field(
        default=None,
        description="A role of this definition's own, for the job bucket and what is added here, instead of the "
        "deployment's `job_role`. Unset: the deployment's.",
    )
    attempts: int = Field(
        default=3,
        ge=1,
        le=10,
        description="How often a job is tried at most: again when its instance is reclaimed, or for what `retry_on` "
        "names. A job that fails otherwise is never tried again.",
    )
    retry_on: Items[RetryCondition] = Field(
        default=(),
        max_length=MOST_RETRY_CONDITIONS,
        description="Ends of an attempt, besides a reclaimed instance, after which the job is tried again.",
    )
    timeout_seconds: int = Field(
        default=86_400,
        ge=60,
        le=31_536_000,
        description="Seconds after which an attempt is ended.",
    )
    scheduling_priority: int = Field(
        default=0,
        ge=0,
        le=9999,
        description="In a queue with fair share: within a share, jobs of a higher priority start earlier.",
    )
    consumes: Mapping[Name, Annotated[int, Field(ge=1, le=1_000_000_000)]] = Field(
        default={},
        description="How many of which of this file's `consumable_resources` a job holds while it runs. It starts when "
        "all are there.",
    )
