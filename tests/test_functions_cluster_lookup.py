"""The function that asks Batch for a cluster, run as Lambda runs it: on the local account, and on answers of a test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
from botocore.stub import Stubber

from tests.support.functions import FUNCTIONS, function
from tests.support.local_account import Account, StackUnderTest

pytest_plugins = ["tests.support.local_account_fixtures"]

CODE = FUNCTIONS / "cluster_lookup.py"
NAME = "nodes"
ARN = "arn:aws:ecs:us-east-1:123456789012:cluster/AWSBatch-nodes-1"


def trusting(service: str) -> dict[str, Any]:
    """A role that a service may take."""
    allowed = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    policy = {"Version": "2012-10-17", "Statement": [allowed]}
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": policy}}


def resources(asked_for: Any) -> dict[str, Any]:
    """An unmanaged environment, the function, and a resource that asks for some environment's cluster."""
    environment = {"Type": "UNMANAGED", "ServiceRole": {"Fn::GetAtt": ["ServiceRole", "Arn"]}}
    function = {
        "Code": {"ZipFile": CODE.read_text()},
        "Handler": "index.handler",
        "Runtime": "python3.13",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Timeout": 60,
    }
    asked = {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}, "ComputeEnvironment": asked_for}
    return {
        "ServiceRole": trusting("batch.amazonaws.com"),
        "Environment": {"Type": "AWS::Batch::ComputeEnvironment", "Properties": environment},
        "Role": trusting("lambda.amazonaws.com"),
        "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
        "Cluster": {"Type": "Custom::EcsCluster", "Properties": asked},
    }


def test_the_cluster_is_the_one_that_batch_describes(account: Account, stack: StackUnderTest) -> None:
    arn, name = ({"Value": {"Fn::GetAtt": ["Cluster", part]}} for part in ("ClusterArn", "ClusterName"))
    stack.create(
        resources({"Fn::GetAtt": ["Environment", "ComputeEnvironmentArn"]}), Outputs={"Arn": arn, "Name": name}
    )
    (environment,) = account.client("batch").describe_compute_environments(
        computeEnvironments=[stack.physical("Environment")]
    )["computeEnvironments"]
    cluster = environment["ecsClusterArn"]
    assert stack.outputs() == {"Arn": cluster, "Name": cluster.rpartition("/")[2]}
    assert stack.physical("Cluster") == cluster
    stack.delete().expect("DELETE_COMPLETE")


def test_an_environment_that_is_not_there_fails_the_deployment_in_words(stack: StackUnderTest) -> None:
    stack.try_create(resources("nobody-made-this")).expect("ROLLBACK_COMPLETE")
    (reason,) = [each for each in stack.failures() if each.startswith("Cluster CREATE_FAILED")]
    assert "there is no compute environment nobody-made-this" in reason


@dataclass
class Asking:
    """The function's module, Batch's answers to it, and its clock."""

    module: ModuleType
    batch: Stubber
    pauses: list[float]
    milliseconds: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        """As Lambda's context says it: each pause takes its time."""
        return self.milliseconds - int(sum(self.pauses) * 1000)

    def answers(self, *environments: dict[str, str]) -> None:
        """What Batch says, one after the other."""
        for said in environments:
            detail = {"computeEnvironmentName": NAME, "computeEnvironmentArn": f"arn:{NAME}", **said}
            self.batch.add_response(
                "describe_compute_environments", {"computeEnvironments": [detail]}, {"computeEnvironments": [NAME]}
            )

    def cluster(self) -> str:
        return str(self.module.cluster(NAME, self))


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> Iterator[Asking]:
    pauses: list[float] = []
    with function("cluster_lookup", "batch") as (module, (batch,)):
        monkeypatch.setattr(module, "time", type("Clock", (), {"sleep": staticmethod(pauses.append)}))
        yield Asking(module, batch, pauses)


def test_it_waits_until_the_environment_is_valid(asking: Asking) -> None:
    asking.answers({"status": "CREATING"}, {"status": "VALID"}, {"status": "VALID", "ecsClusterArn": ARN})
    assert asking.cluster() == ARN
    assert len(asking.pauses) == 2


def test_an_invalid_environment_is_told_with_batchs_reason(asking: Asking) -> None:
    asking.answers({"status": "CREATING"}, {"status": "INVALID", "statusReason": "CLIENT_ERROR - no such role"})
    with pytest.raises(RuntimeError, match="nodes is INVALID: CLIENT_ERROR - no such role"):
        asking.cluster()


def test_it_answers_before_its_own_time_is_up(asking: Asking) -> None:
    asking.milliseconds = 13_000
    asking.answers(*[{"status": "CREATING"}] * 3)
    with pytest.raises(RuntimeError, match="nodes is still CREATING: no reason given"):
        asking.cluster()
    assert asking.get_remaining_time_in_millis() > 5_000
