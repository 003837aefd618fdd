"""The runner, from outside: zip and tar archives, good ones and ones that reach outside their folder."""

from __future__ import annotations

import io
import shutil
import stat
import subprocess
import tarfile
import zipfile
from dataclasses import dataclass, replace

import pytest

from tests.support.fault_s3 import FaultS3
from tests.support.requirements import require_program
from tests.support.runner import Bench, own_lines

pytest_plugins = ("tests.support.runner_fixtures",)

REPORT = "#!/bin/bash\npwd\nls -A\nprintf '<%s>' \"$@\"\nexit 7\n"


@dataclass(frozen=True)
class Entry:
    """One entry of an archive: a file, or a link of some kind."""

    name: str
    content: str = ""
    mode: int = 0o644
    symlink: str | None = None
    hardlink: str | None = None
    type: bytes | None = None


RUN = Entry("run.sh", REPORT)


def zip_of(*entries: Entry, made_on: int = 3) -> bytes:
    """A zip archive; names are written as they are. `made_on` is 3 for Unix, 0 for Windows."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for entry in entries:
            info = zipfile.ZipInfo("placeholder")
            info.filename = entry.name
            kind = stat.S_IFREG if entry.symlink is None else stat.S_IFLNK
            info.external_attr = (kind | entry.mode) << 16
            info.create_system = made_on
            archive.writestr(info, entry.content if entry.symlink is None else entry.symlink)
    return buffer.getvalue()


def tar_of(*entries: Entry, mode: str = "w") -> bytes:
    """A tar archive; names are written as they are."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]  # mode is a variable
        for entry in entries:
            info = tarfile.TarInfo(entry.name)
            info.mode, info.uid, info.gid = entry.mode, 12345, 12345
            if entry.symlink is not None:
                info.type, info.linkname = tarfile.SYMTYPE, entry.symlink
            elif entry.hardlink is not None:
                info.type, info.linkname = tarfile.LNKTYPE, entry.hardlink
            elif entry.type is not None:
                info.type, info.devmajor, info.devminor = entry.type, 1, 3
            else:
                info.size = len(entry.content.encode())
            archive.addfile(info, io.BytesIO(entry.content.encode()))
    return buffer.getvalue()


def packed(kind: str, *entries: Entry) -> bytes:
    return zip_of(*entries) if kind == "zip" else tar_of(*entries)


@pytest.fixture(params=["zip", "tar"])
def kind(request: pytest.FixtureRequest) -> str:
    """A type of archive whose program this machine has."""
    require_program("unzip" if request.param == "zip" else "tar")
    return str(request.param)


def test_a_file_of_the_archive_runs_in_the_archives_folder(any_bench: Bench, s3: FaultS3, kind: str) -> None:
    url = s3.put("a", packed(kind, RUN, Entry("data file"), Entry("sub/é.txt")))
    outcome = any_bench.run(url, "run.sh", "a b", "", "*", BATCH_FILE_TYPE=kind)
    folder, *rest = outcome.stdout.splitlines()
    assert (outcome.code, rest) == (7, ["data file", "run.sh", "sub", "<a b><><*>"])
    assert folder.startswith(str(any_bench.scratch))


@pytest.mark.parametrize("name", ["dir/run é.sh", "./run.sh", "-n.sh", "a=b.sh", "[x]*.sh"])
def test_names_inside(bench: Bench, s3: FaultS3, kind: str, name: str) -> None:
    url = s3.put("a", packed(kind, Entry(name.removeprefix("./"), REPORT, mode=0o600)))
    assert bench.run(url, name, BATCH_FILE_TYPE=kind).code == 7


@pytest.mark.parametrize("compression", ["gz", "bz2", "xz"])
def test_a_compressed_tar(bench: Bench, s3: FaultS3, compression: str) -> None:
    require_program({"gz": "gzip", "bz2": "bzip2", "xz": "xz"}[compression])
    url = s3.put("a", tar_of(RUN, mode=f"w:{compression}"))
    assert bench.run(url, "run.sh", BATCH_FILE_TYPE="tar").code == 7


def test_a_tar_compressed_with_zstd(bench: Bench, s3: FaultS3) -> None:
    zstd = require_program("zstd")
    url = s3.put("a", subprocess.run([zstd, "-c"], input=tar_of(RUN), capture_output=True, check=True).stdout)
    assert bench.run(url, "run.sh", BATCH_FILE_TYPE="tar").code == 7


