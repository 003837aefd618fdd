"""The runner, from outside: what it does when S3 fails, refuses, or delivers the wrong thing."""

from __future__ import annotations

import hashlib
import json
import re

import pytest

from tests.support.fault_s3 import (
    ACCESS_DENIED,
    BUCKET,
    INTERNAL_ERROR,
    NO_SUCH_KEY,
    SLOW_DOWN,
    Cut,
    Fault,
    FaultS3,
    Refusal,
    Shortened,
    Silence,
    Slowly,
)
from tests.support.runner import Bench, own_lines

pytest_plugins = ("tests.support.runner_fixtures",)

FINE = "#!/bin/sh\necho fine\n"
WITHOUT_KEYS = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}


@pytest.mark.parametrize(
    "faults",
    [
        [INTERNAL_ERROR],
        [SLOW_DOWN, SLOW_DOWN, INTERNAL_ERROR, Refusal(502, "BadGateway")],
        [Refusal(400, "RequestTimeout"), Refusal(429, "TooManyRequests"), Refusal(409, "OperationAborted")],
        [Cut(reset=True)],
        [Cut(reset=False)],
        [Shortened()],
        [Cut(reset=True), Shortened(), SLOW_DOWN, Cut(reset=False)],
    ],
    ids=["500", "503 503 500 502", "time-outs", "reset", "short body", "short body, length agrees", "all of it"],
)
def test_what_passes_is_tried_again(any_bench: Bench, s3: FaultS3, faults: list[Fault]) -> None:
    outcome = any_bench.run(s3.put("job.sh", FINE, *faults))
    assert (outcome.code, outcome.stdout) == (0, "fine\n")
    assert s3.gets("job.sh") == len(faults) + 1
    assert f"attempts={len(faults) + 1} " in own_lines(outcome)[-1]


def test_a_server_that_falls_silent_is_given_up(bench: Bench, s3: FaultS3) -> None:
    url = s3.put("job.sh", FINE, Silence(after=5))
    outcome = bench.run(url, FETCH_AND_RUN_STALL_SECONDS="1")
    assert (outcome.code, outcome.stdout, s3.gets("job.sh")) == (0, "fine\n", 2)
    assert "nothing arrived for 1 seconds" in own_lines(outcome)[0]


def test_a_server_that_is_slow_is_waited_for(bench: Bench, s3: FaultS3) -> None:
    outcome = bench.run(s3.put("job.sh", FINE + "#" * 100_000, Slowly(2.5)), FETCH_AND_RUN_STALL_SECONDS="1")
    assert (outcome.code, outcome.stdout, s3.gets("job.sh")) == (0, "fine\n", 1)


@pytest.mark.parametrize("fault", [SLOW_DOWN, INTERNAL_ERROR, Cut(reset=True)], ids=["503", "500", "reset"])
def test_after_five_attempts_it_is_69(any_bench: Bench, s3: FaultS3, fault: Fault) -> None:
    s3.put("job.sh", FINE)
    outcome = any_bench.run(s3.refuse("job.sh", fault))
    assert (outcome.code, outcome.stdout, s3.gets("job.sh")) == (69, "", 5)
    last = own_lines(outcome)[-1]
    assert "attempts: 5" in last
    assert (fault.code if isinstance(fault, Refusal) else "reset") in last


