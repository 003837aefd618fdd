"""What a container has mounted: folders of its instance or of its job, and EFS file systems."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A folder of the instance, `host_path`, in the container; None: one that Docker makes for the job alone."""

    name: str
    host_path: str | None
    container_path: str
    read_only: bool = False

    def volume(self) -> dict[str, Any]:
        """The source, as AWS::Batch::JobDefinition writes it, without a name."""
        return {} if self.host_path is None else {"host": {"sourcePath": self.host_path}}


@dataclass(frozen=True, kw_only=True)
class EfsMount:
    """An EFS file system, or one of its access points, in the container."""

    name: str
    file_system_id: str
    container_path: str
    root_directory: str
    access_point_id: str | None
    transit_encryption: bool
    iam: bool
    read_only: bool = False

    def volume(self) -> dict[str, Any]:
        """The source, as AWS::Batch::JobDefinition writes it, without a name."""
        authorization: dict[str, Any] = {"iam": _switch(self.iam)}
        if self.access_point_id is not None:
            authorization["accessPointId"] = self.access_point_id
        configuration = {
            "fileSystemId": self.file_system_id,
            "rootDirectory": self.root_directory,
            "transitEncryption": _switch(self.transit_encryption),
            "authorizationConfig": authorization,
        }
        return {"efsVolumeConfiguration": configuration}


def volumes(mounts: Iterable[Mount | EfsMount]) -> list[dict[str, Any]]:
    """The volumes of a job: mounts of the same name have the same one."""
    return [{"name": name, **mount.volume()} for name, mount in {each.name: each for each in mounts}.items()]


def mount_points(mounts: Iterable[Mount | EfsMount]) -> list[dict[str, Any]]:
    """Where a container has them."""
    return [
        {"sourceVolume": mount.name, "containerPath": mount.container_path, "readOnly": mount.read_only}
        for mount in mounts
    ]


def _switch(on: bool) -> str:
    return "ENABLED" if on else "DISABLED"