def test_pwd_and_everything_else(bench: Bench, s3: FaultS3, kind: str) -> None:
    url = s3.put("a", packed(kind, Entry("run.sh", '#!/bin/sh\n[ "$PWD" = "$(pwd -P)" ] && echo "$PATH $TMPDIR"\n')))
    outcome = bench.run(url, "run.sh", BATCH_FILE_TYPE=kind, PWD=str(bench.work))
    assert outcome.stdout == f"/usr/local/bin:/usr/bin:/bin {bench.scratch}\n"


def test_a_tmpdir_beside_the_working_directory(bench: Bench, s3: FaultS3) -> None:
    url = s3.put("a", tar_of(RUN))
    assert bench.run(url, "run.sh", BATCH_FILE_TYPE="tar", TMPDIR=f"../{bench.scratch.name}").code == 7


ESCAPES = {
    "entry with ..": (Entry("../evil", "x"),),
    "entry with .. inside": (Entry("a/../../evil", "x"),),
    "absolute entry": (Entry("/PLACE/evil", "x"),),
    "absolute symlink": (Entry("link", symlink="/etc"),),
    "symlink with ..": (Entry("link", symlink="../../x"),),
    "symlink, then through it": (Entry("link", symlink="/PLACE"), Entry("link/evil", "x")),
    "symlink to symlink": (Entry("a/one", symlink=".."), Entry("two", symlink="a/one/..")),
}


@pytest.mark.parametrize("escape", ESCAPES)
def test_nothing_gets_out(any_bench: Bench, s3: FaultS3, kind: str, escape: str) -> None:
    place = str(any_bench.work)
    entries = [
        Entry(
            entry.name.replace("/PLACE", place),
            entry.content,
            symlink=entry.symlink and entry.symlink.replace("/PLACE", place),
        )
        for entry in ESCAPES[escape]
    ]
    outcome = any_bench.run(s3.put("a", packed(kind, RUN, *entries)), "run.sh", BATCH_FILE_TYPE=kind)
    assert (outcome.code, outcome.stdout) == (65, "")
    assert list(any_bench.folder.rglob("evil")) == []
    assert len(own_lines(outcome)) == len(outcome.stderr.splitlines()) == 1


@pytest.mark.parametrize("target", ["/etc/passwd", "../../../../etc/passwd", "link/passwd"])
def test_no_hardlink_gets_out(bench: Bench, s3: FaultS3, target: str) -> None:
    archive = tar_of(RUN, Entry("link", symlink="/etc"), Entry("hard", hardlink=target))
    outcome = bench.run(s3.put("a", archive), "run.sh", BATCH_FILE_TYPE="tar")
    assert (outcome.code, outcome.stdout) == (65, "")


@pytest.mark.parametrize(("name", "code"), [("dir\\run.sh", 7), ("..\\run.sh", 65), ("dir\\..\\..\\run.sh", 65)])
def test_a_zip_of_windows(any_bench: Bench, s3: FaultS3, name: str, code: int) -> None:
    require_program("unzip")
    outcome = any_bench.run(s3.put("a", zip_of(Entry(name, REPORT), made_on=0)), "dir/run.sh", BATCH_FILE_TYPE="zip")
    assert outcome.code == code
    assert ("outside its folder" in outcome.stderr) is (code == 65)


HIDING = Entry("hidden/", mode=0o300, type=tarfile.DIRTYPE)


def test_a_folder_that_cannot_be_listed_hides_no_link(any_bench: Bench, s3: FaultS3, kind: str) -> None:
    archive = packed(kind, RUN, HIDING, Entry("hidden/link", symlink="/bin/echo"))
    outcome = any_bench.run(s3.put("a", archive), "hidden/link", "out", BATCH_FILE_TYPE=kind)
    assert (outcome.code, outcome.stdout) == (65, "")


def test_the_archives_own_folder_hides_no_link_either(any_bench: Bench, s3: FaultS3) -> None:
    archive = tar_of(replace(HIDING, name="./"), RUN, Entry("link", symlink="/bin/echo"))
    outcome = any_bench.run(s3.put("a", archive), "link", "out", BATCH_FILE_TYPE="tar")
    assert (outcome.code, outcome.stdout) == (65, "")