def test_nobody_listens(bench: Bench) -> None:
    outcome = bench.run("s3://jobs/job.sh", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert outcome.code == 69
    assert "refused" in own_lines(outcome)[-1]


def test_the_backoff_doubles(bench: Bench, s3: FaultS3) -> None:
    s3.put("job.sh", FINE)
    outcome = bench.run(s3.refuse("job.sh", SLOW_DOWN), FETCH_AND_RUN_BACKOFF_SECONDS="0.04")
    waits = [int(line.split(" next in ")[1].split(" ms")[0]) for line in own_lines(outcome)[:-1]]
    assert len(waits) == 4
    for number, wait in enumerate(waits):
        assert 0.75 * 40 * 2**number - 1 <= wait <= 1.25 * 40 * 2**number


def test_the_backoff_ends_at_twenty_seconds(bench: Bench, s3: FaultS3) -> None:
    programs = bench.folder / "programs"
    programs.mkdir()
    (programs / "sleep").write_text('#!/bin/sh\n[ "$1" != 30 ] || exec /bin/sleep 30\n')  # 30: what an attempt may take
    (programs / "sleep").chmod(0o755)
    s3.put("job.sh", FINE)
    path = f"{programs}:/usr/bin:/bin"
    outcome = bench.run(s3.refuse("job.sh", SLOW_DOWN), FETCH_AND_RUN_BACKOFF_SECONDS="15", PATH=path)
    waits = [int(line.split(" next in ")[1].split(" ms")[0]) for line in own_lines(outcome)[:-1]]
    assert len(waits) == 4
    assert all(15_000 <= wait <= 25_000 for wait in waits[1:])


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (NO_SUCH_KEY, 69),
        (Refusal(404, "NoSuchBucket"), 69),
        (Refusal(400, "InvalidArgument"), 69),
        (Refusal(405, "MethodNotAllowed"), 69),
        (ACCESS_DENIED, 77),
        (Refusal(403, "InvalidAccessKeyId"), 77),
        (Refusal(403, "SignatureDoesNotMatch"), 77),
        (Refusal(403, "InvalidObjectState"), 77),
        (Refusal(400, "ExpiredToken"), 77),
        (Refusal(401, "Unauthorized"), 77),
    ],
    ids=lambda value: value.code if isinstance(value, Refusal) else str(value),
)
def test_what_stays_is_not_tried_again(any_bench: Bench, s3: FaultS3, refusal: Refusal, code: int) -> None:
    s3.put("job.sh", FINE)
    outcome = any_bench.run(s3.refuse("job.sh", refusal))
    assert (outcome.code, outcome.stdout, s3.gets("job.sh")) == (code, "", 1)
    assert refusal.code in own_lines(outcome)[-1]


def test_a_message_or_a_key_that_speaks_of_codes_misleads_nobody(bench: Bench, s3: FaultS3) -> None:
    key = 'AccessDenied: status code: 403, request id: 1, host id: "size":5}}'
    refusal = Refusal(503, "SlowDown", "AccessDenied: status code: 404, request id: x, host id: y")
    outcome = bench.run(s3.put(key, FINE, refusal, Cut(reset=True)))
    assert (outcome.code, s3.gets(key)) == (0, 3)


