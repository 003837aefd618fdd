"""The runner, from outside: folders, disks and images that are not as one would wish."""

from __future__ import annotations

import io
import re
import shutil
import struct
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fault_s3 import FaultS3
from tests.support.requirements import require_program, require_root
from tests.support.runner import Bench, own_lines

pytest_plugins = ("tests.support.runner_fixtures",)

FINE = "#!/bin/sh\necho fine\n"


def in_namespace(bench: Bench, mounts: str) -> Bench:
    """The bench with file systems mounted, seen by the runner alone. $1 is TMPDIR."""
    require_root()
    unshare = str(require_program("unshare"))
    shell = f'set -e; {mounts}; shift; exec "$@"'
    return replace(bench, prefix=(unshare, "--mount", "--", "/bin/sh", "-c", shell, "sh", str(bench.scratch)))


@pytest.mark.parametrize("missing", ["nowhere", "file"])
def test_no_tmpdir(any_bench: Bench, s3: FaultS3, missing: str) -> None:
    (any_bench.folder / "file").write_text("")
    outcome = any_bench.run(s3.put("job.sh", FINE), TMPDIR=str(any_bench.folder / missing))
    assert (outcome.code, s3.gets("job.sh")) == (2, 0)
    assert f"TMPDIR is '{any_bench.folder / missing}'" in own_lines(outcome)[0]


def test_without_tmpdir_it_is_tmp(bench: Bench, s3: FaultS3) -> None:
    outcome = bench.run(s3.put("job.sh", '#!/bin/sh\necho "$0" "${TMPDIR-unset}"\n'), TMPDIR=None)
    folder, variable = outcome.stdout.split()
    assert folder.startswith("/tmp/fetch_and_run.")
    assert variable == "unset"
    assert not Path(folder).exists()


@pytest.mark.parametrize("name", ["with space", "star*[a]?", "quote'\"", "é", "a=b", "-x", "new\nline"])
def test_a_tmpdir_of_any_name(bench: Bench, s3: FaultS3, name: str) -> None:
    folder = bench.scratch / name
    folder.mkdir()
    outcome = bench.run(s3.put("job.sh", FINE), TMPDIR=str(folder), KEEP_BATCH_FILE_CONTENTS="")
    assert (outcome.code, outcome.stdout, list(folder.iterdir())) == (0, "fine\n", [])


def test_a_tmpdir_that_may_not_be_written(any_bench: Bench, s3: FaultS3) -> None:
    if any_bench.uid is None:
        bench = in_namespace(any_bench, 'mount -t tmpfs -o ro tmpfs "$1"')
    else:
        bench = any_bench
        bench.scratch.chmod(0o555)
    outcome = bench.run(s3.put("job.sh", FINE))
    assert outcome.code == 2
    assert "not writable" in own_lines(outcome)[0]


def test_noexec(bench: Bench, s3: FaultS3) -> None:
    outcome = in_namespace(bench, 'mount -t tmpfs -o noexec tmpfs "$1"').run(s3.put("job.sh", FINE))
    assert (outcome.code, outcome.stdout) == (126, "")
    assert "noexec" in own_lines(outcome)[-1]
    assert str(bench.scratch) in own_lines(outcome)[-1]


def test_a_disk_that_fills_while_fetching(bench: Bench, s3: FaultS3) -> None:
    small = in_namespace(bench, 'mount -t tmpfs -o size=64k tmpfs "$1"')
    outcome = small.run(s3.put("job.sh", FINE + "#" * 200_000))
    assert (outcome.code, outcome.stdout, s3.gets("job.sh")) == (69, "", 1)
    assert f"no space left in TMPDIR '{bench.scratch}'" in own_lines(outcome)[-1]


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_disk_that_fills_while_unpacking(bench: Bench, s3: FaultS3, kind: str) -> None:
    require_program("unzip" if kind == "zip" else "tar")
    content = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("run.sh", FINE + "#" * 2_000_000)
    else:
        with tarfile.open(fileobj=content, mode="w:gz") as tar:
            member = tarfile.TarInfo("run.sh")
            member.size = 2_000_000
            tar.addfile(member, io.BytesIO(b"#" * member.size))
    url = s3.put("a", content.getvalue())
    outcome = in_namespace(bench, 'mount -t tmpfs -o size=256k tmpfs "$1"').run(url, "run.sh", BATCH_FILE_TYPE=kind)
    assert (outcome.code, outcome.stdout) == (69, "")
    assert own_lines(outcome)[-1].endswith(f"no space left in TMPDIR '{bench.scratch}' to unpack {url}")


