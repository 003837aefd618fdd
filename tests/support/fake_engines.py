"""STAND-INS for container engines, for tests alone: programs on PATH that note how they were called."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PROGRAM = """\
#!{python} -SE
import json, os, subprocess, sys, time
name = os.path.basename(sys.argv[0])
given = sys.argv[1:]
configuration = os.environ.get("DOCKER_CONFIG")
call = {{
    "engine": name,
    "arguments": given,
    "stdin": "" if given[:1] != ["login"] else sys.stdin.read(),
    "environment": dict(os.environ),
    "context": None,
    "configuration": None,
}}
if given and os.path.isdir(given[-1]):
    call["context"] = {{
        os.path.relpath(os.path.join(folder, file), given[-1]): os.stat(os.path.join(folder, file)).st_mode & 0o777
        for folder, _, files in os.walk(given[-1]) for file in files
    }}
if configuration and os.path.isfile(os.path.join(configuration, "config.json")):
    with open(os.path.join(configuration, "config.json")) as file:
        call["configuration"] = {{"config.json": json.load(file), "names": sorted(os.listdir(configuration))}}
with open({log!r}, "a") as file:
    file.write(json.dumps(call) + "\\n")
with open({behaviour!r}) as file:
    answers = json.load(file)[name]
words = " ".join(given)
answer = next((answers[start] for start in sorted(answers, key=len, reverse=True) if words.startswith(start)), {{}})
sys.stdout.write(answer.get("out", ""))
sys.stderr.write(answer.get("err", ""))
if answer.get("hangs"):
    child = subprocess.Popen(["sleep", "600"])
    with open({hanging!r} + ".new", "w") as file:
        file.write(json.dumps([os.getpid(), child.pid]))
    os.rename({hanging!r} + ".new", {hanging!r})
    time.sleep(600)
sys.exit(answer.get("code", 0))
"""

VERSIONS = {
    "docker": {"version": {"out": "27.1\n"}, "buildx version": {"out": "v0.16\n"}},
    "podman": {"info": {"out": "5.2\n"}},
    "finch": {"info": {"out": "1.4\n"}},
}
_NO_SUCH_COMMAND = {"code": 1, "err": "docker: unknown command: docker buildx\n"}
WITHOUT_BUILDX = {"buildx": _NO_SUCH_COMMAND, "buildx version": _NO_SUCH_COMMAND}


@dataclass(frozen=True)
class FakeEngines:
    """A folder for PATH, and what the engines in it were asked."""

    folder: Path

    @property
    def path(self) -> str:
        """A PATH with these engines and without the machine's own."""
        return str(self.folder / "bin")

    @property
    def hanging(self) -> Path:
        """Holds the process ids of an engine that hangs, and of its child, as soon as it does."""
        return self.folder / "hanging.json"

    def install(self, *names: str, **answers: Mapping[str, Any]) -> FakeEngines:
        """Put engines on PATH. `docker={"build": {"code": 1}}` adds to what one answers to which first words."""
        (self.folder / "bin").mkdir(exist_ok=True)
        behaviour = {name: {**VERSIONS[name], **answers.get(name, {})} for name in names}
        (self.folder / "behaviour.json").write_text(json.dumps(behaviour))
        for name in names:
            program = self.folder / "bin" / name
            text = _PROGRAM.format(
                python=os.path.realpath(sys.executable),
                log=str(self.folder / "calls.jsonl"),
                behaviour=str(self.folder / "behaviour.json"),
                hanging=str(self.hanging),
            )
            program.write_text(text)
            program.chmod(0o755)
        return self

    def calls(self) -> list[dict[str, Any]]:
        """Every call so far, those that only ask for a version left out."""
        log = self.folder / "calls.jsonl"
        calls = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        questions = (["version"], ["info"], ["buildx", "version"])
        return [call for call in calls if not any(call["arguments"][: len(words)] == words for words in questions)]
