"""What a shell may hand over: streams that are closed or full, arguments that are no text."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.command import BATCHYARD, Command


def through_sh(folder: Path, line: str, **environment: str) -> tuple[int, str, str]:
    """`sh` runs the line, in which $BATCHYARD is the command: its exit code, stdout and stderr."""
    command = Command(folder, {"BATCHYARD": str(BATCHYARD), **environment})
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=folder,
        env=command.full_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a file that is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_stdout_is_an_error_in_one_line(tmp_path: Path, unbuffered: str) -> None:
    done = through_sh(tmp_path, '"$BATCHYARD" deployment list >/dev/full', PYTHONUNBUFFERED=unbuffered)
    assert done == (1, "", "batchyard: stdout or a file cannot be written: No space left on device\n")


def test_closed_streams_are_as_dev_null(tmp_path: Path) -> None:
    assert through_sh(tmp_path, '"$BATCHYARD" deployment list >&-') == (0, "", "")
    code, out, err = through_sh(tmp_path, '"$BATCHYARD" submit - <&-')
    assert (code, out, err) == (2, "", "batchyard: stdin is empty; there is nothing to run\n")


def test_an_argument_that_is_no_text_is_refused(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.sh")
    (tmp_path / name).write_text("#!/bin/sh\n")
    done = Command(tmp_path)("submit", name)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(r"batchyard: the argument b'caf\xe9.sh' is not text in UTF-8.")


def test_a_state_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = Command(tmp_path, {"BATCHYARD_STATE": str(tmp_path / "file" / "state")})("local", "down")
    assert (done.code, done.out) == (1, "")
    assert done.err == f"batchyard: {tmp_path}/file/state/local: Not a directory\n"


def test_ctrl_c_before_the_command_is_there_is_told_in_one_line(tmp_path: Path) -> None:
    # As if it came while this package was imported.
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt")
    done = through_sh(tmp_path, '"$BATCHYARD" deployment list', PYTHONPATH=str(tmp_path))
    assert done == (130, "", "batchyard: interrupted; nothing was done.\n")
