"""Job definitions of several containers in a deployment file: what is allowed, and what is refused with which words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.settings import told

SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:team/database-Ab12Cd"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/tool:1"
MOUNTED = {"image": {"source": "external", "uri": IMAGE, "mount_runner": True}}
RUN = {"image": IMAGE, "command": ["run"]}
HELPER = {**RUN, "essential": False}
SPOT = {"type": "SPOT", "instance_types": ["m6i.large"]}
QUEUE = {"priority": 1, "compute_environments": ["spot"]}
ONE_SIZE = {
    "compute_environments": {"spot": SPOT},
    "queues": {"default": QUEUE},
}


def definition(containers: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"job_definitions": {"fetch-and-run": {}, "several": {"containers": containers, **fields}}}


SEVERAL = "job_definitions.several"

REFUSED: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    # what: settings, path below the definition, words
    "a-field-of-one-container": (
        definition({"main": RUN}, memory_mib=4096),
        "memory_mib",
        ["several containers", "memory_mib in each container"],
    ),
    "no-essential": (
        definition({"one": HELPER, "two": HELPER}),
        "containers",
        ["none is essential", "at least one that is essential"],
    ),
    "eleven": (definition({f"c{number}": RUN for number in range(11)}), "containers", ["a mapping of at most 10"]),
    "name": (definition({"1st": RUN}), "containers.1st", ["the first a letter"]),
    "field-of-a-container": (
        definition({"main": {**RUN, "vcpu": 2}}),
        "containers.main.vcpu",
        ["did you mean vcpus"],
    ),
    "unknown-dependency": (
        definition({"prepare": HELPER, "main": {**RUN, "depends_on": {"prepares": "SUCCESS"}}}),
        "containers.main.depends_on.prepares",
        ["no such container", "'prepares'", "|prepare"],
    ),
    "itself": (
        definition({"main": {**RUN, "depends_on": {"main": "START"}}}),
        "containers.main.depends_on.main",
        ["wait for itself"],
    ),
    "the-end-of-an-essential-one": (
        definition({"first": RUN, "main": {**RUN, "depends_on": {"first": "SUCCESS"}}}),
        "containers.main.depends_on.first",
        ["first is essential", "SUCCESS", "essential: false for first"],
    ),
    "condition": (
        definition({"first": RUN, "main": {**RUN, "depends_on": {"first": "HEALTHY"}}}),
        "containers.main.depends_on.first",
        ["'HEALTHY'", "one of START, COMPLETE, SUCCESS"],
    ),
    "circle": (
        definition(
            {
                "outside": {**RUN, "depends_on": {"a": "START"}},
                "a": {**HELPER, "depends_on": {"b": "SUCCESS"}},
                "b": {**HELPER, "depends_on": {"c": "COMPLETE"}},
                "c": {**HELPER, "depends_on": {"a": "START"}},
            }
        ),
        "containers.a.depends_on.b",
        ["wait for each other", "a → b → c → a"],
    ),
    "limit-to-a-wait-of-nobody": (
        definition(
            {"first": {**HELPER, "start_timeout_seconds": 60}, "main": {**RUN, "depends_on": {"first": "START"}}}
        ),
        "containers.first.start_timeout_seconds",
        ["no container waits", "first: SUCCESS (or COMPLETE)"],
    ),
    "nothing-to-fetch": (
        definition({"main": {"command": ["job.sh"]}}),
        "containers.main",
        ["the platform's image", "an image and its command, or BATCH_FILE_S3_URL"],
    ),
    "nothing-to-fetch-for-a-mounted-runner": (
        {**definition({"main": {}}), **MOUNTED},
        "containers.main",
        ["the mounted runner", "nobody submits one to several containers"],
    ),
    "shared-folder-of-one": (
        {"job_definitions": {"fetch-and-run": {}, "several": {"shared_folders": ["/work"]}}},
        "shared_folders",
        ["the job has one", "/work", "containers as well"],
    ),
    "process-namespace-of-one": (
        {"job_definitions": {"fetch-and-run": {}, "several": {"pid_mode": "task"}}},
        "pid_mode",
        ["the job has one"],
    ),
    "shared-folder-over-scratch": (
        definition({"main": {**RUN, "scratch": "/work"}}, shared_folders=["/data", "/work"]),
        "shared_folders[1]",
        ["scratch of main", "/work"],
    ),
    "shared-folder-twice": (
        definition({"main": RUN}, shared_folders=["/data", "/data"]),
        "shared_folders[1]",
        ["listed twice"],
    ),
    "parameter-nobody-uses": (
        definition({"main": RUN, "other": {**HELPER, "command": ["x", "Ref::a"]}}, parameters={"a": "1", "b": "2"}),
        "parameters.b",
        ["no argument", "|a"],
    ),
    "nameless-placeholder": (
        definition({"main": {**RUN, "command": ["Ref::"]}}),
        "containers.main.command[0]",
        ["names no parameter"],
    ),
    "registry-secret-for-ecr": (
        definition({"main": {**RUN, "registry_secret": SECRET}}),
        "containers.main.registry_secret",
        ["ECR takes the execution role"],
    ),
    "variable-twice": (
        definition({"main": {**RUN, "environment": {"A": "x"}, "secrets": {"A": SECRET}}}),
        "containers.main.secrets.A",
        ["environment sets the same"],
    ),
    "shared-memory": (
        definition({"main": {**RUN, "memory_mib": 1000, "shared_memory_mib": 2000}}),
        "containers.main.shared_memory_mib",
        ["2000", "at most 1000"],
    ),
    "host-process-namespace": (definition({"main": RUN}, pid_mode="host"), "pid_mode", ["'host'", "one of task"]),
    "image-out-of-reach": (
        {**definition({"main": {"image": "quay.io/a/b:1"}}), "network": {"type": "private-endpoints"}},
        "containers.main.image",
        ["cannot be pulled"],
    ),
    "too-many-vcpus-together": (
        {**definition({"main": {**RUN, "vcpus": 2}, "other": HELPER}), **ONE_SIZE},
        "containers",
        ["3 vCPUs in all containers", "at most 2"],
    ),
    "too-much-memory-together": (
        {**definition({"main": {**RUN, "memory_mib": 7000}, "other": HELPER}), **ONE_SIZE},
        "containers",
        ["9048 MiB of memory in all containers"],
    ),
    "gpus-nowhere": (definition({"main": {**RUN, "gpus": 1}}), "containers", ["1 GPUs in all containers"]),
    "shared-folder-on-the-mounted-runner": (
        {**definition({"a": RUN, "b": RUN}, shared_folders=["/opt"]), "image": {"mount_runner": True}},
        "shared_folders[0]",
        ["the runner is mounted there"],
    ),
    "on-the-mounted-runner": (
        {
            **definition({"main": {**RUN, "mounts": {"/opt/batchyard": {}}}}),
            "image": {"mount_runner": True},
        },
        "containers.main.mounts./opt/batchyard",
        ["the runner is mounted there"],
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused(what: str) -> None:
    settings, path, words = REFUSED[what]
    found = told(settings)
    assert list(found) == [f"{SEVERAL}.{path}"]
    for word in words:
        assert word in found[f"{SEVERAL}.{path}"]


ALLOWED: dict[str, dict[str, Any]] = {
    "one": definition({"main": RUN}),
    "ten": definition({f"c{number}": {**RUN, "vcpus": 2} for number in range(10)}),
    "prepare-run-and-watch": definition(
        {
            "prepare": {**HELPER, "start_timeout_seconds": 600},
            "watch": {**HELPER, "stop_timeout_seconds": 120},
            "main": {**RUN, "depends_on": {"prepare": "SUCCESS", "watch": "START"}},
            "report": {**HELPER, "depends_on": {"main": "START"}},
        },
        shared_folders=["/work"],
        ipc_mode="task",
        pid_mode="task",
    ),
    "diamond": definition(
        {
            "a": HELPER,
            "b": {**HELPER, "depends_on": {"a": "COMPLETE"}},
            "c": {**HELPER, "depends_on": {"a": "SUCCESS"}},
            "main": {**RUN, "depends_on": {"b": "SUCCESS", "c": "START"}},
        }
    ),
    "a-script-by-its-url": definition(
        {"main": {"environment": {"BATCH_FILE_TYPE": "script", "BATCH_FILE_S3_URL": "s3://bucket/job.sh"}}}
    ),
    "an-external-image-that-knows-what-to-do": {
        **definition({"main": {"command": ["run"]}}),
        "image": {"source": "external", "uri": IMAGE},
    },
    "a-command-beside-a-mounted-runner": {**definition({"main": {"command": ["run"]}}), **MOUNTED},
    "job-fields": definition(
        {"main": {**RUN, "command": ["run", "Ref::a"]}},
        parameters={"a": "1"},
        attempts=2,
        timeout_seconds=60,
        retry_on=[{"exit_code": "75"}],
        scheduling_priority=3,
        job_role={"buckets": {"data": {"read": ["*"]}}},
    ),
    "none": definition({}, memory_mib=4096),
}


@pytest.mark.parametrize("what", ALLOWED)
def test_what_is_allowed(what: str) -> None:
    assert told(ALLOWED[what]) == {}
