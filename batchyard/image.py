"""The platform's image: which tag the contents of `container/` have."""

from __future__ import annotations

import hashlib
from pathlib import Path

#: Left behind by tools; they never go into the image.
IGNORED_NAMES = frozenset({"__pycache__", ".git", ".DS_Store", "Thumbs.db", ".idea", ".vscode"})
IGNORED_ENDINGS = (".pyc", ".pyo", ".swp", ".swo", ".orig", ".rej", ".bak", ".tmp", "~")

TAG_LENGTH = 16


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
