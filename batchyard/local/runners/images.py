"""Which program stands for an image, as nothing is pulled here.

The platform's image is built from the container folder, and its tag is a hash of that folder: it stands for the
folder's `fetch_and_run.sh`. A job definition keeps its image for ever, so the folder is kept once for every tag.

Instances get the runner from the container folder too (`image.mount_runner`), as it is when they start: a command that
is the runner in the instance's folder is the folder's script as it is now, whatever the image.
"""

import logging
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from batchyard.image import ContainerFolderError, content_of, content_tag
from batchyard.local.account import ACCOUNT_ID
from batchyard.local.runners.launch import ContainerLaunch
from batchyard.mounted_runner import RUNNER, RUNNER_FOLDER, RUNNER_NAME

log = logging.getLogger(__name__)


class ImageRefusedError(Exception):
    """An image that nothing stands for; the message says why, and what to do."""


@dataclass(frozen=True)
class Images:
    """The images of the local account: snapshots of `container_folder` in `<store>/<tag>/`."""

    container_folder: Path
    store: Path
    host_images: bool

    def keep(self, image: str) -> None:
        """Keep the container folder as it is now, if this is the image that it makes."""
        tag = _own_tag(image)
        if tag is None or self._snapshot(tag).is_dir() or _tag_of(self.container_folder) != tag:
            return
        self.store.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=self.store))
        try:
            copy = draft / "container"
            shutil.copytree(self.container_folder, copy)
            # The folder may have changed since it was hashed: what is kept is what was asked for, or nothing.
            if _tag_of(copy) == tag:
                copy.rename(self._snapshot(tag))
        except OSError:
            # Another job may have kept the same folder meanwhile.
            if not self._snapshot(tag).is_dir():
                raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def arguments(self, container: ContainerLaunch) -> list[str]:
        """The program and arguments that run a container's command in its image. Raises ImageRefusedError."""
        image, command = container.image, container.command
        mounted = {mount.path: mount.host_path for mount in container.mounts}
        if command[:1] == (RUNNER,) and mounted.get(RUNNER_FOLDER) == RUNNER_FOLDER:
            return [str(self.container_folder / RUNNER_NAME), *command[1:]]
        tag = _own_tag(image)
        if tag is not None:
            self.keep(image)
            program = self._snapshot(tag) / RUNNER_NAME
            if program.is_file():
                return [str(program), *command]
            if not self.host_images:
                raise ImageRefusedError(
                    f"CannotPullContainerError: the local account has no container folder for {image}. "
                    "Deploy again, so that the job definition names the image of the folder as it is now"
                )
        if not self.host_images:
            raise ImageRefusedError(
                f"CannotPullContainerError: the local account pulls no images, and {image} is not the platform's. "
                "To run the commands of other images on this machine itself, start the local account with "
                "`batchyard local up --host-images`"
            )
        if not command:
            raise ImageRefusedError(
                f"CannotStartContainerError: {image} is not pulled, so its own command is not known. "
                "Give the job definition or the job a command"
            )
        return list(command)

    def _snapshot(self, tag: str) -> Path:
        return self.store / tag


def _tag_of(folder: Path) -> str | None:
    """The tag of the image that a folder makes; None if it makes none."""
    try:
        return content_tag(folder)
    except ContainerFolderError as error:
        log.warning("no image: %s", error)
        return None


def _own_tag(image: str) -> str | None:
    """What an image of this account's registry was made from, by its tag; None for any other, or without a plain tag.

    On which base image, and for which platforms, makes no difference here.
    """
    host, _, rest = image.partition("/")
    name, _, tag = rest.partition(":")
    is_own = host.startswith(f"{ACCOUNT_ID}.dkr.ecr.") and host.endswith(".amazonaws.com")
    return content_of(tag) if is_own and name and tag.replace("-", "").replace("_", "").isalnum() else None
