"""The command line and the CDK CLI as processes, on a local account of the test's own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from batchyard.toolchain import ROOT, cdk_command

BIN = Path(sys.prefix) / "bin"
SECONDS = 180
"""More than any command here takes, and less than pytest's own limit."""


@dataclass(frozen=True)
class Done:
    """A process that ended."""

    code: int
    out: str
    err: str

    def ok(self) -> Done:
        """Itself, if it ended well."""
        assert self.code == 0, f"exit code {self.code}\nstdout:\n{self.out}\nstderr:\n{self.err}"
        return self


def run(*command: str | Path, env: Mapping[str, str], cwd: Path = ROOT, stdin: str = "") -> Done:
    """Run a command to its end."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=dict(env),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Desk:
    """A user's desk: a state folder of their own, a shell, and the commands."""

    state: Path

    @property
    def environment(self) -> dict[str, str]:
        """What every command here gets: no other account, no other state."""
        return {**os.environ, "BATCHYARD_STATE": str(self.state), "NO_COLOR": "1", "COLUMNS": "200"}

    def batchyard(self, *arguments: str | Path, stdin: str = "") -> Done:
        """Run `batchyard …`."""
        return run(BIN / "batchyard", *arguments, env=self.environment, stdin=stdin)

    def account_environment(self) -> dict[str, str]:
        """The environment that `eval "$(batchyard local env)"` makes in a real shell."""
        script = f'eval "$({BIN}/batchyard local env)" && env -0'
        done = run("/bin/sh", "-c", script, env=self.environment).ok()
        return dict(line.split("=", 1) for line in done.out.split("\0") if "=" in line)

    def cdk(self, *arguments: str | Path, cwd: Path) -> Done:
        """Run the pinned CDK CLI on the local account, as a user would from a checkout."""
        command = [*cdk_command(), *arguments, "--no-notices", "--no-color", "--ci"]
        environment = self.account_environment()
        environment["PATH"] = f"{BIN}{os.pathsep}{environment['PATH']}"
        return run(*command, env=environment, cwd=cwd)

    def client(self, service: str) -> Any:
        """A boto3 client for the account."""
        environment = self.account_environment()
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            region_name=environment["AWS_REGION"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        )
