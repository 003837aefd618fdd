"""The runner, from outside: which S3 client it takes, the AWS CLI in place of s5cmd, and another S3 server."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.support.fault_s3 import ACCESS_DENIED, BUCKET, NO_SUCH_KEY, SLOW_DOWN, Cut, FaultS3, Refusal
from tests.support.runner import Bench, own_lines

pytest_plugins = ("tests.support.runner_fixtures",)

FINE = "#!/bin/sh\necho fine\n"


@pytest.fixture
def aws_bench(place: Path, s3: FaultS3, s5cmd: Path) -> Bench:
    """The runner without s5cmd; `aws` is a stand-in, or the program that REAL_AWS_CLI names."""
    programs = place / "programs"
    programs.mkdir()
    stand_in = Path(__file__).parent / "support" / "stand_in_aws.py"
    real = os.environ.get("REAL_AWS_CLI")
    command = f'"{real}"' if real else f'"{sys.executable}" -I "{stand_in}"'
    (programs / "aws").write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    (programs / "aws").chmod(0o755)
    bench = Bench(place, s3.endpoint, s5cmd, extra={"PATH": f"{programs}:/usr/bin:/bin"})
    return bench.prepare(with_s5cmd=False)


def test_the_aws_cli_where_s5cmd_is_missing(aws_bench: Bench, s3: FaultS3) -> None:
    key = "a b/é+*?[x]%.sh"
    s3.put(key, "#!/bin/sh\necho newest\n")
    url = s3.put(key, '#!/bin/sh\necho "older $1"\n', SLOW_DOWN, version="v1")
    outcome = aws_bench.run(url, "label", "one", BATCH_FILE_VERSION_ID="v1")
    assert (outcome.code, outcome.stdout, s3.gets(key)) == (0, "older one\n", 2)


@pytest.mark.parametrize(
    ("refusal", "code"),
    [(NO_SUCH_KEY, 69), (ACCESS_DENIED, 77), (Refusal(400, "ExpiredToken"), 77), (Refusal(403, "403"), 77)],
    ids=lambda value: value.code if isinstance(value, Refusal) else str(value),
)
def test_the_aws_cli_is_refused(aws_bench: Bench, s3: FaultS3, refusal: Refusal, code: int) -> None:
    s3.put("job.sh", FINE)
    outcome = aws_bench.run(s3.refuse("job.sh", refusal))
    assert (outcome.code, outcome.stdout, s3.gets("job.sh")) == (code, "", 1)
    assert refusal.code in own_lines(outcome)[-1]


def test_the_aws_cli_tries_again_and_gives_up(aws_bench: Bench, s3: FaultS3) -> None:
    s3.put("job.sh", FINE)
    outcome = aws_bench.run(s3.refuse("job.sh", Cut(reset=False)))
    assert (outcome.code, outcome.stdout, s3.gets("job.sh")) == (69, "", 5)


def test_the_aws_cli_without_credentials(aws_bench: Bench, s3: FaultS3) -> None:
    outcome = aws_bench.run(s3.put("job.sh", FINE), AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
    assert (outcome.code, s3.gets("job.sh")) == (77, 0)


def test_an_empty_object_with_the_aws_cli(aws_bench: Bench, s3: FaultS3) -> None:
    assert aws_bench.run(s3.put("job.sh", b"")).code == 65


def test_a_key_that_the_aws_cli_reads_as_a_files_name_is_told_at_once(aws_bench: Bench, s3: FaultS3) -> None:
    outcome = aws_bench.run(s3.put("file://x", FINE))
    assert (outcome.code, s3.requests) == (2, [])
    assert "begins with file://" in own_lines(outcome)[0]
    assert "s5cmd" in own_lines(outcome)[0]
    assert aws_bench.run(s3.put("fileb://x", FINE)).code == 2
    assert aws_bench.run(s3.put("folder/", FINE)).stdout == "fine\n"


def test_no_client_at_all(aws_bench: Bench, s3: FaultS3) -> None:
    outcome = aws_bench.run(s3.put("job.sh", FINE), PATH="/usr/bin:/bin")
    assert outcome.code == 69
    assert "no S3 client" in own_lines(outcome)[-1]


def test_s5cmd_on_path_or_named(aws_bench: Bench, s3: FaultS3, s5cmd: Path) -> None:
    url = s3.put("job.sh", FINE)
    on_path = replace(aws_bench, extra={"PATH": f"{s5cmd.parent}:/usr/bin:/bin"})
    assert on_path.run(url).code == 0
    named = replace(aws_bench, extra={"PATH": "/usr/bin:/bin", "FETCH_AND_RUN_S5CMD": str(s5cmd)})
    assert named.run(url).code == 0


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """moto's S3, with a bucket."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    try:
        _client(endpoint).create_bucket(Bucket=BUCKET)
        yield endpoint
    finally:
        server.stop()


def _client(endpoint: str):  # type: ignore[no-untyped-def]  # boto3's client type depends on its argument
    return boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )


@pytest.mark.parametrize("region", [None, "us-east-1"])
def test_moto(bench: Bench, moto: str, region: str | None) -> None:
    key = "scripts/é a+b?*#%.sh"
    client = _client(moto)
    client.put_object(Bucket=BUCKET, Key=key, Body=FINE.encode())
    there = replace(bench, endpoint=moto)
    outcome = there.run(f"s3://{BUCKET}/{key}", AWS_REGION=region)
    assert (outcome.code, outcome.stdout) == (0, "fine\n")
    assert there.run(f"s3://{BUCKET}/missing", AWS_REGION=region).code == 69
    assert there.run("s3://no-such-bucket/key", AWS_REGION=region).code == 69


def test_a_version_of_moto(bench: Bench, moto: str) -> None:
    client = _client(moto)
    client.create_bucket(Bucket="versioned")
    client.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    old = client.put_object(Bucket="versioned", Key="k", Body=b"#!/bin/sh\necho old\n")["VersionId"]
    client.put_object(Bucket="versioned", Key="k", Body=b"#!/bin/sh\necho new\n")
    there = replace(bench, endpoint=moto)
    assert there.run("s3://versioned/k", BATCH_FILE_VERSION_ID=old).stdout == "old\n"
    assert there.run("s3://versioned/k").stdout == "new\n"
