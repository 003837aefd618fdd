"""A revision of the repository as files, without a trace in the repository: no worktree to register or to forget."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from batchyard.review.errors import ReviewError


def commit_of(root: Path, revision: str) -> str:
    """The commit that a revision names. Raises ReviewError."""
    done = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if done.returncode != 0:
        raise ReviewError(
            f"{revision!r} is no revision of the repository {root}: give a branch, a tag or a commit that is here; "
            f"`git fetch` brings those that are not. {done.stderr.strip()}".rstrip()
        )
    return done.stdout.strip()


def write_files(root: Path, commit: str, folder: Path) -> None:
    """Write every file of a commit into an empty folder. Raises ReviewError."""
    # An index of its own: the user's is left alone.
    own_index = {"GIT_INDEX_FILE": str(folder.parent / f"{folder.name}.index")}
    for arguments in (("read-tree", commit), ("checkout-index", "--all", f"--prefix={folder}{os.sep}")):
        done = _git(root, *arguments, environment=own_index)
        if done.returncode != 0:
            raise ReviewError(f"git cannot write the files of {commit}: {done.stderr.strip()}")


def _git(root: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["git", *arguments],  # noqa: S607
            cwd=root,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise ReviewError("git is not on PATH: review_diff reads the base revision with it.") from None
