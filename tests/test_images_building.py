"""The commands that each engine gets, the context they see, and what is left when they fail or are interrupted."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from batchyard.client.errors import BatchyardError, InvalidInputError
from batchyard.image import container_files, image_tag
from batchyard.images.building import Image, build, parse_platforms, require_ability, send
from batchyard.images.engines import Engine, find_engine
from batchyard.toolchain import CONTAINER
from tests.support.command import Command
from tests.support.fake_engines import WITHOUT_BUILDX, FakeEngines

AMD, BOTH = ("linux/amd64",), ("linux/amd64", "linux/arm64")
REFERENCE = "registry.example.com/images:tag"
SECONDS = 30


@pytest.fixture
def engines(tmp_path: Path) -> FakeEngines:
    return FakeEngines(tmp_path)


@pytest.fixture
def command(engines: FakeEngines) -> Command:
    return Command(engines.folder, {"PATH": f"{engines.path}:{os.defpath}", "BATCHYARD_CONTAINER_ENGINE": "docker"})


def left_behind(engines: FakeEngines) -> list[str]:
    folder = engines.folder / "state" / "images"
    return [file.name for file in folder.iterdir()] if folder.exists() else []


@pytest.mark.parametrize(
    ("name", "buildx", "platforms", "built", "sent"),
    [
        ("docker", False, AMD, ["build --build-arg TARGETARCH=amd64 --platform linux/amd64"], ["push REFERENCE"]),
        ("docker", True, AMD, ["buildx build --provenance=false --load --platform linux/amd64"], ["push REFERENCE"]),
        (
            "docker",
            True,
            BOTH,
            ["buildx build --provenance=false --platform linux/amd64,linux/arm64"],
            ["buildx build --provenance=false --push --platform linux/amd64,linux/arm64 … --tag REFERENCE CONTEXT"],
        ),
        ("podman", True, AMD, ["build --platform linux/amd64"], ["push REFERENCE"]),
        (
            "podman",
            True,
            BOTH,
            ["manifest rm REFERENCE", "build --platform linux/amd64,linux/arm64 … --manifest REFERENCE CONTEXT"],
            ["manifest push --all REFERENCE docker://REFERENCE"],
        ),
        ("finch", True, AMD, ["build --platform linux/amd64"], ["push --platform linux/amd64 REFERENCE"]),
        (
            "finch",
            True,
            BOTH,
            ["build --platform linux/amd64,linux/arm64"],
            ["push --platform linux/amd64,linux/arm64 REFERENCE"],
        ),
    ],
)
def test_every_engine_is_told_what_to_do_in_its_own_words(
    engines: FakeEngines,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
    buildx: bool,
    platforms: tuple[str, ...],
    built: list[str],
    sent: list[str],
) -> None:
    # There is nothing to clear away: that must not stop it.
    answers: dict[str, Mapping[str, Any]] = {
        "podman": {"manifest rm": {"code": 1}},
        "docker": {} if buildx else WITHOUT_BUILDX,
    }
    engines.install(name, **answers)
    monkeypatch.setenv("PATH", f"{engines.path}:{os.defpath}")
    context = tmp_path / "context"
    context.mkdir()
    engine, image = find_engine(name), Image(base_image="debian:13", platforms=platforms)
    build(engine, image, REFERENCE, context)
    count = len(engines.calls())
    send(engine, image, REFERENCE, context, os.environ)

    def matches(arguments: list[str], expected: str) -> bool:
        words = [{"REFERENCE": REFERENCE, "CONTEXT": str(context)}.get(word, word) for word in expected.split()]
        words = [word.replace("docker://REFERENCE", f"docker://{REFERENCE}") for word in words]
        if "…" in words:
            gap = words.index("…")
            return arguments[:gap] == words[:gap] and arguments[gap - len(words) + 1 :] == words[gap + 1 :]
        return arguments[: len(words)] == words

    calls = engines.calls()
    for seen, expected in ((calls[:count], built), (calls[count:], sent)):
        assert len(seen) == len(expected)
        for call, line in zip(seen, expected, strict=True):
            assert matches(call["arguments"], line), call["arguments"]
    given = calls[count - 1]["arguments"]
    assert "BASE_IMAGE=debian:13" in given
    assert any(argument.startswith("REVISION=") for argument in given)
    assert given[-1] == str(context)
    if name == "docker":
        assert calls[0]["environment"].get("DOCKER_BUILDKIT") == (None if buildx else "0")


def test_several_platforms_without_buildx_are_refused_before_anything_runs(
    engines: FakeEngines, command: Command
) -> None:
    engines.install("docker", docker=WITHOUT_BUILDX)
    refused = command("image", "build", "--platform", "linux/amd64,linux/arm64")
    assert (refused.code, refused.out) == (1, "")
    assert "buildx is missing" in refused.err
    assert "--engine podman" in refused.err
    assert engines.calls() == []


def test_a_single_platform_needs_no_buildx() -> None:
    engine = Engine("docker", "docker", "20.10", buildx=False)
    require_ability(engine, Image(platforms=AMD))
    with pytest.raises(BatchyardError, match="cannot build one image for linux/amd64 and linux/arm64"):
        require_ability(engine, Image(platforms=BOTH))


@pytest.mark.parametrize(
    ("text", "platforms"),
    [
        ("linux/amd64", AMD),
        ("linux/arm64,linux/amd64", BOTH),
        (" linux/amd64 , linux/arm64,linux/amd64", BOTH),
    ],
)
def test_platforms_are_read_in_any_order(text: str, platforms: tuple[str, ...]) -> None:
    assert parse_platforms(text) == platforms


@pytest.mark.parametrize("text", ["", ",", "amd64", "linux/386", "linux/amd64,windows/amd64"])
def test_other_platforms_are_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="allowed: linux/amd64, linux/arm64"):
        parse_platforms(text)


def test_a_build_sees_the_container_folder_and_the_pinned_s5cmd(engines: FakeEngines, command: Command) -> None:
    engines.install("docker", docker={**WITHOUT_BUILDX, "build": {"out": "Step 1/15\n"}})
    done = command("image", "build", "--base-image", "debian:13")
    tag = image_tag(CONTAINER, "debian:13")
    assert (done.code, done.out) == (0, f"batchyard/fetch-and-run:{tag}\n")
    # What the engine says is progress, and stdout is for the name alone.
    assert "Step 1/15" in done.err
    (call,) = engines.calls()
    modes = {name: 0o755 if file.stat().st_mode & 0o100 else 0o644 for name, file in container_files(CONTAINER)}
    assert call["context"] == {**modes, "s5cmd/linux-amd64": 0o755}
    assert left_behind(engines) == []


def test_a_failed_build_is_told_with_the_engines_own_words(engines: FakeEngines, command: Command) -> None:
    engines.install("docker", docker={**WITHOUT_BUILDX, "build": {"code": 17, "err": "no space left on device\n"}})
    failed = command("image", "build")
    assert (failed.code, failed.out) == (1, "")
    assert failed.err.index("no space left on device") < failed.err.index("docker 27.1 failed with exit code 17")
    assert "Traceback" not in failed.err
    assert left_behind(engines) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_build_leaves_no_process_and_no_file(
    engines: FakeEngines, command: Command, number: signal.Signals
) -> None:
    engines.install("docker", docker={**WITHOUT_BUILDX, "build": {"hangs": True}})
    process = command.start("image", "build")
    try:
        until(engines.hanging.exists, "the engine hangs")
        assert left_behind(engines) != []
        process.send_signal(number)
        _, err = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    assert process.returncode == 130
    assert err.endswith("batchyard: interrupted.\n")
    assert left_behind(engines) == []
    for pid in json.loads(engines.hanging.read_text()):
        until(partial(is_gone, pid), f"process {pid} is gone")


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has reaped yet counts as ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not in {SECONDS} s: {what}"
        time.sleep(0.02)
