"""A Docker engine of the tests' own, on a unix socket in a folder of its own: nothing of the machine's is touched.

dockerd needs root. It makes no bridge and no firewall rules; containers use the machine's network, that is loopback.
"""

from __future__ import annotations

import contextlib
import io
import os
import platform
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.requirements import require_program, require_root, unavailable

START_SECONDS = 30.0
END_SECONDS = 30.0
RUN_SECONDS = 120.0


@dataclass(frozen=True)
class Done:
    """A docker command that ended."""

    code: int
    out: str
    err: str

    def ok(self) -> Done:
        """Fail unless it ended well."""
        assert self.code == 0, self
        return self


@dataclass(frozen=True)
class DockerEngine:
    """A running engine."""

    folder: Path

    @property
    def host(self) -> str:
        """What DOCKER_HOST names."""
        return f"unix://{self.folder}/docker.sock"

    def environment(self, configuration: Path) -> dict[str, str]:
        """What points `docker` at this engine, with a configuration folder of the caller's."""
        return {"DOCKER_HOST": self.host, "DOCKER_CONFIG": str(configuration), "DOCKER_CONTEXT": "default"}

    def docker(self, *arguments: str, stdin: bytes = b"", configuration: Path | None = None) -> Done:
        """Run a docker command to its end."""
        done = subprocess.run(
            ["docker", *arguments],
            env={**os.environ, **self.environment(configuration or self.folder / "no-configuration")},
            input=stdin,
            capture_output=True,
            timeout=RUN_SECONDS,
            check=False,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def size(self, image: str) -> int:
        """The bytes of an image's layers, uncompressed."""
        return int(self.docker("image", "inspect", "--format", "{{.Size}}", image).ok().out)

    def has(self, image: str) -> bool:
        """Whether the engine has the image."""
        return self.docker("image", "inspect", image).code == 0


@contextmanager
def running_engine() -> Iterator[DockerEngine]:
    """An engine until the block ends; then its processes, mounts and files are gone."""
    require_root()
    require_program("docker")
    require_program("setpriv")
    dockerd = require_program("dockerd")
    # Short: the path of a unix socket ends at 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="by-docker-", dir="/tmp"))
    log = folder / "log"
    try:
        with log.open("wb") as output:
            process = subprocess.Popen(
                # Should this process die without its cleaning up, so does the engine.
                ["setpriv", "--pdeathsig", "TERM", dockerd, *_options(folder)],
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            engine = DockerEngine(folder)
            answers = _until(lambda: process.poll() is not None or engine.docker("version").code == 0, START_SECONDS)
            if not answers or process.poll() is not None:
                unavailable(f"dockerd does not start here: {log.read_text()[-2000:]}")
            yield engine
        finally:
            _end(process)
    finally:
        _unmount(folder)
        shutil.rmtree(folder)
        assert _processes_of(folder) == [], "processes of the engine are left"


def _options(folder: Path) -> list[str]:
    return [
        f"--host=unix://{folder}/docker.sock",
        f"--data-root={folder}/data",
        f"--exec-root={folder}/exec",
        f"--pidfile={folder}/pid",
        "--bridge=none",
        "--iptables=false",
        "--ip6tables=false",
        "--ip-forward=false",
        "--ip-masq=false",
        "--host-gateway-ip=127.0.0.1",
        "--storage-driver=overlay2",
    ]


def _end(process: subprocess.Popen[bytes]) -> None:
    """TERM lets dockerd end its containers and containerd; KILL for one that hangs."""
    process.terminate()
    try:
        process.wait(timeout=END_SECONDS)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _unmount(folder: Path) -> None:
    """Unmount what the engine left mounted: the name space of containers in the machine's network, for one."""
    mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for place in reversed(mounted):
        if Path(place).is_relative_to(folder):
            subprocess.run(["umount", "--lazy", place], check=True)


def _processes_of(folder: Path) -> list[str]:
    """Command lines that name the folder, once those on their way out are gone."""

    def found() -> list[str]:
        lines = []
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                lines.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        return [line for line in lines if f"{folder}/" in line]

    _until(lambda: not found(), END_SECONDS)
    return found()


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[DockerEngine]:
    """One engine for all tests of a worker."""
    with running_engine() as engine:
        yield engine


@pytest.fixture(scope="session")
def base_image(docker_engine: DockerEngine) -> str:
    """A base image made on the spot, since none can be pulled: static bash, and busybox for coreutils, tar, unzip."""
    return import_base(docker_engine, "local/base:1", {"bash": require_program("bash-static")})


@pytest.fixture(scope="session")
def base_with_apk(docker_engine: DockerEngine, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The base image, with a STAND-IN for Alpine's package manager that installs nothing and says what it was told."""
    apk = tmp_path_factory.mktemp("apk") / "apk"
    apk.write_text('#!/bin/sh\necho "apk $*"\n')
    return import_base(docker_engine, "local/with-apk:1", {"bash": require_program("bash-static"), "apk": apk})


@pytest.fixture(scope="session")
def base_without_bash(docker_engine: DockerEngine) -> str:
    """A base image that the runner cannot run in."""
    return import_base(docker_engine, "local/without-bash:1", {})


def import_base(engine: DockerEngine, name: str, programs: Mapping[str, Path]) -> str:
    """Import an image of busybox and these programs in /bin, with no package manager and no user but root."""
    if platform.machine() != "x86_64":
        unavailable(
            f"the image is built for linux/amd64, and a base of this machine's programs is {platform.machine()}"
        )
    busybox = require_program("busybox")
    for file in (busybox, *programs.values()):
        if b"/ld-" in file.read_bytes()[:4096]:
            unavailable(f"{file} is not statically linked (Debian: busybox-static, bash-static)")
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for folder, mode in {"bin": 0o755, "etc": 0o755, "usr/bin": 0o755, "root": 0o700, "tmp": 0o1777}.items():
            archive.addfile(_member(folder, tarfile.DIRTYPE, mode))
        for program, file in {**programs, "busybox": busybox}.items():
            member = _member(f"bin/{program}", tarfile.REGTYPE, 0o755)
            member.size = file.stat().st_size
            with file.open("rb") as opened:
                archive.addfile(member, opened)
        links = {f"bin/{applet}": "busybox" for applet in applets if applet not in {*programs, "busybox"}}
        for link, target in {**links, "usr/bin/env": "/bin/env"}.items():
            member = _member(link, tarfile.SYMTYPE, 0o777)
            member.linkname = target
            archive.addfile(member)
        users = b"root:x:0:0:root:/root:/bin/sh\n"
        member = _member("etc/passwd", tarfile.REGTYPE, 0o644)
        member.size = len(users)
        archive.addfile(member, io.BytesIO(users))
    engine.docker("import", "-", name, stdin=content.getvalue()).ok()
    return name


def _member(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode = kind, mode
    return member
