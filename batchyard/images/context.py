"""The build context: the files of container/, and beside them s5cmd for each architecture."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from batchyard.image import container_files
from batchyard.images.s5cmd import obtain
from batchyard.images.scratch import temporary_folder

_PROGRAM, _DATA = 0o755, 0o644


@contextmanager
def build_context(container: Path, platforms: Sequence[str], s5cmd: Callable[[str], Path] = obtain) -> Iterator[Path]:
    """A folder that an engine can build the image from; it is gone afterwards.

    Modes do not come from the checkout's umask: builders copy them into the image. Raises ContainerFolderError,
    BatchyardError.
    """
    with temporary_folder("context-") as folder:
        for relative, file in container_files(container):
            _copy(file, folder / relative, _PROGRAM if file.stat().st_mode & 0o100 else _DATA)
        for platform in platforms:
            architecture = platform.partition("/")[2]
            _copy(s5cmd(architecture), folder / "s5cmd" / f"linux-{architecture}", _PROGRAM)
        yield folder


def _copy(source: Path, target: Path, mode: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(mode)
