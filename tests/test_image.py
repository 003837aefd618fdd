"""The image's tag: what changes it, and what does not."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from batchyard.image import (
    DEFAULT_PLATFORMS,
    ContainerFolderError,
    container_files,
    content_of,
    content_tag,
    default_base_image,
    image_tag,
)
from batchyard.toolchain import CONTAINER


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "container"
    (made / "lib").mkdir(parents=True)
    (made / "Dockerfile").write_text("FROM base\n")
    (made / "run.sh").write_text("echo hello\n")
    (made / "run.sh").chmod(0o755)
    (made / "lib" / "a.sh").write_text("a\n")
    return made


def test_the_tag_is_one_that_ecr_takes(folder: Path) -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", content_tag(folder))


def test_the_products_own_folder_has_a_tag() -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", content_tag(CONTAINER))


def test_the_tag_follows_from_contents_alone(folder: Path, tmp_path: Path) -> None:
    tag = content_tag(folder)
    copy = tmp_path / "elsewhere"
    (copy / "lib").mkdir(parents=True)
    # In another order, with other times and another umask.
    for name in ("run.sh", "lib/a.sh", "Dockerfile"):
        (copy / name).write_bytes((folder / name).read_bytes())
        (copy / name).chmod(0o700 if name == "run.sh" else 0o600)
        os.utime(copy / name, (1, 1))
    assert content_tag(copy) == tag


@pytest.mark.parametrize(
    "left_behind",
    ["__pycache__/a.pyc", "run.sh~", ".run.sh.swp", ".DS_Store", ".idea/x.xml", "lib/__pycache__/b.pyc", "a.orig"],
)
def test_what_tools_leave_behind_does_not_count(folder: Path, left_behind: str) -> None:
    tag = content_tag(folder)
    file = folder / left_behind
    file.parent.mkdir(exist_ok=True)
    file.write_text("x")
    assert content_tag(folder) == tag
    assert file not in [path for _, path in container_files(folder)]


def test_every_change_counts(folder: Path) -> None:
    tags = [content_tag(folder)]
    (folder / "run.sh").write_text("echo hello \n")
    tags.append(content_tag(folder))
    (folder / "run.sh").chmod(0o644)
    tags.append(content_tag(folder))
    (folder / "run.sh").rename(folder / "go.sh")
    tags.append(content_tag(folder))
    (folder / "lib" / "a.sh").rename(folder / "a.sh")
    tags.append(content_tag(folder))
    (folder / "empty").write_text("")
    tags.append(content_tag(folder))
    assert len(set(tags)) == len(tags)


def test_contents_cannot_move_between_files(folder: Path) -> None:
    (folder / "x").write_text("12")
    (folder / "y").write_text("3")
    tag = content_tag(folder)
    (folder / "x").write_text("1")
    (folder / "y").write_text("23")
    assert content_tag(folder) != tag


def test_a_missing_or_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(ContainerFolderError, match="not a folder"):
        content_tag(tmp_path / "nowhere")
    (tmp_path / "__pycache__").mkdir()
    with pytest.raises(ContainerFolderError, match="holds no file"):
        content_tag(tmp_path)


def test_a_link_is_told(folder: Path) -> None:
    (folder / "link").symlink_to(folder / "run.sh")
    with pytest.raises(ContainerFolderError, match="link is a symbolic link"):
        content_tag(folder)


def test_a_pipe_is_told(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(ContainerFolderError, match="not a regular file"):
        content_tag(folder)


def test_an_image_with_nothing_chosen_has_the_folders_own_tag() -> None:
    assert image_tag(CONTAINER) == content_tag(CONTAINER)
    base = default_base_image(CONTAINER)
    assert base is not None
    assert image_tag(CONTAINER, base, DEFAULT_PLATFORMS) == content_tag(CONTAINER)


def test_another_base_image_or_platform_is_another_tag(folder: Path) -> None:
    both = ("linux/amd64", "linux/arm64")
    tags = [
        image_tag(folder),
        image_tag(folder, "debian:12"),
        image_tag(folder, "debian:13"),
        image_tag(folder, None, both),
        image_tag(folder, None, ("linux/arm64",)),
        image_tag(folder, "debian:12", both),
    ]
    assert len(set(tags)) == len(tags)
    assert tags[0] == content_tag(folder)
    for tag in tags[1:]:
        # The tag says which folder it is from, and ECR takes it.
        assert re.fullmatch(r"[0-9a-f]{16}-[0-9a-f]{16}", tag)
        assert content_of(tag) == content_tag(folder)
    assert image_tag(folder, None, both[::-1]) == image_tag(folder, None, both)
    before = image_tag(folder, "debian:12")
    (folder / "run.sh").write_text("echo other\n")
    assert image_tag(folder, "debian:12") != before
