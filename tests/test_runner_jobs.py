"""The runner, from outside: what a job is given, and what becomes of its exit code."""

from __future__ import annotations

import hashlib
import os
import re
import resource
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.fault_s3 import FaultS3, Silence
from tests.support.runner import Bench, finish, own_lines, session_members, until

pytest_plugins = ("tests.support.runner_fixtures",)


def test_a_script_runs_with_its_arguments_untouched(any_bench: Bench, s3: FaultS3) -> None:
    url = s3.put("job.sh", "#!/bin/bash\nprintf '<%s>' \"$@\"\n")
    arguments = ["a b", "", "*", "$HOME", "it's", '"', "\\", "--", "-n", "new\nline", "é"]
    outcome = any_bench.run(url, "label", *arguments)
    assert (outcome.code, outcome.stdout) == (0, "".join(f"<{argument}>" for argument in arguments))


def test_without_arguments_a_script_gets_none(bench: Bench, s3: FaultS3) -> None:
    outcome = bench.run(s3.put("job.sh", '#!/bin/sh\necho "$#"\n'))
    assert (outcome.code, outcome.stdout) == (0, "0\n")


@pytest.mark.parametrize("code", [0, 1, 2, 7, 65, 77, 126, 255])
def test_the_jobs_code_is_the_runners(bench: Bench, s3: FaultS3, code: int) -> None:
    assert bench.run(s3.put("job.sh", f"#!/bin/sh\nexit {code}\n")).code == code


@pytest.mark.parametrize("name", ["KILL", "SEGV", "TERM", "ABRT", "HUP"])
def test_a_signal_that_ends_the_job_is_128_and_its_number(bench: Bench, s3: FaultS3, name: str) -> None:
    outcome = bench.run(s3.put("job.sh", f"#!/bin/sh\nkill -{name} $$\n"))
    assert outcome.code == 128 + signal.Signals[f"SIG{name}"]
    assert all(line.startswith("fetch_and_run: ") for line in outcome.stderr.splitlines())


def test_the_environment_is_the_one_that_the_runner_was_given(any_bench: Bench, s3: FaultS3) -> None:
    odd = {
        "EMPTY": "",
        "TWO": "line\nline",
        "SECONDS": "60",
        "RANDOM": "5",
        "IFS": "x",
        "OLDPWD": "/nowhere",
        "SHLVL": "9",
        "url": "mine",
        "status": "mine too",
        "SIGNALS": "none",
        "dotted.name": "1",
        "BASH_FUNC_x%%": "() { echo x; }",
        "POSIXLY_CORRECT": "1",
        "BATCH_FILE_SHA256": "",
        "AWS_PAGER": "less",
        "S3_ENDPOINT_URL": "http://127.0.0.1:9",
    }
    url = s3.put("job.sh", b"#!/usr/bin/cat /proc/self/environ\n")
    outcome = any_bench.run(url, given=odd)
    given = any_bench.environment({"BATCH_FILE_S3_URL": url, **odd})
    arrived = dict(entry.split("=", 1) for entry in outcome.stdout.split("\0")[:-1] if "=" in entry)
    arrived = {name: value.split("#!", 1)[0] for name, value in arrived.items()}
    difference = {
        name: (given.get(name), arrived.get(name))
        for name in given.keys() | arrived.keys()
        if given.get(name) != arrived.get(name)
    }
    assert difference == {}


def test_path_stays(bench: Bench, s3: FaultS3) -> None:
    path = "/opt/conda/bin:/usr/bin:/bin"
    assert bench.run(s3.put("job.sh", '#!/bin/sh\necho "$PATH"\n'), PATH=path).stdout == f"{path}\n"


def test_bash_env_changes_nothing(bench: Bench, s3: FaultS3) -> None:
    marker = bench.folder / "marker"
    startup = bench.folder / "startup.sh"
    startup.write_text(f"echo here >> {marker}\nexit 9\n")
    outcome = bench.run(s3.put("job.sh", "#!/bin/sh\necho fine\n"), BASH_ENV=str(startup), ENV=str(startup))
    assert (outcome.code, outcome.stdout, marker.exists()) == (0, "fine\n", False)


def test_a_traced_shell_leaves_no_secret_in_the_log(bench: Bench, s3: FaultS3) -> None:
    outcome = bench.run(s3.put("job.sh", "#!/bin/sh\n:\n"), SHELLOPTS="xtrace:verbose", AWS_SESSION_TOKEN="S3CR3T")
    assert outcome.code == 0
    assert not re.search("S3CR3T|not-a-secret|AKIA", outcome.stdout + outcome.stderr)


def test_no_secret_stands_in_an_argument(any_bench: Bench, s3: FaultS3) -> None:
    process = any_bench.start(
        s3.put("job.sh", "#!/bin/sh\n" + "#" * 100_000, Silence(after=500)), AWS_SESSION_TOKEN="a-session-of-nobody"
    )
    until(s3.silent.is_set, "half of the object arrived")
    seen = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in session_members(process.pid)]
    process.terminate()
    finish(process)
    assert len(seen) >= 2
    assert any(b"s5cmd" in each for each in seen)
    for secret in (b"not-a-secret-of-anyone", b"a-session-of-nobody"):
        assert not any(secret in each for each in seen)


def test_the_job_reads_the_runners_stdin(any_bench: Bench, s3: FaultS3) -> None:
    assert any_bench.run(s3.put("job.sh", "#!/bin/cat\n"), "l", "-", stdin="from outside\n").stdout.endswith(
        "from outside\n"
    )


