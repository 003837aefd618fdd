"""Build the image, and send it: which image it is, and each engine's commands for it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from batchyard.client.errors import BatchyardError, InvalidInputError
from batchyard.image import DEFAULT_PLATFORMS, PLATFORMS, image_tag
from batchyard.images.children import ask, stream
from batchyard.images.engines import Engine
from batchyard.toolchain import CONTAINER

#: The name of an image that stays on this machine.
LOCAL_NAME = "batchyard/fetch-and-run"


@dataclass(frozen=True)
class Image:
    """What is built: a container folder, on a base image, for some platforms."""

    base_image: str | None = None
    """None: the Dockerfile's own."""
    platforms: tuple[str, ...] = DEFAULT_PLATFORMS
    container: Path = CONTAINER

    @property
    def tag(self) -> str:
        """Says what is in the image (batchyard.image.image_tag). Raises ContainerFolderError."""
        return image_tag(self.container, self.base_image, self.platforms)


@dataclass(frozen=True)
class Step:
    """One command of an engine."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    optional: bool = False
    """Clears the way: that it fails means that there was nothing to clear."""


def parse_platforms(text: str) -> tuple[str, ...]:
    """`linux/amd64,linux/arm64` as a sorted tuple. Raises InvalidInputError."""
    given = [part.strip() for part in text.split(",") if part.strip()]
    unknown = [each for each in given if each not in PLATFORMS]
    if unknown or not given:
        shown = ", ".join(map(repr, unknown)) or "nothing"
        raise InvalidInputError(f"--platform: {shown} was given; allowed: {', '.join(PLATFORMS)}, or both with a comma")
    return tuple(sorted(set(given)))


def require_ability(engine: Engine, image: Image) -> None:
    """Refuse an image for several platforms where the engine has no way to make one. Raises BatchyardError."""
    if len(image.platforms) > 1 and engine.name == "docker" and not engine.buildx:
        raise BatchyardError(
            f"{engine} cannot build one image for {' and '.join(image.platforms)}: its plugin buildx is missing "
            "(https://docs.docker.com/build/buildx/install/). Install it, build for one --platform, or use "
            "--engine podman or --engine finch."
        )


def build(engine: Engine, image: Image, reference: str, context: Path) -> None:
    """Build the image under the name `reference` (NAME:TAG), with the engine's output on stderr.

    Raises BatchyardError.
    """
    _run(engine, image, _BUILD[engine.name](engine, image, reference, str(context)), os.environ)


def send(engine: Engine, image: Image, reference: str, context: Path, environment: Mapping[str, str]) -> None:
    """Send what `build` built to its registry, with an environment in which the engine is logged in there.

    Raises BatchyardError.
    """
    _run(engine, image, _SEND[engine.name](engine, image, reference, str(context)), environment)


def _run(engine: Engine, image: Image, steps: Sequence[Step], environment: Mapping[str, str]) -> None:
    for step in steps:
        command = [engine.program, *step.arguments]
        complete = {**environment, **step.environment}
        if step.optional:
            ask(command, complete)
            continue
        code = stream(command, complete)
        if code != 0:
            hint = _foreign_platform_hint(image)
            raise BatchyardError(
                f"{engine} failed with exit code {code}; what it said stands above. The command was "
                f"`{shlex.join([engine.name, *step.arguments])}`.{hint}"
            )


def _foreign_platform_hint(image: Image) -> str:
    # What Python calls this machine and what Docker does.
    own = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    foreign = [each for each in image.platforms if each != f"linux/{own}"]
    if not foreign:
        return ""
    return (
        f" This machine is {own}: if the reason is an `exec format error`, the engine lacks emulation for "
        f"{', '.join(foreign)} (https://docs.docker.com/build/building/multi-platform/#qemu)."
    )


def _described(image: Image) -> tuple[str, ...]:
    """Build arguments: the base image, and what the labels say."""
    arguments = {"VERSION": importlib.metadata.version("batchyard"), "REVISION": _revision(image.container)}
    if image.base_image:
        arguments["BASE_IMAGE"] = image.base_image
    return tuple(part for name, value in arguments.items() for part in ("--build-arg", f"{name}={value}"))


def _revision(container: Path) -> str:
    """The commit that holds the container folder as it is; `unknown` where none does."""
    git = shutil.which("git")
    if git is None:
        return "unknown"
    changed = ask([git, "-C", str(container), "status", "--porcelain", "--", "."], os.environ)
    head = ask([git, "-C", str(container), "rev-parse", "HEAD"], os.environ)
    return head.out.strip() if head.code == changed.code == 0 and not changed.out else "unknown"


def _docker_build(engine: Engine, image: Image, reference: str, context: str) -> Sequence[Step]:
    named = ("--platform", ",".join(image.platforms), *_described(image), "--tag", reference, context)
    if not engine.buildx:
        # The classic builder sets no TARGETARCH.
        architecture = image.platforms[0].partition("/")[2]
        arguments = ("build", "--build-arg", f"TARGETARCH={architecture}", *named)
        return (Step(arguments, {"DOCKER_BUILDKIT": "0"}),)
    # Without provenance: it would make an index with an entry of no platform out of every image.
    # For several platforms the result stays in the build cache: not every image store can hold it.
    load = ("--load",) if len(image.platforms) == 1 else ()
    return (Step(("buildx", "build", "--provenance=false", *load, *named)),)


def _docker_send(engine: Engine, image: Image, reference: str, context: str) -> Sequence[Step]:
    if len(image.platforms) == 1:
        return (Step(("push", reference)),)
    named = ("--platform", ",".join(image.platforms), *_described(image), "--tag", reference, context)
    return (Step(("buildx", "build", "--provenance=false", "--push", *named)),)


def _podman_build(_engine: Engine, image: Image, reference: str, context: str) -> Sequence[Step]:
    named = ("--platform", ",".join(image.platforms), *_described(image))
    if len(image.platforms) == 1:
        return (Step(("build", *named, "--tag", reference, context)),)
    # A build adds to a manifest list that is there already.
    forget = Step(("manifest", "rm", reference), optional=True)
    return (forget, Step(("build", *named, "--manifest", reference, context)))


def _podman_send(_engine: Engine, image: Image, reference: str, _context: str) -> Sequence[Step]:
    if len(image.platforms) == 1:
        return (Step(("push", reference)),)
    return (Step(("manifest", "push", "--all", reference, f"docker://{reference}")),)


def _finch_build(_engine: Engine, image: Image, reference: str, context: str) -> Sequence[Step]:
    named = ("--platform", ",".join(image.platforms), *_described(image), "--tag", reference, context)
    return (Step(("build", *named)),)


def _finch_send(_engine: Engine, image: Image, reference: str, _context: str) -> Sequence[Step]:
    return (Step(("push", "--platform", ",".join(image.platforms), reference)),)


_Steps = Callable[[Engine, Image, str, str], Sequence[Step]]
# Docker: https://docs.docker.com/reference/cli/docker/buildx/build/
# Podman: https://docs.podman.io/en/latest/markdown/podman-build.1.html, podman-manifest-push.1.html
# finch:  https://github.com/containerd/nerdctl/blob/main/docs/command-reference.md
_BUILD: Mapping[str, _Steps] = {"docker": _docker_build, "podman": _podman_build, "finch": _finch_build}
_SEND: Mapping[str, _Steps] = {"docker": _docker_send, "podman": _podman_send, "finch": _finch_send}
