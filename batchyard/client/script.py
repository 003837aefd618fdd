"""The file that a job runs: looked at before it is sent, so that what cannot run is said here and not an hour later."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from batchyard.client.errors import InvalidInputError
from batchyard.client.program import check_program

# One PutObject: https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html
MAX_BYTES = 5 * 1024**3
HEAD_BYTES = 4096
_LISTED_ENTRIES = 20

Kind = Literal["script", "zip"]


@dataclass(frozen=True)
class Script:
    """A checked file. `kind` is the runner's BATCH_FILE_TYPE, `command` the job's command."""

    name: str
    kind: Kind
    source: Path | bytes
    sha256: str
    """64 hex digits."""
    size: int
    """Bytes."""
    command: tuple[str, ...]
    """For a script its name, a label, then its arguments; for a zip the file to run in it, then its arguments."""
    advice: tuple[str, ...] = ()
    """What the user should know, though nothing forbids it."""

    def open(self) -> BinaryIO:
        """The content, from its beginning."""
        return io.BytesIO(self.source) if isinstance(self.source, bytes) else self.source.open("rb")


def load(path: Path, arguments: Sequence[str]) -> Script:
    """The script, executable or zip at this path, with the arguments it is to get.

    Raises InvalidInputError for what could not run: no such file, a folder, empty, a #! line that names no
    interpreter, a zip without the file that the first argument names.
    """
    if path.is_dir():
        raise InvalidInputError(f"{path} is a folder; zip it (`zip -r job.zip .` inside it) and submit the .zip")
    if path.exists() and not path.is_file():
        raise InvalidInputError(f"{path} is not a regular file; a script from a pipe is submitted as -")
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            file.seek(0)
            digest = _sha256(file)
    except FileNotFoundError as error:
        raise InvalidInputError(f"there is no file {path} (a command of the container follows --command)") from error
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}") from error
    if size > MAX_BYTES:
        raise InvalidInputError(f"{path} has {size} bytes; a script or zip may have {MAX_BYTES} (5 GiB)")
    if path.suffix.lower() == ".zip":
        return _archive(path, size, digest, tuple(arguments))
    return Script(
        name=path.name,
        kind="script",
        source=path,
        sha256=digest,
        size=size,
        command=(path.name, *arguments),
        advice=check_program(str(path), head),
    )


def from_bytes(name: str, content: bytes, arguments: Sequence[str]) -> Script:
    """A script that lies in no file; otherwise as `load`."""
    return Script(
        name=name,
        kind="script",
        source=content,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        command=(name, *arguments),
        advice=check_program(name, content[:HEAD_BYTES]),
    )


def _archive(path: Path, size: int, digest: str, arguments: tuple[str, ...]) -> Script:
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.startswith("/") or ".." in name.split("/"):
                    raise InvalidInputError(f"{path} has an entry outside its folder, which no job unpacks: {name}")
            entries = {entry.filename: entry for entry in archive.infolist() if not entry.is_dir()}
            if not arguments or arguments[0] not in entries:
                given = f"{arguments[0]!r} is not in it" if arguments else "no file was named"
                raise InvalidInputError(
                    f"{path}: the first argument after a zip names the file in it to run; {given}. {_listing(entries)}"
                )
            target = entries[arguments[0]]
            if target.flag_bits & 1:
                raise InvalidInputError(f"{path}: {target.filename} is encrypted; the job has no password for it")
            with archive.open(target) as file:
                head = file.read(HEAD_BYTES)
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise InvalidInputError(f"{path} is not a zip that can be read: {error}") from error
    return Script(
        name=path.name,
        kind="zip",
        source=path,
        sha256=digest,
        size=size,
        command=arguments,
        advice=check_program(f"{path}: {target.filename}", head),
    )


def _listing(entries: dict[str, zipfile.ZipInfo]) -> str:
    if not entries:
        return "The zip holds no file at all."
    names = sorted(entries)
    more = f" and {len(names) - _LISTED_ENTRIES} more" if len(names) > _LISTED_ENTRIES else ""
    return f"It holds: {', '.join(names[:_LISTED_ENTRIES])}{more}."


def _sha256(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()