@pytest.mark.parametrize("special", [tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_no_device_and_no_pipe(any_bench: Bench, s3: FaultS3, special: bytes) -> None:
    archive = tar_of(RUN, Entry(".special", type=special))
    outcome = any_bench.run(s3.put("a", archive), "run.sh", BATCH_FILE_TYPE="tar")
    assert (outcome.code, outcome.stdout) == (65, "")
    assert ".special" in own_lines(outcome)[-1]


def test_among_many_links_none_leads_out(bench: Bench, s3: FaultS3) -> None:
    many = [Entry(f"link-{number}", symlink="run.sh") for number in range(600)]
    fine = bench.run(s3.put("a", tar_of(RUN, *many)), "link-599", BATCH_FILE_TYPE="tar")
    assert fine.code == 7
    outcome = bench.run(s3.put("a", tar_of(RUN, *many, Entry("z", symlink="/etc"))), "run.sh", BATCH_FILE_TYPE="tar")
    assert (outcome.code, outcome.stdout) == (65, "")


def test_the_files_of_a_tar_are_the_runners_own(any_bench: Bench, s3: FaultS3) -> None:
    url = s3.put("a", tar_of(Entry("run.sh", '#!/bin/sh\n[ "$(stat -c %u run.sh)" = "$(id -u)" ]\n')))
    assert any_bench.run(url, "run.sh", BATCH_FILE_TYPE="tar").code == 0


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("link_first", [True, False])
def test_a_name_twice_lets_nothing_out(any_bench: Bench, s3: FaultS3, link_first: bool) -> None:
    twice = [Entry("x", symlink=str(any_bench.work)), Entry("x", "a file")][:: 1 if link_first else -1]
    archive = zip_of(RUN, *twice, Entry("x/evil", "x"))
    outcome = any_bench.run(s3.put("a", archive), "run.sh", BATCH_FILE_TYPE="zip")
    assert (outcome.code, outcome.stdout, list(any_bench.work.iterdir())) == (65, "", [])


def test_links_that_stay_inside_are_fine(bench: Bench, s3: FaultS3) -> None:
    archive = tar_of(
        Entry("bin/run.sh", REPORT), Entry("lib/up", symlink="../bin/run.sh"), Entry("hard", hardlink="bin/run.sh")
    )
    assert bench.run(s3.put("a", archive), "lib/up", BATCH_FILE_TYPE="tar").code == 7


@pytest.mark.parametrize("name", ["/bin/sh", "../x", "missing.sh", "sub", "sub/../../x"])
def test_the_file_named_must_be_one_of_the_archive(bench: Bench, s3: FaultS3, kind: str, name: str) -> None:
    url = s3.put("a", packed(kind, RUN, Entry("sub/x", "x")))
    outcome = bench.run(url, name, BATCH_FILE_TYPE=kind)
    assert (outcome.code, outcome.stdout) == (65, "")
    assert f"'{name}'" in own_lines(outcome)[-1]


def test_not_an_archive(bench: Bench, s3: FaultS3, kind: str) -> None:
    outcome = bench.run(s3.put("a", "#!/bin/sh\necho a script\n"), "run.sh", BATCH_FILE_TYPE=kind)
    assert (outcome.code, outcome.stdout) == (65, "")


def test_half_an_archive(bench: Bench, s3: FaultS3, kind: str) -> None:
    whole = packed(kind, RUN, Entry("big", "x" * 50000))
    outcome = bench.run(s3.put("a", whole[: len(whole) // 2]), "run.sh", BATCH_FILE_TYPE=kind)
    assert (outcome.code, outcome.stdout) == (65, "")


def test_an_image_without_the_program(bench: Bench, s3: FaultS3, kind: str) -> None:
    few = bench.folder / "few"
    few.mkdir()
    for name in ("mkdir", "chmod", "rm", "sha256sum", "sleep"):
        (few / name).symlink_to(str(shutil.which(name)))
    outcome = bench.run(s3.put("a", packed(kind, RUN)), "run.sh", BATCH_FILE_TYPE=kind, PATH=str(few))
    assert outcome.code == 127
    assert f"needs {'unzip' if kind == 'zip' else 'tar'}" in own_lines(outcome)[-1]


def test_unzip_of_busybox_is_told(bench: Bench, s3: FaultS3) -> None:
    programs = bench.folder / "programs"
    programs.mkdir()
    (programs / "unzip").symlink_to(require_program("busybox"))
    path = f"{programs}:/usr/bin:/bin"
    outcome = bench.run(s3.put("a", zip_of(RUN)), "run.sh", BATCH_FILE_TYPE="zip", PATH=path)
    assert (outcome.code, outcome.stdout) == (127, "")
    assert "Info-ZIP's unzip" in own_lines(outcome)[-1]


def test_options_of_the_environment_do_not_reach_the_programs(bench: Bench, s3: FaultS3, kind: str) -> None:
    url = s3.put("a", packed(kind, RUN))
    options = {"TAR_OPTIONS": "--exclude=run.sh", "UNZIP": "-x run.sh", "ZIPINFO": "-v"}
    outcome = bench.run(url, "run.sh", BATCH_FILE_TYPE=kind, given=options)
    assert outcome.code == 7
