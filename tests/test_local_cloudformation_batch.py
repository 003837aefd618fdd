"""AWS::Batch in templates: proven by Batch's describe calls."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_account import Account, StackUnderTest, resource

pytest_plugins = ["tests.support.local_account_fixtures"]


def network() -> dict[str, Any]:
    service = {"Service": "ec2.amazonaws.com"}
    statement = {"Effect": "Allow", "Principal": service, "Action": "sts:AssumeRole"}
    return {
        "Vpc": resource("EC2::VPC", CidrBlock="10.0.0.0/16"),
        "Subnet": resource("EC2::Subnet", VpcId={"Ref": "Vpc"}, CidrBlock="10.0.0.0/24"),
        "Group": resource("EC2::SecurityGroup", GroupDescription="jobs", VpcId={"Ref": "Vpc"}),
        "Role": resource("IAM::Role", AssumeRolePolicyDocument={"Version": "2012-10-17", "Statement": [statement]}),
        "Profile": resource("IAM::InstanceProfile", Roles=[{"Ref": "Role"}]),
    }


def environment(*, replace: bool = False, **resources: Any) -> dict[str, Any]:
    return resource(
        "Batch::ComputeEnvironment",
        Type="managed",
        ReplaceComputeEnvironment=replace,
        State="ENABLED",
        ComputeResources={
            "Type": "EC2",
            "AllocationStrategy": "BEST_FIT_PROGRESSIVE",
            "MinvCpus": 0,
            "MaxvCpus": "16",
            "InstanceTypes": ["m5.large"],
            "InstanceRole": {"Fn::GetAtt": ["Profile", "Arn"]},
            "Subnets": [{"Ref": "Subnet"}],
            "SecurityGroupIds": [{"Ref": "Group"}],
            "UpdateToLatestImageVersion": True,
            **resources,
        },
    )


def queue(priority: int, *environments: str, **more: Any) -> dict[str, Any]:
    order = [{"ComputeEnvironment": {"Ref": name}, "Order": index} for index, name in enumerate(environments)]
    return resource("Batch::JobQueue", Priority=priority, ComputeEnvironmentOrder=order, **more)


def definition(command: str, *, keep: bool = False, **more: Any) -> dict[str, Any]:
    requirements = [{"Type": "VCPU", "Value": "1"}, {"Type": "MEMORY", "Value": "512"}]
    return resource(
        "Batch::JobDefinition",
        Type="container",
        ContainerProperties={"Image": "busybox", "Command": [command], "ResourceRequirements": requirements},
        ResourceRetentionPolicy={"SkipDeregisterOnUpdate": keep},
        Timeout={"AttemptDurationSeconds": 120},
        **more,
    )


def described(account: Account, what: str, arn: str) -> dict[str, Any]:
    batch = account.client("batch")
    calls = {
        "environment": lambda: batch.describe_compute_environments(computeEnvironments=[arn])["computeEnvironments"],
        "queue": lambda: batch.describe_job_queues(jobQueues=[arn])["jobQueues"],
        "definition": lambda: batch.describe_job_definitions(jobDefinitions=[arn])["jobDefinitions"],
    }
    [found] = calls[what]()
    assert isinstance(found, dict)
    return found


def test_environments_and_queues_change_in_place(account: Account, stack: StackUnderTest) -> None:
    limit = {
        "Action": "CANCEL",
        "MaxTimeSeconds": 600,
        "Reason": "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
        "State": "RUNNABLE",
    }

    def resources(priority: int, **compute: Any) -> dict[str, Any]:
        return network() | {
            "Compute": environment(**compute),
            "Queue": queue(priority, "Compute", JobStateTimeLimitActions=[limit]),
        }

    stack.create(resources(10))
    compute, jobs = stack.physical("Compute"), stack.physical("Queue")
    made = described(account, "environment", compute)
    assert (made["type"], made["state"], made["status"]) == ("MANAGED", "ENABLED", "VALID")
    assert made["computeResources"]["maxvCpus"] == 16
    held = described(account, "queue", jobs)
    assert (held["priority"], held["status"]) == (10, "VALID")
    assert held["computeEnvironmentOrder"] == [{"order": 0, "computeEnvironment": compute}]
    assert held["jobStateTimeLimitActions"][0]["maxTimeSeconds"] == 600

    stack.update(resources(5, MaxvCpus=32, InstanceTypes=["c5.large"]))
    assert (stack.physical("Compute"), stack.physical("Queue")) == (compute, jobs)
    changed = described(account, "environment", compute)["computeResources"]
    assert (changed["maxvCpus"], changed["instanceTypes"]) == (32, ["c5.large"])
    assert described(account, "queue", jobs)["priority"] == 5

    stack.delete().expect("DELETE_COMPLETE")
    batch = account.client("batch")
    assert not batch.describe_job_queues(jobQueues=[jobs])["jobQueues"]
    assert not batch.describe_compute_environments(computeEnvironments=[compute])["computeEnvironments"]


def test_what_batch_has_no_way_to_take_away_is_not_taken_away_in_silence(
    account: Account, stack: StackUnderTest
) -> None:
    """API reference, ComputeResourceUpdate: key pair and image go by an empty string, a placement group by nothing."""
    made = network() | {"Compute": environment(PlacementGroup="lab", Ec2KeyPair="ours")}
    compute = stack.create(made).physical("Compute")
    failed = stack.try_update(network() | {"Compute": environment(Ec2KeyPair="ours")})
    assert failed.describe()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "PlacementGroup cannot be removed" in failed.failures()[0]
    stack.update(network() | {"Compute": environment(PlacementGroup="lab")})
    found = described(account, "environment", compute)["computeResources"]
    assert (found["placementGroup"], "ec2KeyPair" in found) == ("lab", False)


def test_an_environment_that_replaces_itself_takes_its_queue_along(account: Account, stack: StackUnderTest) -> None:
    def resources(instance_type: str) -> dict[str, Any]:
        compute = environment(replace=True, InstanceTypes=[instance_type])
        return network() | {"Compute": compute, "Queue": queue(1, "Compute")}

    stack.create(resources("m5.large"))
    old, jobs = stack.physical("Compute"), stack.physical("Queue")
    stack.update(resources("c5.large"))
    new = stack.physical("Compute")
    assert new != old
    assert described(account, "queue", jobs)["computeEnvironmentOrder"][0]["computeEnvironment"] == new
    batch = account.client("batch")
    assert not batch.describe_compute_environments(computeEnvironments=[old])["computeEnvironments"]


@pytest.mark.parametrize(("keep", "status"), [(False, "INACTIVE"), (True, "ACTIVE")])
def test_a_job_definitions_change_is_a_new_revision(
    account: Account, stack: StackUnderTest, keep: bool, status: str
) -> None:
    def resources(command: str) -> dict[str, Any]:
        latest = resource("SSM::Parameter", Type="String", Value={"Ref": "Definition"})
        return {"Definition": definition(command, keep=keep), "Latest": latest}

    stack.create(resources("first"))
    first = stack.physical("Definition")
    stack.update(resources("second"))
    second = stack.physical("Definition")
    assert (first.rsplit(":", 1)[1], second.rsplit(":", 1)[1]) == ("1", "2")
    assert described(account, "definition", second)["containerProperties"]["command"] == ["second"]
    assert described(account, "definition", second)["timeout"] == {"attemptDurationSeconds": 120}
    assert described(account, "definition", first)["status"] == status
    stored = account.client("ssm").get_parameter(Name=stack.physical("Latest"))["Parameter"]["Value"]
    assert stored == second


def test_a_failed_update_restores_the_job_definition_and_who_names_it(account: Account, stack: StackUnderTest) -> None:
    def resources(command: str, **more: Any) -> dict[str, Any]:
        latest = resource("SSM::Parameter", Type="String", Value={"Ref": "Definition"})
        return {"Definition": definition(command), "Latest": latest, **more}

    stack.create(resources("first"))
    broken = resource("EC2::RouteTable", VpcId="vpc-00000000") | {"DependsOn": "Latest"}
    stack.try_update(resources("second", Broken=broken)).expect("UPDATE_ROLLBACK_COMPLETE")
    current = stack.physical("Definition")
    held = described(account, "definition", current)
    assert (held["status"], held["containerProperties"]["command"]) == ("ACTIVE", ["first"])
    assert account.client("ssm").get_parameter(Name=stack.physical("Latest"))["Parameter"]["Value"] == current


def test_a_member_that_batch_does_not_know_fails_with_its_path(stack: StackUnderTest) -> None:
    wrong = definition("x")
    wrong["Properties"]["ContainerProperties"]["Colour"] = "red"
    stack.try_create({"Definition": wrong}).expect("ROLLBACK_COMPLETE")
    assert (
        "The local account does not support Definition.ContainerProperties.Colour. Supported: " in (stack.failures()[0])
    )


def test_a_scheduling_policy(account: Account, stack: StackUnderTest) -> None:
    def resources(seconds: int) -> dict[str, Any]:
        share = {"ShareIdentifier": "red*", "WeightFactor": 0.5}
        policy = {"ShareDecaySeconds": seconds, "ShareDistribution": [share]}
        return {"Policy": resource("Batch::SchedulingPolicy", FairsharePolicy=policy)}

    def held() -> dict[str, Any]:
        arn = stack.physical("Policy")
        [found] = account.client("batch").describe_scheduling_policies(arns=[arn])["schedulingPolicies"]
        policy: dict[str, Any] = found["fairsharePolicy"]
        return policy

    stack.create(resources(60))
    assert held() == {"shareDecaySeconds": 60, "shareDistribution": [{"shareIdentifier": "red*", "weightFactor": 0.5}]}
    stack.update(resources(90))
    assert held()["shareDecaySeconds"] == 90


def test_a_consumable_resource(account: Account, stack: StackUnderTest) -> None:
    def resources(total: int) -> dict[str, Any]:
        licence = resource("Batch::ConsumableResource", ResourceType="REPLENISHABLE", TotalQuantity=total)
        needs = {"ConsumableResourceList": [{"ConsumableResource": {"Ref": "Licence"}, "Quantity": 2}]}
        return {"Licence": licence, "Definition": definition("a", ConsumableResourceProperties=needs)}

    stack.create(resources(3))
    arn = stack.physical("Licence")
    held = described(account, "definition", stack.physical("Definition"))["consumableResourceProperties"]
    assert held == {"consumableResourceList": [{"consumableResource": arn, "quantity": 2}]}
    stack.update(resources(5))
    assert stack.physical("Licence") == arn
    found = account.client("batch").describe_consumable_resource(consumableResource=arn)
    assert (found["resourceType"], found["totalQuantity"]) == ("REPLENISHABLE", 5)