def test_no_credentials(bench: Bench, s3: FaultS3) -> None:
    outcome = bench.run(s3.put("job.sh", FINE), AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
    assert (outcome.code, s3.gets("job.sh")) == (77, 0)
    assert "credential" in own_lines(outcome)[-1].lower()


def test_a_credentials_file_that_cannot_be_read(bench: Bench, s3: FaultS3) -> None:
    broken = bench.folder / "credentials"
    broken.write_text("[default\n")
    outcome = bench.run(s3.put("job.sh", FINE), given=WITHOUT_KEYS, AWS_SHARED_CREDENTIALS_FILE=str(broken))
    assert (outcome.code, s3.gets("job.sh"), len(own_lines(outcome))) == (77, 0, 1)
    assert str(broken) in own_lines(outcome)[0]


CREDENTIALS = json.dumps(
    {"AccessKeyId": "AKIDOFAROLE", "SecretAccessKey": "s3cr3t", "Token": "t0ken", "Expiration": "2099-01-01T00:00:00Z"}
)


@pytest.mark.parametrize("busy", [0, 7])
def test_credentials_of_the_containers_role(any_bench: Bench, s3: FaultS3, busy: int) -> None:
    # As ECS gives them to a job. Many jobs that start at once are told to wait; the SDK asks three times at most.
    s3.put("role", CREDENTIALS, *[Refusal(429, "TooManyRequests")] * busy)
    source = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{s3.endpoint}/{BUCKET}/role"}
    outcome = any_bench.run(s3.put("job.sh", FINE), given={**WITHOUT_KEYS, **source})
    assert (outcome.code, outcome.stdout, s3.gets("role") > busy) == (0, "fine\n", True)
    assert re.search(" attempts=[2-5] " if busy else " attempts=1 ", own_lines(outcome)[-1])
    assert not any(secret in outcome.stderr for secret in ("s3cr3t", "t0ken"))


def test_a_role_that_gives_none(bench: Bench, s3: FaultS3) -> None:
    source = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{s3.endpoint}/{BUCKET}/no-role"}
    outcome = bench.run(s3.put("job.sh", FINE), given={**WITHOUT_KEYS, **source})
    assert (outcome.code, s3.gets("job.sh"), len(own_lines(outcome))) == (77, 0, 5)


def test_an_empty_object(any_bench: Bench, s3: FaultS3) -> None:
    outcome = any_bench.run(s3.put("job.sh", b""))
    assert outcome.code == 65
    assert "is empty" in own_lines(outcome)[-1]


def test_a_length_that_never_fits(bench: Bench, s3: FaultS3) -> None:
    s3.put("job.sh", FINE)
    outcome = bench.run(s3.refuse("job.sh", Shortened()))
    assert (outcome.code, outcome.stdout, s3.gets("job.sh")) == (65, "", 5)
    assert f"{len(FINE) // 2} bytes arrived of an object of {len(FINE)} bytes" in own_lines(outcome)[-1]


def test_the_right_hash_in_either_case(any_bench: Bench, s3: FaultS3) -> None:
    digest = hashlib.sha256(FINE.encode()).hexdigest().upper()
    outcome = any_bench.run(s3.put("job.sh", FINE), BATCH_FILE_SHA256=digest)
    assert (outcome.code, outcome.stdout) == (0, "fine\n")


def test_the_wrong_hash_runs_nothing(any_bench: Bench, s3: FaultS3) -> None:
    outcome = any_bench.run(s3.put("job.sh", FINE), BATCH_FILE_SHA256="0" * 64)
    assert (outcome.code, outcome.stdout, s3.gets("job.sh")) == (65, "", 1)
    assert hashlib.sha256(FINE.encode()).hexdigest() in outcome.stderr


def test_that_version_and_no_other(bench: Bench, s3: FaultS3) -> None:
    s3.put("job.sh", "#!/bin/sh\necho newest\n")
    url = s3.put("job.sh", "#!/bin/sh\necho older\n", version="3/L4kqtJ+lc=Xp'")
    assert bench.run(url, BATCH_FILE_VERSION_ID="3/L4kqtJ+lc=Xp'").stdout == "older\n"
    assert bench.run(url).stdout == "newest\n"
    missing = bench.run(url, BATCH_FILE_VERSION_ID="gone")
    assert missing.code == 69
    assert "version gone" in missing.stderr


@pytest.mark.parametrize(
    "key",
    ["a b", "é/ü/日本", "a+b", "a?b", "a*b", "[a-z]", "a#b", "100%", "a%20b", "'q\"", "\\back", "a//b", "/a",
     "-rf", "a;b&c|d$(e)`f`", "$HOME", "~", "{a,b}", "a\tb", "a\nb", "a/../b", "s3://x", "x" * 900],
)  # fmt: skip
def test_a_key_is_taken_literally(bench: Bench, s3: FaultS3, key: str) -> None:
    outcome = bench.run(s3.put(key, FINE))
    assert (outcome.code, outcome.stdout, s3.gets(key)) == (0, "fine\n", 1)


@pytest.mark.parametrize("key", ["folder/", "/"])
def test_a_key_that_s5cmd_cannot_fetch_is_told_at_once(bench: Bench, s3: FaultS3, key: str) -> None:
    outcome = bench.run(s3.put(key, FINE))
    assert (outcome.code, s3.requests) == (2, [])
    assert "ends in /" in own_lines(outcome)[0]
    assert "AWS CLI" in own_lines(outcome)[0]


def test_the_scheme_in_capitals(bench: Bench, s3: FaultS3) -> None:
    assert bench.run(s3.put("job.sh", FINE).replace("s3:", "S3:")).code == 0


def test_no_region(any_bench: Bench, s3: FaultS3) -> None:
    outcome = any_bench.run(s3.put("job.sh", FINE), AWS_REGION=None)
    assert (outcome.code, outcome.stdout) == (0, "fine\n")


def test_a_bucket_in_another_region_than_the_jobs(any_bench: Bench, s3: FaultS3) -> None:
    refusal = Refusal(400, "AuthorizationHeaderMalformed", "the region 'eu-central-1' is wrong; expecting 'eu-west-3'")
    outcome = any_bench.run(s3.put("job.sh", FINE, refusal))
    assert (outcome.code, outcome.stdout) == (0, "fine\n")
    assert [each.region for each in s3.requests if each.method == "GET"] == ["eu-central-1", "eu-west-3"]


@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_ENDPOINT_URL": "ENDPOINT"},
        {"AWS_ENDPOINT_URL": "ENDPOINT/"},
        {"AWS_ENDPOINT_URL_S3": "ENDPOINT", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
        {"S3_ENDPOINT_URL": "ENDPOINT", "AWS_ENDPOINT_URL": None},
        {"AWS_ENDPOINT_URL": "ENDPOINT", "S3_ENDPOINT_URL": "http://127.0.0.1:9"},
        {
            "S3_ENDPOINT_URL": "ENDPOINT",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        },
    ],
)
def test_where_the_endpoint_stands(bench: Bench, s3: FaultS3, variables: dict[str, str | None]) -> None:
    url = s3.put("job.sh", FINE)
    given = {name: value and value.replace("ENDPOINT", s3.endpoint) for name, value in variables.items()}
    assert bench.run(url, given=given).code == 0


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"BATCH_FILE_TYPE": None}, "BATCH_FILE_TYPE is not set"),
        ({"BATCH_FILE_TYPE": "rar"}, "BATCH_FILE_TYPE is 'rar'"),
        ({"BATCH_FILE_S3_URL": ""}, "BATCH_FILE_S3_URL is not set"),
        ({"BATCH_FILE_S3_URL": "https://bucket/key"}, "https://bucket/key"),
        ({"BATCH_FILE_S3_URL": "s3://bucket"}, "s3://bucket/key"),
        ({"BATCH_FILE_S3_URL": "s3://bucket/"}, "s3://bucket/key"),
        ({"BATCH_FILE_S3_URL": "s3:///key"}, "s3://bucket/key"),
        ({"BATCH_FILE_SHA256": "abc"}, "64 hexadecimal digits"),
        ({"BATCH_FILE_SHA256": "g" * 64}, "64 hexadecimal digits"),
        ({"BATCH_FILE_VERSION_ID": "a b"}, "BATCH_FILE_VERSION_ID"),
        ({"BATCH_FILE_TYPE": "zip"}, "needs the file to run"),
        ({"FETCH_AND_RUN_BACKOFF_SECONDS": "soon"}, "FETCH_AND_RUN_BACKOFF_SECONDS is 'soon'"),
        ({"FETCH_AND_RUN_STALL_SECONDS": "0"}, "FETCH_AND_RUN_STALL_SECONDS is '0'"),
        ({"FETCH_AND_RUN_S5CMD": "/nowhere/s5cmd"}, "/nowhere/s5cmd"),
        ({"AWS_ENDPOINT_URL": "127.0.0.1"}, "http://"),
        ({"BATCH_FILE_TYPE": "a\nb"}, "BATCH_FILE_TYPE is 'a?b'"),
        ({"BATCH_FILE_S3_URL": "http://b/k\r\nfetch_and_run: x"}, "http://b/k??fetch_and_run: x"),
        ({"BATCH_FILE_SHA256": "\x1b[2J"}, "BATCH_FILE_SHA256 is '?[2j'"),
    ],
)
def test_usage_errors(bench: Bench, variables: dict[str, str | None], named: str) -> None:
    outcome = bench.run("s3://jobs/job.sh", given=variables)
    assert (outcome.code, outcome.stdout) == (2, "")
    assert named in own_lines(outcome)[0]
    assert "usage: fetch_and_run.sh" in outcome.stderr
    assert len(own_lines(outcome)) == len(outcome.stderr.splitlines())
