"""`batchyard local` as a process: what is refused before an account is started."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.support.command import Command


def test_a_wrong_deployment_is_refused_before_anything_is_started(tmp_path: Path) -> None:
    done = Command(tmp_path)("local", "up", "--deployment", "nowhere")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("there is no deployment 'nowhere'")
    assert list(tmp_path.iterdir()) == []


def test_a_region_that_there_is_not_is_refused(tmp_path: Path) -> None:
    done = Command(tmp_path)("local", "up", "--region", "eu-centrall-1")
    assert (done.code, done.out) == (1, "")
    assert "--region: AWS has no region 'eu-centrall-1'; did you mean eu-central-1?" in done.err
    assert not (tmp_path / "state" / "local" / "server.log").exists()


def test_up_that_is_interrupted_at_once_says_that_nothing_was_started(tmp_path: Path) -> None:
    up = Command(tmp_path).start("local", "up")
    assert up.stderr is not None
    said = ""
    while "starting the account" not in said:
        said += up.stderr.read(1) or "ended"
        assert "ended" not in said
    os.killpg(up.pid, signal.SIGINT)
    assert "local: interrupted; nothing was started." in up.communicate(timeout=60)[1]
    assert up.returncode == 130
