"""What instances do when they boot: a list of parts, each a script with a place in the boot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import aws_ec2 as ec2

#: The folder on the instance that jobs get as their scratch mount.
SCRATCH_ON_HOST = "/scratch"

_INSTANCE_STORE = Path(__file__).with_name("instance_store.sh")


@dataclass(frozen=True)
class UserDataPart:
    """One script, whole with its `#!` line.

    A boot hook runs at every boot, before Docker starts; any other part once in the life of an instance, after
    Docker and before the ECS agent (cloud-init, "User-data formats").
    """

    script: str
    boot_hook: bool = False


def shell(*commands: str) -> UserDataPart:
    """A part that runs these commands at the first boot."""
    return UserDataPart("\n".join(["#!/bin/bash", *commands]))


def scratch_folder() -> UserDataPart:
    """Make the scratch folder: Docker would make it for root alone, and other users' containers could not write."""
    return shell(f"mkdir -p {SCRATCH_ON_HOST}", f"chmod 1777 {SCRATCH_ON_HOST}")


def instance_store() -> UserDataPart:
    """Put the scratch folder and Docker's images on the NVMe disks of the instance (docs/adr/0060)."""
    script = f"#!/bin/bash\nscratch={SCRATCH_ON_HOST}\n{_INSTANCE_STORE.read_text()}"
    return UserDataPart(script, boot_hook=True)


def multipart(parts: Sequence[UserDataPart]) -> ec2.UserData:
    """The parts as MIME multipart: Batch adds a part of its own, and takes no other form (aws-cdk#6427)."""
    user_data = ec2.MultipartUserData()
    for part in parts:
        kind = ec2.MultipartBody.CLOUD_BOOTHOOK if part.boot_hook else ec2.MultipartBody.SHELL_SCRIPT
        user_data.add_part(ec2.MultipartBody.from_user_data(ec2.UserData.custom(part.script), kind))
    return user_data
