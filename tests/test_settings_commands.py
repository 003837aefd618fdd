"""`batchyard deployment`, and what the CDK app says of a deployment that cannot be used."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # it has none, and one use needs none
import pytest
from typer.testing import CliRunner

from batchyard.cli.deployment import app
from batchyard.settings.deployment import Deployment
from batchyard.settings.reference import reference
from batchyard.toolchain import DEPLOYMENTS, ROOT, cdk_command
from tests.test_settings_checks import WRONG

runner = CliRunner()


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    file = tmp_path / "wrong.yaml"
    file.write_text(WRONG)
    return file


def test_the_schema_accepts_every_deployment_of_the_project_and_the_empty_one() -> None:
    from batchyard.settings.yaml_file import read

    done = runner.invoke(app, ["schema"])
    assert done.exit_code == 0
    schema = json.loads(done.stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    for value in ({}, *(read(file).value for file in DEPLOYMENTS.glob("*.yaml"))):
        jsonschema.validate(value, schema)


@pytest.mark.parametrize(
    "settings",
    [
        {"disk": {"size_gib": 1}},
        {"disk": {"colour": "red"}},
        {"queues": {"1a": {}}},
        {"queues": {}},
        {"logs": {"retention_days": 31}},
        {"compute_environments": {"a": {"instance_types": ["M6I"]}}},
        {"tags": {"a": "é"}},
        {"tags": {"é": "a"}},
        {"job_definitions": {"a": {"environment": {"1A": "x"}}}},
    ],
)
def test_the_schema_refuses_what_the_settings_refuse(settings: dict[str, object]) -> None:
    schema = json.loads(runner.invoke(app, ["schema"]).stdout)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(settings, schema)


def test_every_field_is_described_in_the_schema() -> None:
    schema = json.loads(runner.invoke(app, ["schema"]).stdout)
    for definition in (schema, *schema["$defs"].values()):
        for name, field in definition["properties"].items():
            assert field.get("description"), name


@pytest.mark.parametrize("which", ["default", str(DEPLOYMENTS / "default.yaml")])
def test_check_takes_a_name_or_a_path(which: str) -> None:
    done = runner.invoke(app, ["check", which])
    assert (done.exit_code, done.stderr) == (0, "")
    assert "default.yaml" in done.stdout


def test_check_tells_everything_on_stderr_and_exits_2(wrong: Path) -> None:
    done = runner.invoke(app, ["check", str(wrong)])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "8 problems" in done.stderr
    assert f"{wrong}:2: disk.size_gib" in done.stderr


@pytest.mark.parametrize("which", ["nowhere", "nowhere.yaml", "/nowhere/x.yaml"])
def test_check_of_nothing(which: str) -> None:
    done = runner.invoke(app, ["check", which])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "no such file" in done.stderr or "deployments that exist: " in done.stderr


def test_list_prints_names_alone() -> None:
    done = runner.invoke(app, ["list"])
    assert done.exit_code == 0
    assert "default" in done.stdout.splitlines()


def synthesized(output: Path, **context: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CDK_OUTDIR": str(output)}
    if context:
        environment["CDK_CONTEXT_JSON"] = json.dumps(context)
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_app_refuses_an_unknown_deployment_without_a_traceback(tmp_path: Path) -> None:
    done = synthesized(tmp_path / "out", deployment="defalt")
    assert done.returncode == 2
    assert "there is no deployment 'defalt'" in done.stderr
    assert "did you mean default?" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.rglob("*.template.json"))


def test_no_name_is_not_the_default_deployment(tmp_path: Path) -> None:
    # `cdk destroy -c deployment=$UNSET`
    done = synthesized(tmp_path / "out", deployment="")
    assert done.returncode == 2
    assert "a deployment cannot be called ''" in done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """As much of the project as an app needs that makes no stack, and a deployment that cannot be read."""
    for folder in ("batchyard", "container"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("app.py", "cdk.json"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "deployments").mkdir()
    (tmp_path / "deployments" / "default.yaml").write_text("disk: {}\nlogs:\n  retention_days: 31\ndisk: {}\n")
    return tmp_path


@pytest.mark.parametrize("cli", [False, True], ids=["app.py", "cdk synth"])
def test_a_file_that_cannot_be_read_is_one_clear_error_whoever_starts_the_app(copy: Path, cli: bool) -> None:
    app = [sys.executable, "app.py"]
    command = [*cdk_command(), "synth", "--quiet", "--no-notices", "--no-color", "--app", shlex.join(app)]
    done = subprocess.run(
        command if cli else app,
        cwd=copy,
        env={**os.environ, "CDK_HOME": str(copy / "cdk"), "CDK_DISABLE_CLI_TELEMETRY": "true"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    file = copy / "deployments" / "default.yaml"
    told = f"{file}:4: disk: the key stands twice; the first is in line 1\n1 problem in {file}: nothing was done.\n"
    assert done.stderr.startswith(told)
    # The CDK CLI has a code of its own, and says which command failed.
    assert done.returncode == (1 if cli else 2)
    assert done.stderr.removeprefix(told).count("\n") <= (2 if cli else 0)
    assert "Traceback" not in done.stderr + done.stdout
    assert not list(copy.rglob("*.template.json"))


def test_the_app_makes_the_same_template_with_and_without_the_cli(tmp_path: Path) -> None:
    flags = json.loads((ROOT / "cdk.json").read_text())["context"]
    alone, through = tmp_path / "alone", tmp_path / "through"
    for output, context in ((alone, {}), (through, flags)):
        done = synthesized(output, **context)
        assert (done.returncode, done.stderr) == (0, "")
    name = "Batchyard-default.template.json"
    assert (alone / name).read_text() == (through / name).read_text()


def test_the_file_of_the_default_deployment_says_the_defaults() -> None:
    from batchyard.settings.load import load_named

    assert load_named("default") == Deployment()


def test_the_reference_is_what_the_schema_says() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/settings_reference.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_reference_names_every_field() -> None:
    text = reference()
    schema = json.loads(runner.invoke(app, ["schema"]).stdout)
    for definition in (schema, *schema["$defs"].values()):
        for name in definition["properties"]:
            assert f"| `{name}` |" in text
