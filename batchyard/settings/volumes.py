"""What a job's container has mounted besides its scratch folder: folders of the instance, and EFS file systems."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from batchyard.settings.section import Section

AbsolutePath = Annotated[
    str,
    Field(
        pattern=r"^(/[A-Za-z0-9_.-]+)+$",
        max_length=255,
        json_schema_extra={"x-allowed": "an absolute path, for example /data"},
    ),
]


class HostMount(Section):
    """A folder of the instance, made by the machine image or its user data, in the container."""

    host_path: AbsolutePath | None = Field(
        default=None, description="The folder on the instance. Unset: the same path as in the container."
    )
    read_only: bool = Field(default=False, description="Whether jobs may only read it.")


class EfsMount(Section):
    """An Amazon EFS file system in the container.

    It must have a mount target in the deployment's VPC that lets the instances' security group in at port 2049 (the
    stack's outputs `Vpc` and `InstancesSecurityGroup` name both).
    """

    file_system_id: str | None = Field(
        default=None,
        pattern=r"^fs-[0-9a-f]{8,17}$",
        description="The file system. It has no default that could be right: give one.",
        json_schema_extra={"x-allowed": "a file system's id, for example fs-0123456789abcdef0"},
    )
    access_point_id: str | None = Field(
        default=None,
        pattern=r"^fsap-[0-9a-f]{8,17}$",
        description="An access point of the file system, which decides folder and user. Needs `transit_encryption`.",
        json_schema_extra={"x-allowed": "an access point's id, for example fsap-0123456789abcdef0"},
    )
    root_directory: Annotated[
        str,
        Field(
            pattern=r"^(/|(/[A-Za-z0-9_.-]+)+)$",
            max_length=255,
            json_schema_extra={"x-allowed": "an absolute path in the file system, for example /reference"},
        ),
    ] = Field(
        default="/",
        description="The folder of the file system that is mounted. Not with `access_point_id`, which decides it.",
    )
    transit_encryption: bool = Field(default=True, description="Whether what travels is encrypted.")
    iam: bool = Field(
        default=True,
        description="Whether the job role is used to mount it; the role then gets exactly that permission. Needs "
        "`transit_encryption`.",
    )
    read_only: bool = Field(default=False, description="Whether jobs may only read it.")
