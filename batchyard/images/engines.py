"""Container engines: which there are, which of them answers, and what to do without any."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from batchyard.client.errors import BatchyardError, InvalidInputError
from batchyard.images.children import ask

#: In the order in which they are looked for; each with a question that only an engine that works answers with its
#: version. (A `docker` that is podman's own imitation answers no, and podman is found under its name.)
#: https://docs.docker.com/reference/cli/docker/version/
#: https://docs.podman.io/en/latest/markdown/podman-info.1.html
#: https://github.com/containerd/nerdctl/blob/main/docs/command-reference.md (finch passes commands on to nerdctl)
QUESTIONS = {
    "docker": ("version", "--format", "{{.Server.Version}}"),
    "podman": ("info", "--format", "{{.Version.Version}}"),
    "finch": ("info", "--format", "{{.ServerVersion}}"),
}
#: An engine in a virtual machine that is just waking up takes its time; one that hangs must not hang us.
ANSWER_SECONDS = 30.0

WITHOUT_AN_ENGINE = """\
Without a container engine on this machine there are four ways:
  - install one: Docker (https://docs.docker.com/engine/install/), Podman (https://podman.io/docs/installation)
    or Finch (https://runfinch.com/docs/getting-started/installation/);
  - `image.build: codebuild` in the deployment file: `cdk deploy` then builds the image in the account;
  - `image.source: external` in the deployment file: jobs run an image that exists already, as it is;
  - `image.mount_runner: true` in the deployment file: the runner comes from the instance, into any image with bash."""


class NoEngineError(BatchyardError):
    """No container engine answers."""


@dataclass(frozen=True)
class Engine:
    """A container engine that answers."""

    name: str
    """A key of QUESTIONS."""
    program: str
    """The path of its command."""
    version: str
    buildx: bool = False
    """Docker only: whether its BuildKit front end is installed; without, the classic builder builds."""

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class Silent:
    """An engine that cannot be used, and why."""

    name: str
    reason: str


def find_engine(chosen: str | None = None) -> Engine:
    """The first engine that answers, or the chosen one.

    Raises InvalidInputError for a name that no engine has, NoEngineError, with what to do, where none answers.
    """
    silent: list[Silent] = []
    for found in survey(chosen):
        if isinstance(found, Engine):
            return found
        silent.append(found)
    reasons = "\n".join(f"  {each.name}: {each.reason}" for each in silent)
    raise NoEngineError(f"No container engine answers:\n{reasons}\n{WITHOUT_AN_ENGINE}")


def survey(chosen: str | None = None) -> Iterator[Engine | Silent]:
    """Ask one engine after the other, or only the chosen one. Raises InvalidInputError."""
    if chosen is not None and chosen not in QUESTIONS:
        raise InvalidInputError(f"--engine {chosen!r} was given; allowed: {', '.join(QUESTIONS)}")
    for name in [chosen] if chosen else QUESTIONS:
        program = shutil.which(name)
        yield _asked(name, program) if program else Silent(name, "not on PATH")


def _asked(name: str, program: str) -> Engine | Silent:
    try:
        answer = ask([program, *QUESTIONS[name]], os.environ, seconds=ANSWER_SECONDS)
    except subprocess.TimeoutExpired:
        return Silent(name, f"{program} did not answer in {ANSWER_SECONDS:.0f} s")
    except OSError as error:
        return Silent(name, f"{program} cannot be started: {error.strerror}")
    version = answer.out.strip()
    if answer.code != 0 or not version:
        return Silent(name, f"{program} is there, but does not work: {answer.last_words}")
    return Engine(name, program, version, buildx=name == "docker" and _has_buildx(program))


def _has_buildx(program: str) -> bool:
    try:
        return ask([program, "buildx", "version"], os.environ, seconds=ANSWER_SECONDS).code == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
