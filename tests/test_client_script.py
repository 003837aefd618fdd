"""What may be submitted, and what is refused before anything is sent."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from batchyard.client.errors import InvalidInputError
from batchyard.client.script import from_bytes, load


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def zipped(folder: Path, entries: dict[str, bytes]) -> Path:
    path = folder / "job.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def test_a_script_is_known_by_the_hash_of_its_bytes_and_labelled_with_its_name(tmp_path: Path) -> None:
    content = b"#!/bin/sh\necho hello\n"
    script = load(write(tmp_path, "two words.sh", content), ["", "-x", "--name", "*"])

    assert script.kind == "script"
    assert script.sha256 == hashlib.sha256(content).hexdigest()
    assert script.size == len(content)
    assert script.command == ("two words.sh", "", "-x", "--name", "*")
    assert script.advice == ()
    with script.open() as file:
        assert file.read() == content


def test_a_program_may_be_any_length_and_is_hashed_whole(tmp_path: Path) -> None:
    content = b"\x7fELF" + bytes(range(256)) * 9000
    script = load(write(tmp_path, "tool", content), [])
    assert script.sha256 == hashlib.sha256(content).hexdigest()
    assert script.size == len(content)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.sh", b"", "is empty"),
        ("crlf.sh", b"#!/bin/bash\r\necho hello\r\n", "CRLF"),
        ("bom.sh", b"\xef\xbb\xbf#!/bin/sh\n", "byte order mark"),
        ("relative.sh", b"#!python3\n", "`#!/usr/bin/env python3`"),
        ("bare.sh", b"#!\necho\n", "without an interpreter"),
        ("report.py", b"print('hello')\n", "put `#!/usr/bin/env python3` in its first line"),
        ("plot.R", b"plot(1)\n", "Rscript"),
        ("tool.exe", b"MZ\x90\0", "a Windows program"),
        ("tool", b"\xcf\xfa\xed\xfe\0\0", "a macOS program"),
        ("job.tar.gz", b"\x1f\x8b\x08\0", "a gzip archive"),
        ("job", b"PK\x03\x04rest", "name it .zip"),
        ("data.bin", b"abc\0def", "neither a script nor a Linux program"),
    ],
)
def test_what_linux_cannot_start_is_refused_with_the_reason(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    with pytest.raises(InvalidInputError, match=r".") as refused:
        load(write(tmp_path, name, content), [])
    assert name in str(refused.value)
    assert said in str(refused.value)


def test_a_shell_script_without_a_first_line_is_taken_with_advice(tmp_path: Path) -> None:
    script = load(write(tmp_path, "old.sh", b"echo hello\n"), [])
    assert len(script.advice) == 1
    assert "#!/usr/bin/env bash" in script.advice[0]


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="there is no file"):
        load(tmp_path / "nothing.sh", [])
    with pytest.raises(InvalidInputError, match="is a folder"):
        load(tmp_path, [])


def test_a_zip_runs_the_file_that_the_first_argument_names(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"bin/main.sh": b"#!/bin/sh\n", "data.txt": b"x"})
    script = load(path, ["bin/main.sh", "sample 1"])
    assert script.kind == "zip"
    assert script.command == ("bin/main.sh", "sample 1")
    assert script.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(("arguments", "said"), [([], "no file was named"), (["main.sh"], "'main.sh' is not in it")])
def test_a_zip_without_that_file_is_refused_with_what_it_holds(tmp_path: Path, arguments: list[str], said: str) -> None:
    path = zipped(tmp_path, {"bin/": b"", "bin/main.sh": b"#!/bin/sh\n", "data.txt": b"x"})
    with pytest.raises(InvalidInputError) as refused:
        load(path, arguments)
    assert said in str(refused.value)
    assert "It holds: bin/main.sh, data.txt." in str(refused.value)


def test_the_file_in_a_zip_is_looked_at_as_any_script_is(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"main.sh": b"#!/bin/sh\r\n"})
    with pytest.raises(InvalidInputError, match=r"main\.sh has Windows line ends"):
        load(path, ["main.sh"])


@pytest.mark.parametrize("name", ["../outside.sh", "/etc/outside.sh", "a/../../outside.sh"])
def test_a_zip_with_an_entry_outside_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path, {"main.sh": b"#!/bin/sh\n", name: b"#!/bin/sh\n"})
    with pytest.raises(InvalidInputError, match=f"has an entry outside its folder, which no job unpacks: {name}"):
        load(path, ["main.sh"])


def test_what_only_claims_to_be_a_zip_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="is not a zip that can be read"):
        load(write(tmp_path, "job.zip", b"no zip"), ["main.sh"])


def test_a_script_need_not_lie_in_a_file() -> None:
    script = from_bytes("stdin", b"#!/bin/sh\n", ["a"])
    assert script.command == ("stdin", "a")
    with script.open() as file:
        assert file.read() == b"#!/bin/sh\n"
