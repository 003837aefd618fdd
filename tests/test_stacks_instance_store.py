"""The boot hook of `scratch: instance-store`, run by a real shell with stand-ins for what touches disks."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from constructs.user_data import SCRATCH_ON_HOST

from tests.support.synthesis import properties, template

NVME = "Amazon EC2 NVMe Instance Storage"
ROOT_DISK = "/dev/nvme0n1 Amazon Elastic Block Store\n"
ONE_DISK = f"{ROOT_DISK}/dev/nvme1n1 {NVME}   \n"
TWO_DISKS = f"{ONE_DISK}/dev/nvme2n1 {NVME}   \n"
ARRAY = "/dev/md/batchyard"
STRIPE = f"mdadm --create {ARRAY} --run --level=0 --homehost=any --raid-devices=2 /dev/nvme1n1 /dev/nvme2n1"

#: What each program says at the first boot of a healthy instance: exit code and output.
HEALTHY = {
    "lsblk": (0, ONE_DISK),
    "blkid": (2, ""),
    "mdadm": (0, ""),
    "mkfs.xfs": (0, "meta-data=…\n"),
    "mount": (0, ""),
    "systemctl": (3, ""),
    "dnf": (0, ""),
}

PATHS = {SCRATCH_ON_HOST: "scratch", "/mnt/instance-store": "store", "/var/lib/docker": "docker"}


@cache
def launch_template() -> Any:
    types = {"compute_environments": {"spot": {"instance_types": ["c6id"]}, "on-demand": {"instance_types": ["i4i"]}}}
    made = template({**types, "disk": {"scratch": "instance-store"}})
    return properties(made, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]


def user_data() -> list[Any]:
    parts: list[Any] = launch_template()["UserData"]["Fn::Base64"]["Fn::Join"][1]
    return parts


@dataclass(frozen=True)
class Boot:
    """How the hook ended, what it said, and the programs that it ran."""

    code: int
    said: str
    calls: tuple[str, ...]


class Instance:
    """A machine whose disks are stand-ins, and whose folders lie in one of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "docker" / "image").mkdir(parents=True)
        (folder / "docker" / "image" / "agent").write_text("brought along")

    def boot(self, answers: Mapping[str, tuple[int, str]] | None = None, *, without: str = "") -> Boot:
        """Run the hook where programs answer so, one of them missing."""
        programs = self.folder / "bin"
        log = self.folder / "calls"
        log.write_text("")
        programs.mkdir(exist_ok=True)
        for program, (code, output) in {**HEALTHY, **(answers or {})}.items():
            (programs / f"{program}.out").write_text(output)
            file = programs / program
            file.write_text(f'#!/bin/bash\necho "${{0##*/}} $*" >> {log}\ncat "$0.out"\nexit {code}\n')
            file.chmod(0o755)
        (programs / without).unlink() if without else None
        script = user_data()[1]["Fn::Base64"]
        for path, name in PATHS.items():
            assert path in script
            script = script.replace(f"={path}\n", f"={self.folder / name}\n")
        done = subprocess.run(
            ["bash", "-c", script],
            env={"PATH": f"{programs}:{os.defpath}"},
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        calls = [line.replace(str(self.folder), "") for line in log.read_text().splitlines()]
        return Boot(done.returncode, done.stderr, tuple(calls))


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    return Instance(tmp_path)


def test_the_hook_is_the_first_part_and_runs_before_docker() -> None:
    parts = user_data()
    assert 'Content-Type: text/cloud-boothook; charset="utf-8"' in parts[0]
    assert parts[1]["Fn::Base64"].startswith("#!/bin/bash\nscratch=/scratch\n")
    assert "text/x-shellscript" in parts[2]
    assert parts[3]["Fn::Base64"].splitlines() == ["#!/bin/bash", "mkdir -p /scratch", "chmod 1777 /scratch"]


def test_one_disk_is_used_as_it_is(instance: Instance) -> None:
    boot = instance.boot()
    assert boot.code == 0
    assert boot.calls == (
        "lsblk --nodeps --noheadings --paths --output NAME,MODEL",
        "blkid --label batchyard",
        "mkfs.xfs -f -L batchyard /dev/nvme1n1",
        "mount -o noatime /dev/nvme1n1 /store",
        "mount --bind /store/scratch /scratch",
        "systemctl is-active --quiet docker",
        "mount --bind /store/docker /docker",
    )


def test_two_disks_are_striped(instance: Instance) -> None:
    boot = instance.boot({"lsblk": (0, TWO_DISKS)})
    assert boot.code == 0
    assert boot.calls[2:5] == (STRIPE, f"mkfs.xfs -f -L batchyard {ARRAY}", f"mount -o noatime {ARRAY} /store")
    assert f"on {ARRAY}, made of /dev/nvme1n1 /dev/nvme2n1" in boot.said


def test_any_user_may_write_to_scratch_and_what_docker_had_comes_along(instance: Instance) -> None:
    instance.boot()
    assert (instance.folder / "scratch").stat().st_mode & 0o7777 == 0o1777
    assert (instance.folder / "store" / "docker" / "image" / "agent").read_text() == "brought along"


def test_no_disk_leaves_all_on_the_root_disk_and_says_so(instance: Instance) -> None:
    boot = instance.boot({"lsblk": (0, ROOT_DISK)})
    assert boot.code == 1
    assert "has no NVMe instance store disks; scratch and Docker stay on the root disk" in boot.said
    assert [call.split()[0] for call in boot.calls] == ["lsblk"]


def test_a_second_boot_makes_nothing_anew(instance: Instance) -> None:
    instance.boot({"lsblk": (0, TWO_DISKS)})
    (instance.folder / "store" / "docker" / "image" / "pulled").write_text("later")
    boot = instance.boot({"lsblk": (0, TWO_DISKS), "blkid": (0, "/dev/md127\n")})
    assert boot.code == 0
    assert [call for call in boot.calls if call.startswith(("mdadm", "mkfs"))] == []
    assert "mount -o noatime /dev/md127 /store" in boot.calls
    assert (instance.folder / "store" / "docker" / "image" / "pulled").read_text() == "later"


@pytest.mark.parametrize(
    ("failing", "words"),
    [
        ("mkfs.xfs", "no file system could be made on /dev/nvme1n1 /dev/nvme2n1"),
        ("mdadm", "no file system could be made on /dev/nvme1n1 /dev/nvme2n1"),
        ("mount", "/dev/md/batchyard could not be mounted"),
    ],
)
def test_a_failure_leaves_all_on_the_root_disk_and_says_so(instance: Instance, failing: str, words: str) -> None:
    boot = instance.boot({"lsblk": (0, TWO_DISKS), failing: (1, "")})
    assert boot.code == 1
    assert f"{words}; scratch and Docker stay on the root disk" in boot.said
    assert boot.calls[-1].startswith(failing)
    assert "--bind" not in " ".join(boot.calls)


def test_what_stripes_is_installed_where_it_is_missing(instance: Instance) -> None:
    boot = instance.boot({"lsblk": (0, TWO_DISKS)}, without="mdadm")
    assert "dnf install --assumeyes --quiet mdadm" in boot.calls
    assert "scratch and Docker stay on the root disk" in boot.said  # the stand-in installed nothing


def test_docker_that_runs_already_is_left_alone(instance: Instance) -> None:
    boot = instance.boot({"systemctl": (0, "")})
    assert boot.code == 1
    assert "scratch is on /dev/nvme1n1, Docker's images stay on the root disk" in boot.said
    assert "mount --bind /store/docker /docker" not in boot.calls
