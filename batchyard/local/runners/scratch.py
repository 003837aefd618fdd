"""An attempt's scratch folder and environment: what stands for the container's file system and variables.

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
from batchyard.local.runners.launch import Launch

CONTAINER_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Scratch:
    """`work` is the working directory; `home` and `temporary` are HOME and TMPDIR; `mounts` holds the volumes."""

    folder: Path

    @property
    def work(self) -> Path:
        """Where the job starts."""
        return self.folder / "work"

    @property
    def home(self) -> Path:
        """The job's HOME."""
        return self.folder / "home"

    @property
    def temporary(self) -> Path:
        """The job's TMPDIR, unless it names another."""
        return self.folder / "tmp"

    @property
    def mounts(self) -> Path:
        """The folders that stand for mounted volumes, by their path in the container."""
        return self.folder / "mounts"

    def create(self, mount_paths: tuple[str, ...]) -> None:
        """Make the folders, for their user only."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, mode=0o700)
        for folder in (self.work, self.home, self.temporary):
            folder.mkdir(mode=0o700)
        for path in mount_paths:
            self.mounted(path).mkdir(parents=True, exist_ok=True, mode=0o700)

    def mounted(self, path: str) -> Path:
        """Where a path under a mount point lies on this machine."""
        return self.mounts / posixpath.normpath(path).lstrip("/")

    def remove(self) -> None:
        """Remove everything, also what the job made unwritable."""
        for parent, folders, _ in os.walk(self.folder):
            for name in folders:
                folder = Path(parent, name)
                if not folder.is_symlink():
                    folder.chmod(0o700)
        shutil.rmtree(self.folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            # The job's folder goes with its last attempt's.
            self.folder.parent.rmdir()


def scratch_of(jobs_folder: Path, launch: Launch) -> Scratch:
    """The scratch of an attempt. An array child's id holds a colon, which PATH-like variables cannot."""
    return Scratch(jobs_folder / launch.job_id.replace(":", "_") / str(launch.attempt))


def environment_of(launch: Launch, scratch: Scratch, endpoint_url: str, tools: Path) -> dict[str, str]:
    """All variables of the job: the container's, the local account's, Batch's, and the job's own, which win."""
    own = {name: _mapped(value, launch.mount_paths, scratch) for name, value in launch.environment.items()}
    path = own.get("PATH", CONTAINER_PATH)
    _make_temporary(own.get("TMPDIR"), scratch)
    return {
        "HOME": str(scratch.home),
        "TMPDIR": str(scratch.temporary),
        **account_environment(endpoint_url),
        **launch.batch_environment,
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


def _mapped(value: str, mount_paths: tuple[str, ...], scratch: Scratch) -> str:
    """A value that is a path at or under a mount point, as the path that stands for it; else the value."""
    for mount in sorted(mount_paths, key=len, reverse=True):
        root = posixpath.normpath(mount)
        if root != "/" and (value == root or value.startswith(f"{root}/")):
            return str(scratch.mounted(value))
    return value


def _make_temporary(path: str | None, scratch: Scratch) -> None:
    """Make the folder that TMPDIR names, if it lies under a mount point: the volume of a fresh machine is empty."""
    if path is not None and Path(path).is_relative_to(scratch.mounts):
        Path(path).mkdir(parents=True, exist_ok=True, mode=0o700)
