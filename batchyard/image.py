"""The platform's image: which tag the contents of `container/` have."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path

#: Left behind by tools; they never go into the image.
IGNORED_NAMES = frozenset({"__pycache__", ".git", ".DS_Store", "Thumbs.db", ".idea", ".vscode"})
IGNORED_ENDINGS = (".pyc", ".pyo", ".swp", ".swo", ".orig", ".rej", ".bak", ".tmp", "~")

TAG_LENGTH = 16

#: The platforms of an image for which none are named: those of `default_x86_64` instances.
DEFAULT_PLATFORMS = ("linux/amd64",)
#: Those that container/s5cmd.sha256 has an s5cmd for.
PLATFORMS = ("linux/amd64", "linux/arm64")

_DEFAULT_BASE_IMAGE = re.compile(r"^ARG BASE_IMAGE=(\S+)$", re.MULTILINE)


class ContainerFolderError(Exception):
    """The folder that the image is made from is missing, empty, or holds something other than files."""


def content_tag(folder: Path) -> str:
    """The image tag of a folder: 16 hex digits that change with any path, content or execute bit, and nothing else.

    Time stamps, owners, the umask of a checkout and what editors leave behind do not count.
    Raises ContainerFolderError.
    """
    files = container_files(folder)
    if not files:
        raise ContainerFolderError(f"{folder} holds no file: an image's tag is made from its contents.")
    digest = hashlib.sha256()
    for relative, file in files:
        mode = "x" if file.stat().st_mode & 0o100 else "-"
        contents = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{len(relative.encode())} {relative} {mode} {contents}\n".encode())
    return digest.hexdigest()[:TAG_LENGTH]


def image_tag(folder: Path, base_image: str | None = None, platforms: Sequence[str] = DEFAULT_PLATFORMS) -> str:
    """The tag of the image that `folder` makes on a base image for some platforms: it says what is in the image.

    With nothing chosen, or what would be taken anyway, it is the folder's own `content_tag`. Any other base image or
    set of platforms, in whatever order, adds its own hash: `CONTENT-CHOICES`. Raises ContainerFolderError.
    """
    content = content_tag(folder)
    chosen_base = None if base_image == default_base_image(folder) else base_image
    chosen_platforms = sorted(set(platforms))
    if not chosen_base and chosen_platforms == sorted(DEFAULT_PLATFORMS):
        return content
    choices = json.dumps([chosen_base, chosen_platforms])
    return f"{content}-{hashlib.sha256(choices.encode()).hexdigest()[:TAG_LENGTH]}"


def content_of(tag: str) -> str:
    """The `content_tag` of the folder that the image with this tag was made from."""
    return tag.partition("-")[0]


def default_base_image(folder: Path) -> str | None:
    """The base image that the folder's Dockerfile takes when none is named; None where it names none."""
    try:
        found = _DEFAULT_BASE_IMAGE.search((folder / "Dockerfile").read_text())
    except FileNotFoundError:
        return None
    return found[1] if found else None


def container_files(folder: Path) -> list[tuple[str, Path]]:
    """The files that the image is made from: path relative to the folder, with /, and file; in the order of paths."""
    if not folder.is_dir():
        raise ContainerFolderError(f"{folder} is not a folder: it should hold what the image is made from.")
    found = []
    for file in folder.rglob("*"):
        relative = file.relative_to(folder)
        if IGNORED_NAMES.intersection(relative.parts) or file.name.endswith(IGNORED_ENDINGS):
            continue
        if file.is_symlink():
            raise ContainerFolderError(f"{file} is a symbolic link: put the file itself into {folder}.")
        if file.is_file():
            found.append((relative.as_posix(), file))
        elif not file.is_dir():
            raise ContainerFolderError(f"{file} is not a regular file: remove it from {folder}.")
    return sorted(found)
