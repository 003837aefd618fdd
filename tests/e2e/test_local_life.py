"""The local account's life: what goes wrong, and what it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess

import pytest

from tests.support.local_cli import BIN, SECONDS, Desk
from tests.support.processes import command_lines

pytestmark = [pytest.mark.slow, pytest.mark.e2e]


def processes_of(desk: Desk) -> list[str]:
    """Command lines of every process that has to do with this desk."""
    return command_lines(str(desk.state))


def test_without_an_account_each_command_says_how_to_start_one(desk: Desk) -> None:
    for arguments in (("local", "status"), ("local", "env"), ("list", "--local")):
        done = desk.batchyard(*arguments)
        assert done.code == 1, arguments
        assert "batchyard local up" in done.err
        assert "Traceback" not in done.err
    assert "no account is up" in desk.batchyard("local", "down").ok().err


def test_a_taken_port_is_told(desk: Desk) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = desk.batchyard("local", "up", "--port", str(port))
    assert done.code == 1
    assert f"port {port} is taken" in done.err
    assert processes_of(desk) == []


def test_a_stale_state_file_is_told_and_removed(desk: Desk) -> None:
    desk.state.joinpath("local").mkdir(parents=True)
    file = desk.state / "local" / "account.json"
    file.write_text(
        json.dumps(
            {
                "instance": "gone",
                "endpoint": "http://127.0.0.1:9",
                "region": "us-east-1",
                "pid": 1,
                "port": 9,
                "host_images": False,
                "max_jobs": 2,
                "started_at": 0.0,
            }
        )
    )
    assert "is gone" in desk.batchyard("local", "status").err
    assert "removed the stale" in desk.batchyard("local", "down").ok().err
    assert not file.exists()
    os.kill(1, 0)  # the process that the stale file named was left alone


def test_interrupting_up_leaves_no_process_behind(desk: Desk) -> None:
    process = subprocess.Popen(
        [BIN / "batchyard", "local", "up"],
        env=desk.environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    seen = ""
    while "bootstrapping" not in seen:
        chunk = process.stderr.read(1)
        assert chunk, f"ended early: {seen}"
        seen += chunk
    assert len(processes_of(desk)) >= 2  # up itself and the server, at least
    os.killpg(process.pid, signal.SIGINT)
    rest = process.stderr.read()
    assert process.wait(timeout=SECONDS) == 130, seen + rest
    assert "interrupted" in rest
    assert processes_of(desk) == []
    assert not (desk.state / "local" / "account.json").exists()
