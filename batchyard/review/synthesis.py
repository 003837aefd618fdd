"""The templates of a checkout's deployments, made by its own code, without an account and without credentials."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from batchyard.process import end_group
from batchyard.toolchain import ROOT

#: Stands for an account that nobody has asked.
ACCOUNT = "123456789012"
REGION = "us-east-1"

# An installed batchyard is this checkout's, which another one's code must not see: there only its own folder counts.
_RUN = """
import runpy, sys
sys.path = [sys.argv[1], *(each for each in sys.path if each and each != sys.argv[2])]
runpy.run_path(sys.argv[1] + "/app.py", run_name="__main__")
"""


@dataclass(frozen=True)
class Made:
    """One deployment's templates by stack, or why there are none."""

    templates: Mapping[str, Any] = field(default_factory=dict)
    lookups: tuple[str, ...] = ()
    """What the templates have stand-ins for, because only the account knows it."""
    error: str = ""


@dataclass(frozen=True)
class Account:
    """The account that templates are made for; nothing is asked of it."""

    id: str = ACCOUNT
    region: str = REGION

    def context(self, checkout: Path) -> dict[str, Any]:
        """What the CDK CLI would pass on: flags, answers that were looked up once and kept, and stand-in zones."""
        zones = f"availability-zones:account={self.id}:region={self.region}"
        found: dict[str, Any] = {zones: [f"{self.region}{letter}" for letter in "abcdef"]}
        for name, key in (("cdk.context.json", None), ("cdk.json", "context")):
            file = checkout / name
            if file.is_file():
                said = json.loads(file.read_text())
                found.update(said if key is None else said.get(key, {}))
        return found


@dataclass
class Synthesis:
    """Makes templates in processes that end with it."""

    account: Account
    running: set[subprocess.Popen[bytes]] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)
    over: bool = False

    def make(self, checkout: Path, deployment: str, output: Path) -> Made:
        """Synthesize one deployment of a checkout into an output folder of its own."""
        output.mkdir(parents=True)
        code = self._run(checkout, deployment, output)
        if code != 0:
            said = (output / "output").read_text(errors="replace").strip()
            return Made(error=said or f"its app.py ended with code {code}")
        manifest = json.loads((output / "manifest.json").read_text())
        templates = {
            artifact.get("displayName", name): json.loads((output / artifact["properties"]["templateFile"]).read_text())
            for name, artifact in manifest["artifacts"].items()
            if artifact["type"] == "aws:cloudformation:stack"
        }
        return Made(templates, tuple(sorted({each["provider"] for each in manifest.get("missing", ())})))

    def stop(self) -> None:
        """End what runs, and start nothing more."""
        with self.lock:
            self.over = True
            running = list(self.running)
        for process in running:
            end_group(process)

    def _run(self, checkout: Path, deployment: str, output: Path) -> int:
        with (output / "output").open("wb") as said:
            with self.lock:
                if self.over:
                    return 130
                process = subprocess.Popen(
                    [sys.executable, "-c", _RUN, str(checkout), str(ROOT) if checkout != ROOT else ""],
                    cwd=checkout,
                    env=self._environment(checkout, deployment, output),
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    start_new_session=True,
                )
                self.running.add(process)
            try:
                return process.wait()
            finally:
                with self.lock:
                    self.running.discard(process)

    def _environment(self, checkout: Path, deployment: str, output: Path) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "CDK_", "PYTHON")) and name != "JSII_NODE"
        }
        return {
            **kept,
            "CDK_CONTEXT_JSON": json.dumps({**self.account.context(checkout), "deployment": deployment}),
            "CDK_DEFAULT_ACCOUNT": self.account.id,
            "CDK_DEFAULT_REGION": self.account.region,
            "CDK_OUTDIR": str(output),
            # Whether a template is sound is the tests' question; here it is only compared.
            "CDK_VALIDATION": "false",
        }
