"""`image.mount_runner`: what the template says, and what instances do with it, by running their boot script."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from batchyard.mounted_runner import RUNNER, RUNNER_FOLDER
from batchyard.settings.deployment import Deployment
from stacks.mounted_runner import architectures
from tests.support.instance_boot import S3, SOURCES, Instance, files, script
from tests.support.signed_s3 import signed_s3
from tests.support.synthesis import default_template, properties, resources, template

URI = "quay.io/biocontainers/samtools:1.21"
MOUNTED: dict[str, Any] = {
    "image": {"source": "external", "uri": URI, "mount_runner": True},
    "job_definitions": {
        "fetch-and-run": {},
        "own-command": {"command": ["samtools", "--version"]},
        "own-image": {"image": "debian:13", "command": [RUNNER, "label"]},
        "image-as-it-is": {"image": "debian:13"},
    },
}
SETTINGS = {
    "mounted": MOUNTED,
    "platform": {
        "image": {"mount_runner": True},
        "job_definitions": {"fetch-and-run": {}, "own-image": {"image": "debian:13", "command": [RUNNER]}},
    },
}


def container(made: dict[str, Any], definition: str) -> dict[str, Any]:
    found: dict[str, Any] = properties(made, "AWS::Batch::JobDefinition", definition)["ContainerProperties"]
    return found


def mounts(made: dict[str, Any], definition: str) -> list[dict[str, Any]]:
    return [each for each in container(made, definition)["MountPoints"] if each["ContainerPath"] == RUNNER_FOLDER]


@pytest.mark.parametrize("definition", ["FetchAndRun", "OwnCommand", "OwnImage", "ImageAsItIs"])
def test_every_image_gets_the_folder_of_its_instance_and_cannot_write_there(definition: str) -> None:
    made = template(MOUNTED)
    (mount,) = mounts(made, definition)
    assert mount["ReadOnly"] is True
    volumes = {each["Name"]: each for each in container(made, definition)["Volumes"]}
    assert volumes[mount["SourceVolume"]]["Host"] == {"SourcePath": RUNNER_FOLDER}


def test_only_a_definition_that_says_neither_image_nor_command_gets_the_runner_as_its_command() -> None:
    made = template(MOUNTED)
    assert container(made, "FetchAndRun")["Command"] == [RUNNER]
    assert container(made, "OwnCommand")["Command"] == ["samtools", "--version"]
    assert "Command" not in container(made, "ImageAsItIs")


def told_of(settings: dict[str, Any], field: str) -> Any:
    """A field of the platform record, whose text the template joins from parts."""
    value = properties(template(settings), "AWS::SSM::Parameter", "Platform")["Value"]
    text = "".join(part if isinstance(part, str) else "?" for part in value["Fn::Join"][1])
    return json.loads(text).get(field)


def test_the_record_names_the_definitions_that_scripts_run_in_by_the_mounted_runner() -> None:
    assert told_of(MOUNTED, "mounted_runners") == dict.fromkeys(MOUNTED["job_definitions"], RUNNER)
    assert told_of(SETTINGS["platform"], "mounted_runners") == {"own-image": RUNNER}


def test_the_record_names_the_definitions_that_need_no_script() -> None:
    assert told_of(MOUNTED, "own_commands") == ["own-command", "image-as-it-is"]
    assert told_of(SETTINGS["platform"], "own_commands") is None
    definitions = {"fetch-and-run": {}, "image": {"image": "debian:13"}, "fixed": {"command": ["job.sh"]}}
    assert told_of({"job_definitions": definitions}, "own_commands") == ["image", "fixed"]
    assert told_of({"job_definitions": definitions}, "mounted_runners") == {}


def test_the_platforms_own_image_is_left_alone_because_its_entrypoint_is_the_runner() -> None:
    made = template(SETTINGS["platform"])
    assert mounts(made, "FetchAndRun") == []
    assert "Command" not in container(made, "FetchAndRun")
    assert len(mounts(made, "OwnImage")) == 1


def test_instances_may_read_exactly_the_files_and_start_after_they_may() -> None:
    made = template(MOUNTED)
    ((policy, found),) = [
        (key, each) for key, each in resources(made, "AWS::IAM::Policy").items() if key.startswith("MountedRunner")
    ]
    (statement,) = found["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Action"] == "s3:GetObject"
    keys = [url.rpartition("/")[2] for _, _, _, url in files(script(MOUNTED))]
    assert len(keys) == 2
    named = json.dumps(statement["Resource"])
    assert all(f"/{key}" in named for key in keys)
    assert "*" not in named
    for environment in resources(made, "AWS::Batch::ComputeEnvironment").values():
        assert policy in environment["DependsOn"]


def test_nothing_of_it_without_the_setting() -> None:
    assert "MountedRunner" not in json.dumps(default_template())
    assert RUNNER_FOLDER not in json.dumps(default_template())


def test_files_are_those_of_the_architectures_that_instances_can_have() -> None:
    newer = {"newer_instance_types": {"m99g": {"architecture": "arm64"}}}

    def of(*types: str, **more: Any) -> list[str]:
        environment = {"type": "SPOT", "max_vcpus": 16, "instance_types": list(types)}
        settings = {"compute_environments": {"spot": environment}, **newer, **more}
        return architectures(Deployment.model_validate(settings))

    assert of("default_x86_64", "m7i") == ["amd64"]
    assert of("m7g.large") == ["arm64"]
    assert of("m7i", "c7g") == ["amd64", "arm64"]
    assert of("m99g.large") == ["arm64"]
    assert of("m7i", unmanaged_environments={"nodes": {"instance_types": ["m7g.large"]}}) == ["amd64", "arm64"]
    # Of instances from elsewhere nothing is known.
    assert of("m7i", unmanaged_environments={"lab": {"instances": "none"}}) == ["amd64", "arm64"]


# --- the boot --------------------------------------------------------------------------------------------------------


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    return Instance(tmp_path)


def test_a_boot_puts_the_files_there_and_the_agent_starts(instance: Instance) -> None:
    assert instance.boot(MOUNTED) == 0
    assert instance.contents() == {name: file.read_bytes() for name, file in SOURCES.items()}
    assert {each.stat().st_mode & 0o7777 for each in instance.folder.iterdir()} == {0o755}
    assert instance.agent_starts()
    assert instance.read("systemctl") == "daemon-reload\n"
    assert "the runner is in" in instance.read("console")


def test_no_credential_stands_in_an_argument(instance: Instance) -> None:
    instance.boot(MOUNTED)
    for secret in ("SECRET", "SESSION", "AKID"):
        assert secret not in instance.read("arguments")
    assert " TOKEN" not in instance.read("arguments")


def test_a_download_that_fails_is_tried_again(instance: Instance) -> None:
    assert instance.boot(MOUNTED, refusals=3) == 0
    assert instance.agent_starts()


def test_an_instance_that_cannot_fetch_them_stays_outside_and_says_so(instance: Instance) -> None:
    assert instance.boot(MOUNTED, refusals=99) == 1
    assert not instance.agent_starts()
    console = instance.read("console")
    assert "does not join its cluster" in console
    assert "curl: (22) 503" in console
    assert "5 attempts" in console
    assert instance.contents() == {}


@pytest.mark.parametrize("name", ["fetch_and_run.sh", "s5cmd"])
def test_a_file_with_another_hash_is_never_installed(instance: Instance, name: str) -> None:
    ((_, _, digest, url),) = [each for each in files(script(MOUNTED)) if each[1] == name]
    (instance.place / "served").mkdir()
    (instance.place / "served" / url.rpartition("/")[2]).write_text("another")
    assert instance.boot(MOUNTED) == 1
    assert not instance.agent_starts()
    assert f"it must be {digest}" in instance.read("console")
    assert name not in instance.contents()


def test_a_file_that_changes_later_keeps_the_agent_from_starting_again(instance: Instance) -> None:
    instance.boot(MOUNTED)
    (instance.folder / "s5cmd").write_text("another")
    assert not instance.agent_starts()


def test_an_image_that_brings_the_files_fetches_nothing(instance: Instance) -> None:
    instance.folder.mkdir(parents=True)
    for name, source in SOURCES.items():
        (instance.folder / name).write_bytes(source.read_bytes())
        (instance.folder / name).chmod(0o755)
    assert instance.boot(MOUNTED) == 0
    assert not (instance.place / "arguments").exists()
    assert instance.agent_starts()


def test_a_machine_of_another_architecture_stays_outside(instance: Instance) -> None:
    assert instance.boot(MOUNTED, machine="aarch64") == 1
    assert "no s5cmd for aarch64" in instance.read("console")
    assert not instance.agent_starts()


def test_a_condition_that_cannot_be_written_masks_the_agent(instance: Instance) -> None:
    (instance.place / "systemd").write_text("no folder")
    assert instance.boot(MOUNTED) == 1
    assert instance.read("systemctl") == "mask --now --no-block ecs.service\n"
    assert "does not join its cluster" in instance.read("console")


def test_curl_itself_signs_as_s3_wants_it(instance: Instance) -> None:
    objects = {url.removeprefix(S3): SOURCES[name].read_bytes() for _, name, _, url in files(script(MOUNTED))}
    with signed_s3("us-east-1", objects) as endpoint:
        assert instance.boot(MOUNTED, endpoint=endpoint) == 0
    assert instance.contents() == {name: file.read_bytes() for name, file in SOURCES.items()}
    assert instance.agent_starts()


def test_a_signature_for_another_region_would_be_refused(instance: Instance) -> None:
    objects = {url.removeprefix(S3): SOURCES[name].read_bytes() for _, name, _, url in files(script(MOUNTED))}
    with signed_s3("eu-central-1", objects) as endpoint:
        assert instance.boot(MOUNTED, endpoint=endpoint) == 1
    assert "403" in instance.read("console")
