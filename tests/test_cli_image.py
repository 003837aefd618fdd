"""`batchyard image` and the deployment file: which image it builds, and for which deployments there is none."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from batchyard.cli.commands import app
from batchyard.image import image_tag
from batchyard.platform import parameter_name
from batchyard.settings import load
from batchyard.settings.deployment import Deployment
from batchyard.toolchain import CONTAINER
from tests.support.command import Done
from tests.support.fake_engines import FakeEngines
from tests.support.platform import Platform

BOTH = ("linux/amd64", "linux/arm64")
URI = "quay.io/biocontainers/samtools:1.21"
Run = Callable[..., Done]


@pytest.fixture
def engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEngines:
    made = FakeEngines(tmp_path).install("podman")
    monkeypatch.setenv("PATH", f"{made.path}:{os.defpath}")
    monkeypatch.setenv("BATCHYARD_CONTAINER_ENGINE", "podman")
    return made


@pytest.fixture
def deployments(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The image sections of the deployment files there are, by name."""
    sections: dict[str, Any] = {}

    def load_named(name: str) -> Deployment:
        return Deployment.model_validate({"image": sections[name]})

    monkeypatch.setattr(load, "deployment_names", lambda: sorted(sections))
    monkeypatch.setattr(load, "load_named", load_named)
    return sections


@pytest.fixture
def run(engines: FakeEngines, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """The command in this process, where its deployment files can be others."""

    def invoke(*arguments: str, **environment: str) -> Done:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            app(["image", *arguments])
        said = capfd.readouterr()
        return Done(int(ended.value.code or 0), said.out, said.err)

    return invoke


def test_the_deployment_file_says_which_image_is_built(
    run: Run, engines: FakeEngines, deployments: dict[str, Any]
) -> None:
    deployments["mine"] = {"base_image": "debian:13", "platforms": ["linux/arm64", "linux/amd64"]}
    built = run("build", "--deployment", "mine")
    assert (built.code, built.out) == (
        0,
        f"batchyard/fetch-and-run:{image_tag(CONTAINER, 'debian:13', BOTH)}\n",
    )
    call = engines.calls()[-1]["arguments"]
    assert call[:3] == ["build", "--platform", "linux/amd64,linux/arm64"]
    assert "BASE_IMAGE=debian:13" in call


def test_options_come_before_the_deployment_file(run: Run, engines: FakeEngines, deployments: dict[str, Any]) -> None:
    deployments["mine"] = {"base_image": "debian:13", "platforms": list(BOTH)}
    built = run("build", "--deployment", "mine", "--base-image", "alpine:3.22", "--platform", "linux/amd64")
    assert built.out.strip().endswith(f":{image_tag(CONTAINER, 'alpine:3.22')}")
    assert "BASE_IMAGE=alpine:3.22" in engines.calls()[-1]["arguments"]


@pytest.mark.parametrize("given", ["", "debian 13", "-debian"])
def test_a_base_image_that_is_no_name_is_refused(run: Run, engines: FakeEngines, given: str) -> None:
    refused = run("build", f"--base-image={given}")
    assert (refused.code, refused.out) == (2, "")
    assert f"--base-image: {given!r} was given; allowed: an image's name, for example " in refused.err
    assert engines.calls() == []


@pytest.mark.parametrize("command", ["build", "push"])
def test_an_external_image_is_neither_built_nor_pushed(
    run: Run, engines: FakeEngines, deployments: dict[str, Any], command: str
) -> None:
    deployments["mine"] = {"source": "external", "uri": URI}
    refused = run(command, "--deployment", "mine")
    assert (refused.code, refused.out) == (1, "")
    assert f"The deployment 'mine' runs {URI} as it is (`image.source: external` in its file)" in refused.err
    assert engines.calls() == []


@pytest.fixture
def external_record(platform: Platform) -> Iterator[dict[str, str]]:
    """A deployment with an external image, whose file is not in this checkout; and how to reach it."""
    record = dataclasses.replace(platform.record, deployment="elsewhere", image=URI)
    name = parameter_name("elsewhere")
    platform.connection.ssm.put_parameter(Name=name, Value=record.to_json(), Type="String")
    yield platform.environment()
    platform.connection.ssm.delete_parameter(Name=name)


def test_a_deployed_external_image_is_not_pushed_to_and_status_says_what_it_is(
    run: Run, engines: FakeEngines, deployments: dict[str, Any], external_record: dict[str, str]
) -> None:
    refused = run("push", "--deployment", "elsewhere", **external_record)
    assert (refused.code, refused.out) == (1, "")
    assert f"The jobs of the deployment 'elsewhere' run {URI}" in refused.err
    assert engines.calls() == []
