"""AWS::AutoScaling::AutoScalingGroup on the local account, by what Auto Scaling describes of it and its instances."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_account import Account, StackUnderTest

pytest_plugins = ["tests.support.local_account_fixtures"]

KEEPS_SIZES = {"AutoScalingScheduledAction": {"IgnoreUnmodifiedGroupSizeProperties": True}}


def resources(*, policy: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    """A group of at most four protected instances, and the launch template that they start from."""
    named = {"LaunchTemplateId": {"Ref": "Template"}, "Version": {"Fn::GetAtt": ["Template", "LatestVersionNumber"]}}
    settings = {
        "MinSize": "0",
        "MaxSize": "4",
        "AvailabilityZones": ["us-east-1a"],
        "NewInstancesProtectedFromScaleIn": True,
        "LaunchTemplate": named,
    }
    group = {"Type": "AWS::AutoScaling::AutoScalingGroup", "Properties": {**settings, **properties}}
    data = {"ImageId": "ami-12c6146b", "InstanceType": "m6i.xlarge"}
    return {
        "Template": {"Type": "AWS::EC2::LaunchTemplate", "Properties": {"LaunchTemplateData": data}},
        "Group": {**group, "UpdatePolicy": policy or KEEPS_SIZES},
    }


def described(account: Account, name: str) -> Any:
    (found,) = account.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
        "AutoScalingGroups"
    ]
    return found


def test_a_size_that_its_user_set_outlives_an_update_of_the_others(account: Account, stack: StackUnderTest) -> None:
    name = stack.create(resources()).physical("Group")
    account.client("autoscaling").set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=2)
    before = {each["InstanceId"] for each in described(account, name)["Instances"]}
    label = {"Key": "team", "Value": "red", "PropagateAtLaunch": True}
    assert stack.update(resources(MaxSize="6", Tags=[label])).physical("Group") == name
    group = described(account, name)
    assert (group["MinSize"], group["MaxSize"], group["DesiredCapacity"]) == (0, 6, 2)
    assert {each["InstanceId"] for each in group["Instances"]} == before
    assert len(before) == 2
    assert [(each["Key"], each["Value"]) for each in group["Tags"]] == [("team", "red")]
    stack.update(resources(MaxSize="6", DesiredCapacity="3"))
    group = described(account, name)
    assert (group["DesiredCapacity"], len(group["Instances"]), group["Tags"]) == (3, 3, [])
    assert before < {each["InstanceId"] for each in group["Instances"]}


def test_a_group_is_not_deleted_under_protected_instances(account: Account, stack: StackUnderTest) -> None:
    name = stack.create(resources(DesiredCapacity="1")).physical("Group")
    client = account.client("autoscaling")
    (instance,) = described(account, name)["Instances"]
    left = stack.delete()
    assert left.describe()["StackStatus"] == "DELETE_FAILED"
    (reason, *_) = left.failures()
    assert "protected from scale-in" in reason
    assert instance["InstanceId"] in reason
    assert described(account, name)["Instances"] == [instance]
    client.set_instance_protection(
        AutoScalingGroupName=name, InstanceIds=[instance["InstanceId"]], ProtectedFromScaleIn=False
    )
    stack.delete().expect("DELETE_COMPLETE")
    assert client.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"] == []


def test_an_update_that_drops_a_group_leaves_its_protected_instances_behind_in_no_stack(
    account: Account, stack: StackUnderTest
) -> None:
    """CloudFormation User Guide, "Troubleshooting": resource removed from stack but not deleted."""
    made = resources(DesiredCapacity="1")
    name = stack.create(made).physical("Group")
    stack.update({"Template": made["Template"]}).expect("UPDATE_COMPLETE")
    assert ("Group", "DELETE_FAILED") in stack.events()
    stack.delete().expect("DELETE_COMPLETE")
    assert len(described(account, name)["Instances"]) == 1
    # What docs/unmanaged.md says then.
    client = account.client("autoscaling")
    client.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    assert client.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"] == []


@pytest.mark.parametrize(
    "policy", [{"AutoScalingRollingUpdate": {}}, {"AutoScalingReplacingUpdate": {"WillReplace": True}}]
)
def test_an_update_policy_that_ends_instances_is_refused(
    account: Account, stack: StackUnderTest, policy: dict[str, Any]
) -> None:
    with pytest.raises(stack.api.exceptions.ClientError, match="does not support the UpdatePolicy of resource Group"):
        stack.create(resources(policy=policy))
