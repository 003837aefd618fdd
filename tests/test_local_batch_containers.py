"""Jobs of several containers on the local account: registered as AWS does it, and really run."""

from __future__ import annotations

import json
import os
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.batch_platform import Platform, platform
from tests.support.batch_server import Server, serving, until

pytest_plugins = ["tests.support.batch_server_fixtures"]

HELPER: dict[str, Any] = {"essential": False}


def after(**conditions: str) -> dict[str, Any]:
    """Dependencies, by container."""
    return {"dependsOn": [{"containerName": name, "condition": condition} for name, condition in conditions.items()]}


def forever(name: str, at_end: str) -> str:
    """A script that runs until it is told to stop, then does this; ready when its name is in the shared folder."""
    return f"trap '{at_end}; exit 0' TERM; touch \"$SHARED/{name}\"; while :; do sleep 0.02; done"


def once(*files: str) -> str:
    """A script that ends when these are in the shared folder, or at these paths."""
    return "".join(f'cd "$SHARED"; until [ -e {file} ]; do sleep 0.02; done; ' for file in files)


def task(job: dict[str, Any]) -> dict[str, Any]:
    (found,) = job["ecsProperties"]["taskProperties"]
    only: dict[str, Any] = found
    return only


def containers(job: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in task(job)["containers"]}


def codes(job: dict[str, Any]) -> dict[str, int | None]:
    return {name: each.get("exitCode") for name, each in containers(job).items()}


def run(mine: Platform, several: dict[str, dict[str, Any]], **members: Any) -> dict[str, Any]:
    return mine.finished(mine.submit(mine.define_several(several, **members)))


def log(mine: Platform, job: dict[str, Any], container: str) -> list[str]:
    """What a container said; a shell says of its `sleep` that it was terminated, which is nobody's business here."""
    lines = mine.stream(containers(job)[container]["logStreamName"])
    return [line for line in lines if not line.startswith("Terminated")]


def test_they_wait_for_each_other_and_share_a_folder(mine: Platform) -> None:
    job = run(
        mine,
        {
            "main": {
                "script": f'{once("watch")} cat "$SHARED/reference"; echo done',
                **after(prepare="SUCCESS", watch="START"),
            },
            "prepare": {**HELPER, "script": 'echo GATTACA > "$SHARED/reference"'},
            "watch": {**HELPER, "script": forever("watch", "echo stopped")},
        },
    )
    assert job["status"] == "SUCCEEDED"
    assert job["statusReason"] == "Essential container in task exited"
    assert "container" not in job
    assert codes(job) == {"main": 0, "prepare": 0, "watch": 0}
    assert log(mine, job, "main") == ["GATTACA", "done"]
    assert log(mine, job, "watch") == ["stopped"]
    assert not (mine.server.folder / "jobs" / job["jobId"]).exists()


def test_describe_jobs_has_a_stream_and_an_end_for_each(mine: Platform) -> None:
    job = run(mine, {"a": {"script": "exit 3"}, "b": {**HELPER, "script": "true"}}, name="pair")
    (attempt,) = job["attempts"]
    (tried,) = attempt["taskProperties"]
    assert tried["taskArn"] == task(job)["taskArn"]
    assert tried["containerInstanceArn"] == task(job)["containerInstanceArn"]
    task_id = tried["taskArn"].rpartition("/")[2]
    assert [(each["name"], each["logStreamName"]) for each in tried["containers"]] == [
        ("a", f"pair/a/{task_id}"),
        ("b", f"pair/b/{task_id}"),
    ]
    assert tried["containers"][0]["exitCode"] == 3
    assert "container" not in attempt
    assert (containers(job)["a"]["essential"], containers(job)["b"]["essential"]) == (True, False)
    assert job["status"] == "FAILED"


def test_the_end_of_an_essential_one_stops_all_others(mine: Platform) -> None:
    job = run(mine, {"main": after(other="START"), "other": {**HELPER, "script": "exec sleep 60"}})
    assert job["status"] == "SUCCEEDED"
    assert codes(job) == {"main": 0, "other": 143}