def test_a_full_disk(bench: Bench, s3: FaultS3) -> None:
    full = in_namespace(
        bench, 'mount -t tmpfs -o size=64k tmpfs "$1"; dd if=/dev/zero of="$1/fill" bs=4k 2>/dev/null || :'
    )
    outcome = full.run(s3.put("job.sh", FINE))
    assert (outcome.code, outcome.stdout) == (69, "")
    assert "TMPDIR" in own_lines(outcome)[-1]


def test_a_folder_that_cannot_be_made(bench: Bench, s3: FaultS3) -> None:
    outcome = in_namespace(bench, 'mount -t tmpfs -o nr_inodes=1 tmpfs "$1"').run(s3.put("job.sh", FINE))
    assert (outcome.code, s3.requests) == (69, [])
    assert re.search(f"could not make a folder in TMPDIR '{bench.scratch}': .*No space left", own_lines(outcome)[-1])


def test_a_read_only_root(bench: Bench, s3: FaultS3) -> None:
    mounts = 'mount -t tmpfs tmpfs "$1"; mount -o remount,ro,bind / ; ! touch /tmp/x 2>/dev/null'
    outcome = in_namespace(bench, mounts).run(s3.put("job.sh", FINE))
    assert (outcome.code, outcome.stdout) == (0, "fine\n")


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("#!/bin/sh\r", 126, "CRLF"),
        ("#!/usr/bin/env bash\r", 126, "CRLF"),
        ("#!/bin/bash -e\r", 126, "CRLF"),
        ("#!/no/such/interpreter", 127, "/no/such/interpreter"),
        ("#! /no/such/interpreter -x", 127, "/no/such/interpreter"),
        ("#!/usr/bin/env no-such-python", 127, "no-such-python"),
        ("#!/etc/passwd", 126, "/etc/passwd"),
        ("#!/etc", 126, "/etc"),
    ],
)
def test_what_cannot_be_run(any_bench: Bench, s3: FaultS3, line: str, code: int, said: str) -> None:
    outcome = any_bench.run(s3.put("job.sh", f"{line}\necho never\n"))
    assert (outcome.code, outcome.stdout) == (code, "")
    assert said in own_lines(outcome)[-1]
    assert len(own_lines(outcome)) == len(outcome.stderr.splitlines())


def test_crlf_in_an_archive(bench: Bench, s3: FaultS3) -> None:
    from tests.test_runner_archives import Entry, zip_of

    require_program("unzip")
    url = s3.put("a", zip_of(Entry("run.sh", "#!/bin/sh\r\necho x\r\n")))
    outcome = bench.run(url, "run.sh", BATCH_FILE_TYPE="zip")
    assert outcome.code == 126
    assert "CRLF" in outcome.stderr


def test_the_wrong_architecture(any_bench: Bench, s3: FaultS3) -> None:
    program = bytearray(Path(str(shutil.which("true"))).read_bytes())
    program[18:20] = struct.pack("<H", 0xF3 if program[18] != 0xF3 else 0x3E)  # e_machine: RISC-V, or x86-64 there
    outcome = any_bench.run(s3.put("program", bytes(program)))
    assert (outcome.code, outcome.stdout) == (126, "")
    assert "architecture" in own_lines(outcome)[-1]
    assert all(line.startswith("fetch_and_run: ") for line in outcome.stderr.splitlines())


def test_a_program_whose_loader_is_missing(any_bench: Bench, s3: FaultS3) -> None:
    program = Path(str(shutil.which("true"))).read_bytes()
    assert b"/ld-linux" in program
    outcome = any_bench.run(s3.put("program", program.replace(b"/ld-linux", b"/ld-other")))
    assert (outcome.code, outcome.stdout) == (127, "")
    assert re.search("the loader of the program is not in this image: /[^ ]+/ld-other", own_lines(outcome)[-1])
    assert len(own_lines(outcome)) == len(outcome.stderr.splitlines())


def test_a_binary_that_is_no_program(bench: Bench, s3: FaultS3) -> None:
    outcome = bench.run(s3.put("data", b"\x00\x01\x02" * 100))
    assert outcome.code == 126
    assert "binary" in own_lines(outcome)[-1]
