"""Fair share and consumable resources through boto3: what is refused, what is described, and how jobs really run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.batch_platform import Platform, platform, unique
from tests.support.batch_server import Server, serving, until


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One job at a time, so that the order shows."""
    with serving(tmp_path_factory.mktemp("batch"), max_jobs=1) as running:
        yield running


@pytest.fixture(scope="module")
def mine(server: Server) -> Platform:
    return platform(server)


@pytest.fixture(scope="module")
def fair(mine: Platform) -> str:
    """A fair-share queue beside the platform's FIFO queue, which shares its environment."""
    batch = mine.server.batch
    policy = batch.create_scheduling_policy(
        name=unique("policy"), fairsharePolicy={"shareDistribution": [{"shareIdentifier": "a", "weightFactor": 1.0}]}
    )
    order = [{"order": 1, "computeEnvironment": mine.environment}]
    made = batch.create_job_queue(
        jobQueueName=unique("fair"), priority=1, computeEnvironmentOrder=order, schedulingPolicyArn=policy["arn"]
    )
    return str(made["jobQueueArn"])


def gate(path: Path) -> list[str]:
    """A command that runs until the file exists."""
    return ["sh", "-c", f"until [ -e '{path}' ]; do sleep 0.05; done"]


def test_jobs_of_a_fair_queue_take_turns(mine: Platform, fair: str, tmp_path: Path) -> None:
    blocker = mine.submit(mine.define(gate(tmp_path / "go")))
    until(lambda: mine.job(blocker)["status"] == "RUNNING", "the blocker runs")
    quick = mine.define(["true"], schedulingPriority=3)
    jobs = [mine.submit(quick, jobQueue=fair, shareIdentifier=share) for share in ("a", "a", "b")]
    jobs.append(mine.submit(quick, jobQueue=fair, shareIdentifier="a", schedulingPriorityOverride=9))
    front = mine.server.batch.get_job_queue_snapshot(jobQueue=fair)["frontOfQueue"]["jobs"]
    expected = [jobs[2], jobs[3], jobs[0], jobs[1]]
    assert [one["jobArn"].rpartition("/")[2] for one in front] == expected
    (tmp_path / "go").touch()
    ended = {job_id: mine.finished(job_id) for job_id in jobs}
    assert sorted(jobs, key=lambda job_id: ended[job_id]["startedAt"]) == expected
    assert [(ended[one]["shareIdentifier"], ended[one]["schedulingPriority"]) for one in jobs[2:]] == [
        ("b", 3),
        ("a", 9),
    ]


@pytest.mark.parametrize(
    ("is_fair", "share", "words"),
    [
        (True, {}, "shareIdentifier must be specified"),
        (True, {"shareIdentifier": "team-a"}, "letters and digits"),
        (False, {"shareIdentifier": "a"}, "shareIdentifier must not be specified"),
    ],
)
def test_a_share_is_needed_where_shares_are_fair_and_nowhere_else(
    mine: Platform, fair: str, is_fair: bool, share: dict[str, Any], words: str
) -> None:
    queue = {"jobQueue": fair} if is_fair else {}
    with pytest.raises(ClientError, match=words):
        mine.submit(mine.define(["true"]), **queue, **share)


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({"fairsharePolicy": {"shareDecaySeconds": 604_801}}, "shareDecaySeconds must be between 0 and 604800"),
        ({"fairsharePolicy": {"computeReservation": 100}}, "computeReservation must be between 0 and 99"),
        ({"fairsharePolicy": {"shareDistribution": [{"shareIdentifier": "a-b"}]}}, "letters and digits"),
        (
            {"fairsharePolicy": {"shareDistribution": [{"shareIdentifier": "a", "weightFactor": 1000.0}]}},
            "weightFactor must be between",
        ),
        (
            {"fairsharePolicy": {"shareDistribution": [{"shareIdentifier": "a*"}, {"shareIdentifier": "ab"}]}},
            "cannot overlap",
        ),
        ({"quotaSharePolicy": {"idleResourceAssignmentStrategy": "FIFO"}}, "no service environments"),
    ],
)
def test_policies_that_aws_refuses(server: Server, policy: dict[str, Any], words: str) -> None:
    with pytest.raises(ClientError, match=words):
        server.batch.create_scheduling_policy(name=unique("policy"), **policy)


# -- consumable resources -------------------------------------------------------------------------------------


@pytest.fixture
def licence(server: Server) -> str:
    """A replenishable resource of two units."""
    name = unique("licence")
    server.batch.create_consumable_resource(consumableResourceName=name, totalQuantity=2)
    return name