def test_the_end_of_one_that_is_not_essential_stops_nothing(mine: Platform) -> None:
    job = run(
        mine,
        {"helper": {**HELPER, "script": "exit 7"}, "main": {"script": "echo still here", **after(helper="COMPLETE")}},
    )
    assert job["status"] == "SUCCEEDED"
    assert codes(job) == {"helper": 7, "main": 0}
    assert log(mine, job, "main") == ["still here"]


def test_every_essential_one_must_end_well(mine: Platform) -> None:
    """As the User Guide has it: the first to end stops the other, which has not ended well then."""
    job = run(mine, {"quick": after(slow="START"), "slow": {"script": "exec sleep 60"}})
    assert job["status"] == "FAILED"
    assert codes(job) == {"quick": 0, "slow": 143}


def test_what_depends_on_a_success_that_did_not_come_never_starts(mine: Platform) -> None:
    job = run(
        mine,
        {
            "prepare": {**HELPER, "script": "exit 9"},
            "main": {"script": "echo not here", **after(prepare="SUCCESS")},
            "report": {**HELPER, "script": "echo nor here", **after(main="START")},
        },
    )
    assert job["status"] == "FAILED"
    assert job["statusReason"] == "Task failed to start"
    assert "startedAt" not in job
    assert codes(job) == {"prepare": 9, "main": None, "report": None}
    reasons = {name: each.get("reason") for name, each in containers(job).items()}
    assert reasons["main"] == "It depends on the SUCCESS of prepare, and it ended with exit code 9"
    assert reasons["report"] in {
        "It depends on the START of main, and it could not be started",
        "The task was stopped before the container could start",
    }


def test_the_wait_for_an_end_has_its_limit(mine: Platform) -> None:
    job = run(
        mine,
        {
            "prepare": {**HELPER, "script": "exec sleep 60", "startTimeout": 2},
            "main": after(prepare="SUCCESS"),
        },
    )
    assert (job["status"], codes(job)) == ("FAILED", {"prepare": 143, "main": None})
    assert containers(job)["main"]["reason"] == (
        "It depends on the SUCCESS of prepare, and it has not ended within 2 seconds"
    )


def test_a_container_has_its_own_time_to_stop(mine: Platform) -> None:
    """The server of these tests gives one second, and the container needs more."""
    job = run(
        mine,
        {
            "main": {"script": once("slow"), **after(slow="START")},
            "slow": {**HELPER, "script": forever("slow", "sleep 1.3; echo tidied up"), "stopTimeout": 60},
        },
    )
    assert log(mine, job, "slow") == ["tidied up"]
    assert codes(job) == {"main": 0, "slow": 0}


def test_a_job_is_starting_until_all_of_its_containers_have_started(mine: Platform, tmp_path: Path) -> None:
    job_id = mine.submit(
        mine.define_several(
            {
                "prepare": {**HELPER, "script": once(f"{tmp_path}/go")},
                "main": {"script": once(f"{tmp_path}/end"), **after(prepare="SUCCESS")},
            }
        )
    )
    mine.reaching(job_id, "STARTING")
    (tmp_path / "go").touch()
    job = mine.reaching(job_id, "RUNNING")
    assert job["startedAt"] >= job["createdAt"]
    (tmp_path / "end").touch()
    assert mine.finished(job_id)["status"] == "SUCCEEDED"


def test_they_are_stopped_in_the_reverse_order_of_their_starts(mine: Platform) -> None:
    job = run(
        mine,
        {
            "proxy": {**HELPER, "script": forever("proxy", 'ls "$SHARED"')},
            "client": {**HELPER, "script": forever("client", 'touch "$SHARED/ended"'), **after(proxy="START")},
            "main": {"script": once("proxy", "client"), **after(client="START")},
        },
    )
    assert log(mine, job, "proxy") == ["client", "ended", "proxy"]


