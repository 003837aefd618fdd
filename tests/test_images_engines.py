"""Which container engine is taken, and what a person hears without any."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from batchyard.client.errors import InvalidInputError
from batchyard.images.engines import Engine, NoEngineError, Silent, find_engine, survey
from tests.support.command import Command
from tests.support.fake_engines import WITHOUT_BUILDX, FakeEngines

SILENT: dict[str, Any] = {
    "docker": {"version": {"code": 1, "err": "Cannot connect to the Docker daemon\n"}},
    "podman": {"info": {"code": 125, "err": "Error: unable to connect to Podman socket\n"}},
    "finch": {"info": {"code": 1, "err": "\nlevel=fatal instance finch is not running\n\n"}},
}


@pytest.fixture
def engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEngines:
    made = FakeEngines(tmp_path)
    monkeypatch.setenv("PATH", made.path)
    return made


@pytest.mark.parametrize(
    ("there", "silent", "taken"),
    [
        (("docker", "podman", "finch"), (), "docker"),
        (("podman", "finch"), (), "podman"),
        (("finch",), (), "finch"),
        (("docker", "podman"), ("docker",), "podman"),
        (("docker", "podman", "finch"), ("docker", "podman"), "finch"),
    ],
)
def test_the_first_engine_that_answers_is_taken(
    engines: FakeEngines, there: tuple[str, ...], silent: tuple[str, ...], taken: str
) -> None:
    engines.install(*there, **{name: SILENT[name] for name in silent})
    assert find_engine().name == taken


def test_an_engine_that_is_named_is_taken_and_no_other(engines: FakeEngines) -> None:
    engines.install("docker", "podman", podman=SILENT["podman"])
    assert find_engine("docker") == Engine("docker", f"{engines.path}/docker", "27.1", buildx=True)
    with pytest.raises(NoEngineError, match="unable to connect to Podman socket") as error:
        find_engine("podman")
    assert "docker:" not in str(error.value)


def test_podman_that_calls_itself_docker_is_podman(engines: FakeEngines) -> None:
    """Its `docker version` has no server; it is found under its own name."""
    shim = {"version": {"code": 125, "err": "template: nil pointer evaluating *define.Version\n"}}
    engines.install("docker", "podman", docker=shim)
    assert find_engine().name == "podman"


def test_an_answer_without_a_version_is_none(engines: FakeEngines) -> None:
    engines.install("docker", docker={"version": {"out": "\n"}})
    assert [type(each) for each in survey()] == [Silent, Silent, Silent]


def test_docker_without_buildx_is_known(engines: FakeEngines) -> None:
    engines.install("docker", docker=WITHOUT_BUILDX)
    assert find_engine().buildx is False


def test_a_program_that_is_none_is_told(engines: FakeEngines) -> None:
    engines.install("podman")
    (Path(engines.path) / "podman").write_text("#!/no/such/interpreter\n")
    with pytest.raises(NoEngineError, match="podman cannot be started: No such file or directory"):
        find_engine()


def test_without_an_engine_every_reason_and_every_way_is_told(engines: FakeEngines) -> None:
    engines.install("docker", "finch", docker=SILENT["docker"], finch=SILENT["finch"])
    with pytest.raises(NoEngineError) as error:
        find_engine()
    text = str(error.value)
    assert f"docker: {engines.path}/docker is there, but does not work: Cannot connect to the Docker daemon" in text
    assert "podman: not on PATH" in text
    assert "instance finch is not running" in text
    for way in ("install one", "image.build: codebuild", "image.source: external", "image.mount_runner: true"):
        assert way in text


def test_an_unknown_engine_is_refused(engines: FakeEngines) -> None:
    with pytest.raises(InvalidInputError, match="'lxc' was given; allowed: docker, podman, finch"):
        find_engine("lxc")


def test_the_command_ends_with_1_without_an_engine_and_with_2_for_an_unknown_one(engines: FakeEngines) -> None:
    command = Command(engines.folder, {"PATH": engines.path})
    without = command("image", "build")
    assert (without.code, without.out) == (1, "")
    assert "image.build: codebuild" in without.err
    assert "Traceback" not in without.err
    unknown = Command(engines.folder, {"PATH": engines.path, "BATCHYARD_CONTAINER_ENGINE": "lxc"})("image", "build")
    assert unknown.code == 2
    assert "'lxc' was given" in unknown.err
