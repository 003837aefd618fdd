"""Job definitions in a deployment file: what is allowed, and what is refused with which words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.settings import told

SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:team/database-Ab12Cd"
PARAMETER = "arn:aws:ssm:us-east-1:123456789012:parameter/team/token"
FILE_SYSTEM = "fs-0123456789abcdef0"
POINT = "fsap-0123456789abcdef0"


def definition(**fields: Any) -> dict[str, Any]:
    return {"job_definitions": {"fetch-and-run": {}, "other": fields}}


OTHER = "job_definitions.other"

REFUSED: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    # what: fields, path below the definition, words
    "image": ({"image": "my image"}, "image", ["'my image'", "an image's name"]),
    "tag-without-name": ({"image": ":latest"}, "image", ["an image's name"]),
    "registry-secret-for-the-platforms-image": ({"registry_secret": SECRET}, "registry_secret", ["ECR"]),
    "registry-secret-for-ecr": (
        {"image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1", "registry_secret": SECRET},
        "registry_secret",
        ["ECR takes the execution role"],
    ),
    "registry-secret-with-key": (
        {"image": "registry.example.org/a", "registry_secret": f"{SECRET}:key::"},
        "registry_secret",
        ["Secrets Manager"],
    ),
    "parameter-nobody-uses": (
        {"image": "debian:13", "command": ["run", "Ref::sample"], "parameters": {"sample": "1", "smaple": "2"}},
        "parameters.smaple",
        ["no argument", "sample"],
    ),
    "command-of-the-platforms-image": (
        {"command": ["wc", "-l"]},
        "command",
        ["runs nothing but the script", "wc -l", "an image as well", "BATCH_FILE_S3_URL in environment"],
    ),
    "nameless-placeholder": (
        {"image": "debian:13", "command": ["Ref::"]},
        "command[0]",
        ["names no parameter", "Ref::NAME"],
    ),
    "parameter-name": ({"parameters": {"a b": "1"}}, "parameters.a b", ["letters, digits, - and _"]),
    "variable-twice": (
        {"environment": {"TOKEN": "x"}, "secrets": {"TOKEN": PARAMETER}},
        "secrets.TOKEN",
        ["environment sets the same"],
    ),
    "secret-by-name": ({"secrets": {"TOKEN": "team/token"}}, "secrets.TOKEN", ["the ARN of a Secrets Manager secret"]),
    "secret-of-another-service": (
        {"secrets": {"TOKEN": "arn:aws:s3:::bucket/key"}},
        "secrets.TOKEN",
        ["the ARN of a Secrets Manager secret"],
    ),
    "mount-over-scratch": ({"mounts": {"/scratch": {}}}, "mounts./scratch", ["scratch is mounted at the same path"]),
    "efs-over-mount": (
        {"mounts": {"/data": {}}, "efs": {"/data": {"file_system_id": FILE_SYSTEM}}},
        "efs./data",
        ["mounts is mounted at the same path"],
    ),
    "relative-mount": ({"mounts": {"data": {}}}, "mounts.data", ["an absolute path"]),
    "efs-without-file-system": ({"efs": {"/data": {}}}, "efs./data.file_system_id", ["must be named", "fs-"]),
    "efs-folder-and-point": (
        {"efs": {"/data": {"file_system_id": FILE_SYSTEM, "access_point_id": POINT, "root_directory": "/a"}}},
        "efs./data.root_directory",
        ["the access point decides"],
    ),
    "efs-iam-in-the-clear": (
        {"efs": {"/data": {"file_system_id": FILE_SYSTEM, "transit_encryption": False}}},
        "efs./data.transit_encryption",
        ["iam cannot be had without it"],
    ),
    "ulimit-above": ({"ulimits": {"nofile": {"soft": 10, "hard": 5}}}, "ulimits.nofile.soft", ["10", "at most 5"]),
    "ulimit-unlimited-below-limited": (
        {"ulimits": {"nofile": {"soft": -1, "hard": 5}}},
        "ulimits.nofile.soft",
        ["-1", "at most 5"],
    ),
    "ulimit-name": ({"ulimits": {"files": {}}}, "ulimits.files", ["one of core, cpu"]),
    "retry-on-nothing": ({"retry_on": [{}]}, "retry_on[0]", ["says nothing"]),
    "retry-exit-code": ({"retry_on": [{"exit_code": "x"}]}, "retry_on[0].exit_code", ["digits as text"]),
    "retry-star-inside": ({"retry_on": [{"reason": "a*b"}]}, "retry_on[0].reason", ["may end with *"]),
    "four-conditions": ({"retry_on": [{"exit_code": "1"}] * 4}, "retry_on", ["a list of 0 to 3"]),
    "retry-without-attempts": ({"attempts": 1, "retry_on": [{"exit_code": "1"}]}, "attempts", ["2 to 10"]),
    "two-log-beginnings": (
        {"log": {"multiline_pattern": "^a", "datetime_format": "%Y"}},
        "log.datetime_format",
        ["said twice"],
    ),
    "buffer-of-blocking": ({"log": {"max_buffer_mib": 5}}, "log.max_buffer_mib", ["mode non-blocking"]),
    "shared-memory": (
        {"memory_mib": 1000, "shared_memory_mib": 2000},
        "shared_memory_mib",
        ["2000", "at most 1000"],
    ),
    "user": ({"user": "a b"}, "user", ["user:group"]),
    "role-for-nothing": ({"job_role": {"buckets": {"data": {}}}}, "job_role.buckets.data", ["neither"]),
    "prefix-twice": (
        {"job_role": {"buckets": {"data": {"read": ["a/", "a/"]}}}},
        "job_role.buckets.data.read[1]",
        ["listed twice"],
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused(what: str) -> None:
    fields, path, words = REFUSED[what]
    found = told(definition(**fields))
    assert list(found) == [f"{OTHER}.{path}"]
    for word in words:
        assert word in found[f"{OTHER}.{path}"]


ALLOWED: dict[str, dict[str, Any]] = {
    "images": {"image": "registry.example.org:5000/team/tool:1.0@sha256:" + "0" * 64, "registry_secret": SECRET},
    "parameters-for-a-submitted-command": {"parameters": {"sample": "1"}},
    "a-script-by-its-url": {
        "command": ["job.sh", "60"],
        "environment": {"BATCH_FILE_TYPE": "script", "BATCH_FILE_S3_URL": "s3://bucket/job.sh"},
    },
    "no-scratch": {"scratch": None, "mounts": {"/scratch": {"host_path": "/data"}}},
    "secret-with-key-and-stage": {
        "secrets": {"A": f"{SECRET}:user::", "B": f"{SECRET}:a:AWSPREVIOUS:", "C": PARAMETER}
    },
    "efs-in-the-clear": {"efs": {"/d": {"file_system_id": FILE_SYSTEM, "transit_encryption": False, "iam": False}}},
    "unlimited": {"ulimits": {"memlock": {"soft": -1, "hard": -1}, "stack": {"soft": 10, "hard": -1}}},
    "conditions": {"retry_on": [{"exit_code": "75"}, {"reason": "CannotPullContainerError:*"}, {"exit_code": "1*"}]},
    "log": {"log": {"mode": "non-blocking", "max_buffer_mib": 25, "multiline_pattern": "^INFO"}},
    "all-memory-shared": {"memory_mib": 1000, "shared_memory_mib": 1000},
}


@pytest.mark.parametrize("what", ALLOWED)
def test_what_is_allowed(what: str) -> None:
    assert told(definition(**ALLOWED[what])) == {}