def test_terminate_job_stops_all(mine: Platform, tmp_path: Path) -> None:
    ready = f"touch {tmp_path}/ready"
    job_id = mine.submit(
        mine.define_several(
            {
                "main": {"script": forever("main", "echo main stopped")},
                "other": {**HELPER, "script": forever("other", "echo other stopped")},
                "third": {**HELPER, "script": once("main", "other") + ready},
            }
        )
    )
    until(lambda: (tmp_path / "ready").exists(), "both run")
    mine.server.batch.terminate_job(jobId=job_id, reason="enough")
    job = mine.finished(job_id)
    assert (job["status"], job["statusReason"]) == ("FAILED", "enough")
    assert (log(mine, job, "main"), log(mine, job, "other")) == (["main stopped"], ["other stopped"])


def test_a_container_that_cannot_start_ends_the_job_if_it_is_essential(mine: Platform) -> None:
    job = run(
        mine,
        {"main": {"command": ["no-such-program"]}, "other": {**HELPER, "script": "exec sleep 60"}},
    )
    assert (job["status"], job["statusReason"]) == ("FAILED", "Task failed to start")
    assert "executable file not found" in containers(job)["main"]["reason"]
    assert codes(job)["main"] == 127


def test_each_attempt_starts_all_again(mine: Platform) -> None:
    job = run(
        mine,
        {"main": {"script": 'test "$AWS_BATCH_JOB_ATTEMPT" = 2'}, "other": {**HELPER, "script": "true"}},
        retryStrategy={"attempts": 3, "evaluateOnExit": [{"onExitCode": "1", "action": "RETRY"}]},
    )
    assert job["status"] == "SUCCEEDED"
    tasks = [each["taskProperties"][0] for each in job["attempts"]]
    assert [one["containers"][0]["exitCode"] for one in tasks] == [1, 0]
    assert len({one["taskArn"] for one in tasks}) == 2


def test_each_child_of_an_array_has_its_own(mine: Platform) -> None:
    definition = mine.define_several({"main": {"script": "exit $AWS_BATCH_JOB_ARRAY_INDEX"}, "other": dict(HELPER)})
    parent = mine.submit(definition, arrayProperties={"size": 2})
    assert mine.finished(parent)["status"] == "FAILED"
    assert [codes(mine.job(f"{parent}:{index}"))["main"] for index in (0, 1)] == [0, 1]


