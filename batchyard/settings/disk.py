"""The instances' root disk, and where the scratch folder of jobs lies."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from batchyard.settings.section import Section

# Limits of gp3: EC2 API reference, EbsBlockDevice; Amazon EBS User Guide, "General Purpose SSD volumes".
IOPS_PER_GIB = 500
IOPS_PER_MIB_PER_SECOND = 4


class Disk(Section):
    """The disks of an instance. Its root disk is gp3, encrypted, and deleted with the instance."""

    device: str = Field(
        default="/dev/xvda",
        pattern=r"^/dev/[a-z0-9]{1,16}$",
        description="The root device's name in the machine image; /dev/xvda in every ECS-optimized Amazon Linux.",
        json_schema_extra={"x-allowed": "a device's path, for example /dev/xvda"},
    )
    size_gib: int = Field(
        default=200,
        ge=30,
        le=65_536,
        description="Size in GiB. Images, logs and the scratch folder of all jobs of an instance share it, unless "
        "`scratch` says otherwise; the ECS-optimized Amazon Linux 2023 needs 30.",
    )
    iops: int = Field(
        default=3000,
        ge=3000,
        le=80_000,
        description="Input and output operations a second, at most 500 a GiB. 3000 are free.",
    )
    throughput_mib_per_second: int = Field(
        default=125,
        ge=125,
        le=2000,
        description="Throughput in MiB a second, at most a quarter of the IOPS. 125 are free.",
    )
    scratch: Literal["root", "instance-store"] = Field(
        default="root",
        description="Where scratch and Docker's images lie. root: on the root disk. instance-store: on the "
        "instance's own NVMe disks, striped into one when it boots and gone with it; every instance type must have "
        "some.",
    )
