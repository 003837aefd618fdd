"""An attempt's folders and environment: what stands for its containers' file systems, volumes and variables.

Source: AWS Batch User Guide, "Job environment variables"; Docker's default PATH of a container.
"""

import contextlib
import os
import posixpath
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from batchyard.local import state
from batchyard.local.runners.launch import ContainerLaunch, Launch, Mount

CONTAINER_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Scratch:
    """A container's own folders, and the volumes that it mounts.

    `work` is the working directory; `home` and `temporary` are HOME and TMPDIR.
    """

    folder: Path
    volumes: Path
    mounts: tuple[Mount, ...]

    @property
    def work(self) -> Path:
        """Where the container starts."""
        return self.folder / "work"

    @property
    def home(self) -> Path:
        """The container's HOME."""
        return self.folder / "home"

    @property
    def temporary(self) -> Path:
        """The container's TMPDIR, unless it names another."""
        return self.folder / "tmp"

    def create(self) -> None:
        """Make the folders, for their user only."""
        for folder in (self.work, self.home, self.temporary):
            folder.mkdir(parents=True, mode=0o700)
        for mount in self.mounts:
            (self.volumes / mount.volume).mkdir(parents=True, exist_ok=True, mode=0o700)

    def mapped(self, value: str) -> str:
        """A value that is a path at or under a mount point, as the path that stands for it; else the value."""
        for mount in sorted(self.mounts, key=lambda each: len(each.path), reverse=True):
            root = posixpath.normpath(mount.path)
            if root != "/" and (value == root or value.startswith(f"{root}/")):
                inside = posixpath.normpath(f"/{value.removeprefix(root)}").lstrip("/")
                return str(self.volumes / mount.volume / inside)
        return value


@dataclass(frozen=True)
class AttemptFolder:
    """What an attempt has on this machine."""

    folder: Path

    def scratch(self, container: ContainerLaunch, *, is_alone: bool) -> Scratch:
        """A container's part of it: all of it, for the only one."""
        own = self.folder if is_alone else self.folder / "containers" / container.name
        return Scratch(own, self.folder / "mounts", container.mounts)

    def create(self) -> None:
        """Make it, empty, for its user only."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, mode=0o700)

    def remove(self) -> None:
        """Remove everything, also what the job made unwritable."""
        remove_tree(self.folder)
        with contextlib.suppress(OSError):
            # The job's folder goes with its last attempt's.
            self.folder.parent.rmdir()


def remove_tree(root: Path) -> None:
    """Remove a folder with all that jobs have put there; one that is not there is no error."""
    for parent, folders, _ in os.walk(root):
        for name in folders:
            folder = Path(parent, name)
            if not folder.is_symlink():
                folder.chmod(0o700)
    shutil.rmtree(root, ignore_errors=True)


def attempt_folder(jobs_folder: Path, launch: Launch) -> AttemptFolder:
    """The folder of an attempt. An array child's id holds a colon, which PATH-like variables cannot."""
    return AttemptFolder(jobs_folder / launch.job_id.replace(":", "_") / str(launch.attempt))


def environment_of(
    container: ContainerLaunch, scratch: Scratch, batch_environment: Mapping[str, str], endpoint_url: str, tools: Path
) -> dict[str, str]:
    """All variables of a container: the machine's, the local account's, Batch's, and its own, which win."""
    own = {name: scratch.mapped(value) for name, value in container.environment.items()}
    path = own.get("PATH", CONTAINER_PATH)
    _make_temporary(own.get("TMPDIR"), scratch)
    return {
        "HOME": str(scratch.home),
        "TMPDIR": str(scratch.temporary),
        **account_environment(endpoint_url),
        **batch_environment,
        **own,
        "PATH": f"{tools}:{path}",
    }


def account_environment(endpoint_url: str) -> Mapping[str, str]:
    """What leads AWS tools to the local account. Batch on EC2 sets no region, so none is set here."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        # s5cmd's own name for it.
        "S3_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": state.ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": state.SECRET_ACCESS_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _make_temporary(path: str | None, scratch: Scratch) -> None:
    """Make the folder that TMPDIR names, if it lies under a mount point: the volume of a fresh machine is empty."""
    if path is not None and Path(path).is_relative_to(scratch.volumes):
        Path(path).mkdir(parents=True, exist_ok=True, mode=0o700)