def test_a_script_runs_in_the_working_directory_of_the_runner(any_bench: Bench, s3: FaultS3) -> None:
    assert any_bench.run(s3.put("job.sh", "#!/bin/sh\npwd\n")).stdout == f"{any_bench.work}\n"


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o027, 0o077])
def test_the_umask_is_the_runners(bench: Bench, s3: FaultS3, mask: int) -> None:
    outcome = bench.run(s3.put("job.sh", "#!/bin/sh\numask\n"), before=lambda: os.umask(mask))
    assert outcome.stdout == f"{mask:04o}\n"


def test_limits_and_signal_masks_are_the_runners(bench: Bench, s3: FaultS3) -> None:
    def before() -> None:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2, signal.SIGWINCH])
        resource.setrlimit(resource.RLIMIT_NOFILE, (123, 456))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    script = (
        "#!/bin/bash\nulimit -a\nwhile read -r line; do [[ $line != Sig[BI]* ]] || echo $line; done < /proc/$$/status\n"
    )
    direct = bench.folder / "direct"
    direct.write_text(script)
    direct.chmod(0o755)
    expected = Bench(bench.folder, bench.endpoint, bench.s5cmd, prefix=(str(direct),)).start("s3://x/y", before=before)
    wanted, _ = expected.communicate(timeout=20)
    outcome = bench.run(s3.put("job.sh", script), before=before)
    assert outcome.stdout == wanted
    assert "SigIgn" in wanted


def test_the_job_has_no_open_file_of_the_runners(bench: Bench, s3: FaultS3) -> None:
    script = "#!/bin/bash\nfor fd in {3..254}; do [[ ! -e /proc/$$/fd/$fd ]] || echo $fd; done\n"
    assert bench.run(s3.put("job.sh", script)).stdout == ""


def test_output_is_there_while_the_job_runs(bench: Bench, s3: FaultS3) -> None:
    url = s3.put("job.sh", '#!/bin/sh\necho early\nread -r line\necho "late $line"\n')
    with bench.start(url) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "early\n"
        assert process.communicate("go\n", timeout=20)[0] == "late go\n"


def test_one_line_says_what_runs(bench: Bench, s3: FaultS3) -> None:
    body = b"#!/bin/sh\n"
    s3.put("job.sh", body)
    url = s3.put("job.sh", body, version="v.1")
    outcome = bench.run(url, BATCH_FILE_VERSION_ID="v.1")
    (line,) = outcome.stderr.splitlines()
    digest = hashlib.sha256(body).hexdigest()
    pattern = f"fetch_and_run: running {url} version=v.1 sha256={digest} bytes=10 attempts=1 milliseconds=[0-9]+"
    assert re.fullmatch(pattern, line)


def test_the_folder_is_closed_to_others_and_can_be_kept(bench: Bench, s3: FaultS3) -> None:
    url = s3.put("job.sh", '#!/bin/sh\nstat -c %a "${0%/*}"\necho "${0%/*}"\n')
    outcome = bench.run(url, KEEP_BATCH_FILE_CONTENTS="1", before=lambda: os.umask(0))
    mode, folder = outcome.stdout.splitlines()
    assert mode == "700"
    assert [str(path) for path in bench.scratch.iterdir()] == [folder]
    assert f"fetch_and_run: kept {folder}" in own_lines(outcome)


def test_the_folder_goes_whatever_the_job_left_in_it(any_bench: Bench, s3: FaultS3) -> None:
    url = s3.put("job.sh", '#!/bin/sh\nmkdir -p "${0%/*}/a/b"\nchmod 0 "${0%/*}/a"\nexit 3\n')
    assert any_bench.run(url).code == 3


def test_a_child_left_in_the_background_does_not_hold_the_runner(bench: Bench, s3: FaultS3) -> None:
    url = s3.put("job.sh", "#!/bin/bash\nsleep 300 >/dev/null 2>&1 </dev/null &\necho $!\nexit 4\n")
    outcome = bench.run(url)
    assert outcome.code == 4
    os.kill(int(outcome.stdout), signal.SIGKILL)


def test_a_child_that_holds_the_output_does_not_hold_the_runner(bench: Bench, s3: FaultS3) -> None:
    url = s3.put("job.sh", "#!/bin/bash\nsleep 300 &\necho $!\nexit 4\n")
    process = bench.start(url)
    assert process.stdout is not None
    left = int(process.stdout.readline())
    assert process.wait(timeout=20) == 4
    os.kill(left, signal.SIGKILL)
    process.communicate()


def test_twenty_at_once(bench: Bench, s3: FaultS3) -> None:
    urls = [s3.put(f"job-{number}.sh", f"#!/bin/sh\nexit {number}\n") for number in range(20)]
    with ThreadPoolExecutor(20) as pool:
        processes = list(pool.map(bench.start, urls))
        codes = [process.communicate(timeout=60) and process.returncode for process in processes]
    assert codes == list(range(20))
    assert bench.left() == []


def test_a_script_without_an_interpreter_line_runs_in_bash(bench: Bench, s3: FaultS3) -> None:
    outcome = bench.run(s3.put("job.sh", '[[ -n $BASH_VERSION ]] && echo "$1"\n'), "label", "one")
    assert (outcome.code, outcome.stdout) == (0, "one\n")


def test_a_program_runs_too(bench: Bench, s3: FaultS3) -> None:
    program = shutil.which("true")
    assert program is not None
    assert bench.run(s3.put("program", Path(program).read_bytes())).code == 0