def quantities(server: Server, name: str) -> tuple[int, int, int]:
    """Total, in use, available."""
    found = server.batch.describe_consumable_resource(consumableResource=name)
    return found["totalQuantity"], found["inUseQuantity"], found["availableQuantity"]


def needs(name: str, quantity: int) -> dict[str, Any]:
    return {"consumableResourceList": [{"consumableResource": name, "quantity": quantity}]}


def test_units_are_in_use_while_a_job_runs(mine: Platform, licence: str, tmp_path: Path) -> None:
    definition = mine.define(gate(tmp_path / "go"), consumableResourceProperties=needs(licence, 1))
    job = mine.submit(definition)
    until(lambda: mine.job(job)["status"] == "RUNNING", "the job runs")
    assert quantities(mine.server, licence) == (2, 1, 1)
    assert mine.job(job)["consumableResourceProperties"] == needs(licence, 1)
    (tmp_path / "go").touch()
    mine.finished(job)
    assert quantities(mine.server, licence) == (2, 0, 2)


def test_a_job_waits_until_there_are_enough_and_others_pass_it(mine: Platform, licence: str) -> None:
    batch = mine.server.batch
    waiting = mine.submit(mine.define(["true"], consumableResourceProperties=needs(licence, 3)))
    mine.finished(mine.submit(mine.define(["true"])))
    assert mine.job(waiting)["status"] == "RUNNABLE"
    answer = batch.update_consumable_resource(consumableResource=licence, operation="ADD", quantity=1)
    assert answer["totalQuantity"] == 3
    assert mine.finished(waiting)["status"] == "SUCCEEDED"


def test_what_is_not_replenishable_is_gone_afterwards(mine: Platform) -> None:
    name = unique("credit")
    mine.server.batch.create_consumable_resource(
        consumableResourceName=name, totalQuantity=5, resourceType="NON_REPLENISHABLE", tags={"a": "b"}
    )
    definition = mine.define(["true"], consumableResourceProperties=needs(name, 1))
    mine.finished(mine.submit(definition))
    mine.finished(mine.submit(definition, consumableResourcePropertiesOverride=needs(name, 2)))
    assert quantities(mine.server, name) == (2, 0, 2)
    found = mine.server.batch.describe_consumable_resource(consumableResource=name)
    assert (found["resourceType"], found["tags"]) == ("NON_REPLENISHABLE", {"a": "b"})


def test_resources_are_listed_and_deleted(server: Server, licence: str) -> None:
    batch = server.batch
    filters = [{"name": "CONSUMABLE_RESOURCE_NAME", "values": [licence]}]
    (found,) = batch.list_consumable_resources(filters=filters)["consumableResources"]
    assert (found["consumableResourceName"], found["totalQuantity"], found["inUseQuantity"]) == (licence, 2, 0)
    batch.delete_consumable_resource(consumableResource=found["consumableResourceArn"])
    with pytest.raises(ClientError, match="not found"):
        batch.describe_consumable_resource(consumableResource=licence)
    batch.delete_consumable_resource(consumableResource=licence)


@pytest.mark.parametrize(
    ("operation", "members", "words"),
    [
        ("create", {"consumableResourceName": "a b", "totalQuantity": 1}, "valid pattern"),
        ("create", {"consumableResourceName": "a"}, "totalQuantity must be given"),
        ("create", {"consumableResourceName": "a", "totalQuantity": 1, "resourceType": "x"}, "REPLENISHABLE"),
        ("update", {"operation": "REMOVE", "quantity": 3}, "the total is 2"),
        ("update", {"operation": "DOUBLE", "quantity": 3}, "SET, ADD, REMOVE"),
        ("update", {"operation": "SET", "quantity": -1}, "not negative"),
    ],
)
def test_resources_that_aws_refuses(
    server: Server, licence: str, operation: str, members: dict[str, Any], words: str
) -> None:
    if operation == "update":
        members = {"consumableResource": licence, **members}
    with pytest.raises(ClientError, match=words):
        getattr(server.batch, f"{operation}_consumable_resource")(**members)


def test_needs_that_aws_refuses(mine: Platform, licence: str) -> None:
    with pytest.raises(ClientError, match="at least 1"):
        mine.define(["true"], consumableResourceProperties=needs(licence, 0))
    with pytest.raises(ClientError, match="only once"):
        mine.define(
            ["true"],
            consumableResourceProperties={
                "consumableResourceList": needs(licence, 1)["consumableResourceList"] * 2,
            },
        )
    with pytest.raises(ClientError, match="Consumable resource missing not found"):
        mine.submit(mine.define(["true"], consumableResourceProperties=needs("missing", 1)))
