"""`image.mount_runner`: what the template says, and what instances do with it, by running their boot script."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from batchyard.mounted_runner import RUNNER, RUNNER_FOLDER
from batchyard.settings.deployment import Deployment
from batchyard.toolchain import CONTAINER
from stacks.mounted_runner import architectures
from tests.support.synthesis import default_template, properties, resources, stand_in_s5cmd, template

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
SOURCES = {"fetch_and_run.sh": CONTAINER / "fetch_and_run.sh", "s5cmd": stand_in_s5cmd("amd64")}


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


def test_the_record_names_the_definitions_whose_jobs_name_the_runner() -> None:
    record = json.dumps(properties(template(MOUNTED), "AWS::SSM::Parameter", "Platform")["Value"])
    assert f'\\"mounted_runners\\":{{\\"fetch-and-run\\":\\"{RUNNER}\\",\\"own-image\\":\\"{RUNNER}\\"}}' in record


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
    def of(*types: str) -> list[str]:
        environment = {"type": "SPOT", "max_vcpus": 16, "instance_types": list(types)}
        return architectures(Deployment.model_validate({"compute_environments": {"spot": environment}}))

    assert of("default_x86_64", "m7i") == ["amd64"]
    assert of("m7g.large") == ["arm64"]
    assert of("m7i", "c7g") == ["amd64", "arm64"]
    assert of("m99") == ["amd64", "arm64"]


# --- the boot --------------------------------------------------------------------------------------------------------


def resolved(value: Any) -> str:
    """A value of the template as CloudFormation would make it, with Fn::Base64 left out."""
    if isinstance(value, str):
        return value
    ((function, argument),) = value.items()
    if function == "Fn::Join":
        return str(argument[0]).join(map(resolved, argument[1]))
    if function == "Fn::Sub":
        return str(argument).replace("${AWS::URLSuffix}", "amazonaws.com")
    assert function == "Fn::Base64"
    return resolved(argument)


@cache
def _script(settings: str) -> str:
    data = properties(template(json.loads(settings)), "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    parts = resolved(data["UserData"]).split("Content-Transfer-Encoding: base64\n\n")
    (found,) = [part for part in parts if "fetch_and_run.sh" in part]
    return found.rpartition("\n--")[0]


def script(settings: dict[str, Any]) -> str:
    """The part of the instances' user data that is about the runner."""
    return _script(json.dumps(settings))


def files(text: str) -> list[list[str]]:
    """Machine, name, hash, URL of each file."""
    return [line.split() for line in text.partition("FILES='")[2].partition("'")[0].splitlines()]


CURL = """#!/bin/bash
stdin=; [[ -t 0 || " $* " != *" - "* && " $* " != *" @- "* ]] || stdin=$(cat)
url=; for word in "$@"; do [[ $word != http* ]] || url=$word; done
echo "$*" >>"$PLACE/arguments"
case $url in
  */latest/api/token) echo -n TOKEN ;;
  */security-credentials/) [[ $stdin == "X-aws-ec2-metadata-token: TOKEN" ]] && echo role ;;
  */security-credentials/role)
    printf '{\\n  "AccessKeyId" : "AKID",\\n  "SecretAccessKey" : "SECRET/+",\\n  "Token" : "SESSION=="\\n}\\n' ;;
  https://s3.us-east-1.amazonaws.com/*)
    [[ $stdin == *'user = "AKID:SECRET/+"'*'x-amz-security-token: SESSION=='*'aws:amz:us-east-1:s3'* ]] || exit 3
    while [[ $1 != --output ]]; do shift; done
    echo x >>"$PLACE/fetched"
    if [[ $(wc -l <"$PLACE/fetched") -le $REFUSALS ]]; then echo "curl: (22) 503" >&2; exit 22; fi
    cp "$PLACE/served/${url##*/}" "$2" ;;
  *) exit 6 ;;
esac
"""


@dataclass(frozen=True)
class Instance:
    """What stands for an instance: its folders, and programs that answer as its would."""

    place: Path

    @property
    def folder(self) -> Path:
        return self.place / "runner" / "bin"

    def boot(self, settings: dict[str, Any], machine: str = "x86_64", refusals: int = 0) -> int:
        """Run the rendered script, with this instance's paths; its exit code."""
        text = script(settings)
        programs = {"curl": CURL, "sleep": "#!/bin/bash\n", "uname": f"#!/bin/bash\necho {machine}\n"}
        programs["systemctl"] = '#!/bin/bash\necho "$*" >>"$PLACE/systemctl"\n'
        for name, content in programs.items():
            (self.place / "path").mkdir(exist_ok=True)
            (self.place / "path" / name).write_text(content)
            (self.place / "path" / name).chmod(0o755)
        (self.place / "served").mkdir(exist_ok=True)
        for _, name, _, url in files(text):
            target = self.place / "served" / url.rpartition("/")[2]
            if not target.exists():
                target.write_bytes(SOURCES[name].read_bytes())
        paths = {
            "/opt/batchyard": str(self.place / "runner"),
            "/etc/systemd": str(self.place / "systemd"),
            "/dev/console": str(self.place / "console"),
        }
        for path, here in paths.items():
            assert path in text
            text = text.replace(path, here)
        done = subprocess.run(
            ["/bin/bash"],
            input=text,
            text=True,
            env={
                "PATH": f"{self.place}/path:{os.environ['PATH']}",
                "PLACE": str(self.place),
                "REFUSALS": str(refusals),
            },
            check=False,
            timeout=60,
        )
        return done.returncode

    def read(self, name: str) -> str:
        return (self.place / name).read_text()

    def agent_starts(self) -> bool:
        """Whether the condition of the agent's service holds, by running it."""
        lines = self.read("systemd/system/ecs.service.d/batchyard-runner.conf").splitlines()
        assert lines[0] == "[Service]"
        (command,) = [line.removeprefix("ExecStartPre=") for line in lines[1:]]
        return subprocess.run(command.split(), capture_output=True, check=False).returncode == 0

    def contents(self) -> Mapping[str, bytes]:
        return {each.name: each.read_bytes() for each in self.folder.iterdir()}


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
