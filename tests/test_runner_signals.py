"""The runner, from outside: what a signal does while it fetches, waits to try again, and runs the job."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fault_s3 import SLOW_DOWN, FaultS3, Silence
from tests.support.requirements import require_program, require_root
from tests.support.runner import Bench, finish, session_members, until

pytest_plugins = ("tests.support.runner_fixtures",)

SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]


def ready(process: subprocess.Popen[str]) -> None:
    """The job says that it runs."""
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


@pytest.mark.parametrize("sign", SIGNALS)
def test_a_signal_reaches_the_whole_family(any_bench: Bench, s3: FaultS3, sign: signal.Signals) -> None:
    # bash puts its trap off until the child in the foreground ends: a signal to the job alone would change nothing.
    url = s3.put(
        "job.sh",
        "#!/bin/bash\ntrap 'echo job; exit 33' TERM INT HUP\n"
        "bash -c \"trap 'echo grandchild; exit' TERM INT HUP; echo ready; read -r line\"\n",
    )
    process = any_bench.start(url)
    ready(process)
    process.send_signal(sign)
    assert (process.wait(timeout=20), process.stdout and process.stdout.read()) == (33, "grandchild\njob\n")
    process.communicate()
    assert any_bench.left() == []


@pytest.mark.parametrize("sign", SIGNALS)
def test_a_job_that_a_signal_ends(any_bench: Bench, s3: FaultS3, sign: signal.Signals) -> None:
    process = any_bench.start(s3.put("job.sh", "#!/bin/bash\nsleep 300 | cat &\necho ready\nexec sleep 300\n"))
    ready(process)
    process.send_signal(sign)
    assert process.wait(timeout=20) == 128 + sign
    if sign != signal.SIGINT:
        until(lambda: session_members(process.pid) == [], "the job's family is gone")
    for pid in session_members(process.pid):
        os.kill(pid, signal.SIGKILL)
    process.communicate()
    assert any_bench.left() == []


def test_the_runner_waits_for_a_job_that_takes_its_time(bench: Bench, s3: FaultS3) -> None:
    url = s3.put(
        "job.sh",
        "#!/bin/bash\ntrap 'echo heard' TERM\necho ready\nread -r one\nread -r two\necho \"$one $two\"\nexit 5\n",
    )
    process = bench.start(url)
    ready(process)
    assert process.stdout is not None
    for _ in range(3):
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "heard\n"
    assert (process.communicate("first\nsecond\n", timeout=20)[0], process.returncode) == ("first second\n", 5)


def test_after_a_signal_a_child_left_in_the_background_neither_holds_the_runner_nor_is_killed(
    any_bench: Bench, s3: FaultS3
) -> None:
    url = s3.put(
        "job.sh",
        "#!/bin/bash\ntrap '' TERM\nsleep 300 </dev/null >/dev/null 2>&1 &\n"
        "trap 'exit 4' TERM\necho ready\nread -r line\n",
    )
    process = any_bench.start(url)
    ready(process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 4
    (child,) = session_members(process.pid)
    os.kill(child, signal.SIGKILL)
    process.communicate()
    assert any_bench.left() == []


@pytest.mark.parametrize("sign", [signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT])
def test_other_signals_are_passed_on_too(bench: Bench, s3: FaultS3, sign: signal.Signals) -> None:
    url = s3.put("job.sh", "#!/bin/bash\ntrap 'exit 44' USR1 USR2 QUIT\necho ready\nsleep 300 & wait\n")
    process = bench.start(url)
    ready(process)
    process.send_signal(sign)
    assert process.wait(timeout=20) == 44
    for pid in session_members(process.pid):
        os.kill(pid, signal.SIGKILL)
    process.communicate()


def test_a_stopped_job_is_still_waited_for(bench: Bench, s3: FaultS3) -> None:
    process = bench.start(s3.put("job.sh", "#!/bin/bash\necho ready\nkill -STOP $$\necho on\nexit 6\n"))
    ready(process)

    def stopped() -> list[int]:
        return [
            pid
            for pid in session_members(process.pid)
            if (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
        ]

    until(lambda: len(stopped()) == 1, "the job stopped itself")
    assert process.poll() is None
    os.kill(stopped()[0], signal.SIGCONT)
    assert (process.communicate(timeout=20)[0], process.returncode) == ("on\n", 6)


@pytest.mark.parametrize("sign", SIGNALS)
def test_a_signal_while_fetching(any_bench: Bench, s3: FaultS3, sign: signal.Signals) -> None:
    process = any_bench.start(s3.put("job.sh", "#!/bin/sh\necho never\n" + "#" * 100_000, Silence(after=500)))
    until(s3.silent.is_set, "half of the object arrived")
    started = time.monotonic()
    process.send_signal(sign)
    outcome = finish(process)
    assert (outcome.code, outcome.stdout) == (128 + sign, "")
    assert time.monotonic() - started < 3
    assert session_members(process.pid) == []
    assert any_bench.left() == []


@pytest.mark.parametrize("program", ["sha256sum", "tar"])
def test_a_signal_between_fetching_and_running(any_bench: Bench, s3: FaultS3, program: str) -> None:
    programs, begun = any_bench.folder / "programs", any_bench.work / "begun"
    programs.mkdir()
    (programs / program).write_text(f"#!/bin/sh\n>{begun}\nsleep 300 | sleep 300\n")
    (programs / program).chmod(0o755)
    process = any_bench.start(
        s3.put("job", b"x"), "job.sh", BATCH_FILE_TYPE="tar", PATH=f"{programs}:/usr/local/bin:/usr/bin:/bin"
    )
    until(begun.exists, f"{program} runs")
    process.send_signal(signal.SIGTERM)
    outcome = finish(process)
    assert (outcome.code, outcome.stdout, outcome.stderr) == (143, "", "")
    until(lambda: session_members(process.pid) == [], "what the program started is gone, too")
    assert any_bench.left() == []


def test_as_the_first_process_it_reaps_and_passes_signals_on(bench: Bench, s3: FaultS3) -> None:
    require_root()
    alone = replace(
        bench, prefix=(str(require_program("unshare")), "--pid", "--fork", "--mount-proc", "--kill-child", "--")
    )
    url = s3.put(
        "job.sh",
        "#!/bin/bash\norphan=$(sleep 0.05 >/dev/null & echo $!)\n"
        "while [[ -e /proc/$orphan ]]; do sleep 0.01; done\n"
        "trap 'exit 33' TERM\necho ready\nread -r line\n",
    )
    process = alone.start(url)
    ready(process)

    def is_first(pid: int) -> bool:
        return "\t1\n" in re.findall("NSpid:.*\n", Path(f"/proc/{pid}/status").read_text())[0]

    (first,) = filter(is_first, session_members(process.pid))
    os.kill(first, signal.SIGTERM)
    assert process.wait(timeout=20) == 33
    process.communicate()


@pytest.mark.parametrize("sign", SIGNALS)
def test_a_signal_while_waiting_to_try_again(any_bench: Bench, s3: FaultS3, sign: signal.Signals) -> None:
    s3.put("job.sh", "#!/bin/sh\necho never\n")
    process = any_bench.start(s3.refuse("job.sh", SLOW_DOWN), FETCH_AND_RUN_BACKOFF_SECONDS="60")
    assert process.stderr is not None
    assert "attempt 1 of 5 failed" in process.stderr.readline()
    started = time.monotonic()
    process.send_signal(sign)
    outcome = finish(process)
    assert (outcome.code, outcome.stdout, s3.gets("job.sh")) == (128 + sign, "", 1)
    assert time.monotonic() - started < 3
    assert session_members(process.pid) == []
    assert any_bench.left() == []


def test_a_signal_at_any_moment_leaves_nothing(bench: Bench, s3: FaultS3) -> None:
    url = s3.put("job.sh", "#!/bin/sh\nexec sleep 300\n")
    # bash can forget a child that ends as a signal comes: one moment in some dozens, more of them on a busy machine.
    for milliseconds in range(80):
        process = bench.start(url)
        time.sleep(milliseconds / 1000)  # the moment is what this test is about
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=20)
        process.communicate()
        assert code in (143, -signal.SIGTERM)  # the latter: before bash could set a trap
        assert session_members(process.pid) == []
        assert bench.left() == []


def test_an_ignored_signal_stays_ignored(bench: Bench, s3: FaultS3) -> None:
    url = s3.put("job.sh", '#!/bin/bash\necho ready\nread -r line\necho "$line"\n')
    process = bench.start(url, before=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    ready(process)
    process.send_signal(signal.SIGINT)
    assert process.communicate("still here\n", timeout=20)[0] == "still here\n"
    assert process.returncode == 0