def test_all_end_with_the_server_also_those_that_still_wait(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with serving(tmp_path / "batch") as server:
        mine = platform(server)
        hangs = f"trap : TERM; echo $$ > {pid}; while :; do sleep 0.02; done"
        definition = mine.define_several(
            {"prepare": {**HELPER, "script": hangs}, "main": after(prepare="SUCCESS"), "other": {"script": hangs}}
        )
        mine.submit(definition)
        until(lambda: pid.exists() and pid.read_text().strip(), "it runs")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert list((tmp_path / "batch" / "jobs").iterdir()) == []


def test_overrides_name_their_container(mine: Platform) -> None:
    definition = mine.define_several(
        {"main": {"command": ["echo", "Ref::what"]}, "other": {**HELPER, "script": "echo $WORD"}},
        parameters={"what": "nothing"},
    )
    change = {"name": "other", "environment": [{"name": "WORD", "value": "changed"}]}
    job = mine.finished(
        mine.submit(
            definition,
            parameters={"what": "something"},
            ecsPropertiesOverride={
                "taskProperties": [{"containers": [change, {"name": "main", "command": ["echo", "Ref::what", "more"]}]}]
            },
        )
    )
    assert log(mine, job, "main") == ["something more"]
    assert containers(job)["main"]["command"] == ["echo", "Ref::what", "more"]
    assert {"name": "WORD", "value": "changed"} in containers(job)["other"]["environment"]


def test_it_takes_as_many_vcpus_as_all_of_them(server: Server, tmp_path: Path) -> None:
    small = platform(server, maxvCpus=3)
    several = small.define_several({"main": {"script": once(f"{tmp_path}/end")}, "other": dict(HELPER)})
    first = small.submit(several)
    small.reaching(first, "RUNNING")
    second = small.submit(several)
    assert small.job(second)["status"] == "RUNNABLE"
    (tmp_path / "end").touch()
    assert small.finished(second)["status"] == "SUCCEEDED"


def test_what_has_no_effect_is_listed_as_recorded(mine: Platform) -> None:
    arn = mine.define_several({"main": {"user": "1000"}}, task={"pidMode": "task"})
    with urllib.request.urlopen(f"{mine.server.endpoint}/_batchyard/batch/recorded") as answer:  # noqa: S310 - loopback
        entries = {entry["arn"]: entry["members"] for entry in json.load(answer)["recorded"]}
    inside = "ecsProperties.taskProperties"
    assert entries[arn] == [
        f"{inside}.containers.mountPoints.sourceVolume",
        f"{inside}.containers.resourceRequirements.MEMORY",
        f"{inside}.containers.user",
        f"{inside}.pidMode",
    ]


def refused(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as refusal:
        call(**request)
    assert refusal.value.response["Error"]["Code"] == "ClientException"
    return str(refusal.value.response["Error"]["Message"])


REFUSED: dict[str, tuple[dict[str, dict[str, Any]], str]] = {
    "eleven": ({f"c{number}": {} for number in range(11)}, "1 to 10 elements, but 11"),
    "nobody-essential": ({"a": dict(HELPER), "b": dict(HELPER)}, "At least one container must be essential"),
    "unknown": ({"a": after(b="START")}, "depends on 'b', which is no other container"),
    "itself": ({"a": after(a="START")}, "depends on 'a'"),
    "condition": ({"a": after(b="HEALTHY"), "b": {}}, "the condition 'HEALTHY' is none of START, COMPLETE, SUCCESS"),
    "end-of-an-essential-one": (
        {"a": after(b="SUCCESS"), "b": {}},
        "SUCCESS can't be set on the essential container b",
    ),
    "cycle": ({"a": after(b="START"), "b": after(c="START"), "c": after(a="START")}, "a, b, c have a cycle"),
    "name": ({"a/b": {}}, "Container name 'a/b' must be 1 to 255 letters"),
    "image": ({"a": {"image": ""}}, "Container a must name an image"),
    "memory": ({"a": {"resourceRequirements": [{"type": "VCPU", "value": "1"}]}}, "Container a must state memory"),
    "start-timeout": ({"a": {"startTimeout": 1}}, "Container a: startTimeout must be at least 2"),
    "variable": ({"a": {"environment": [{"name": "AWS_BATCH_X", "value": "1"}]}}, "cannot start with 'AWS_BATCH'"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_registered(mine: Platform, what: str) -> None:
    several, words = REFUSED[what]
    given = {name: dict(container) for name, container in several.items()}
    assert words in refused(lambda: mine.define_several(given))


def test_several_tasks_and_nameless_containers_are_refused(mine: Platform) -> None:
    container = {
        "image": "tool",
        "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "128"}],
    }

    def register(*tasks: dict[str, Any]) -> Any:
        return mine.server.batch.register_job_definition(
            jobDefinitionName="refused", type="container", ecsProperties={"taskProperties": list(tasks)}
        )

    one = {"containers": [container]}
    assert "must have one element, but 2" in refused(lambda: register(one, one))
    assert "must have a name" in refused(lambda: register({"containers": [container, container]}))
    twice = {"containers": [{**container, "name": "a"}, {**container, "name": "a"}]}
    assert "must be unique" in refused(lambda: register(twice))
    (alone,) = mine.server.batch.describe_job_definitions(jobDefinitions=[register(one)["jobDefinitionArn"]])[
        "jobDefinitions"
    ]
    (task,) = alone["ecsProperties"]["taskProperties"]
    assert (task["containers"][0]["name"], task["containers"][0]["essential"]) == ("default", True)


def test_overrides_of_the_other_form_or_of_a_stranger_are_refused(mine: Platform) -> None:
    several, single = mine.define_several({"main": {}}), mine.define(["true"])
    override = {"taskProperties": [{"containers": [{"name": "stranger", "command": ["true"]}]}]}
    assert "containerOverrides does not apply" in refused(
        lambda: mine.submit(several, containerOverrides={"command": ["true"]})
    )
    assert "ecsPropertiesOverride does not apply" in refused(
        lambda: mine.submit(single, ecsPropertiesOverride=override)
    )
    assert "no container stranger" in refused(lambda: mine.submit(several, ecsPropertiesOverride=override))
