"""Unmanaged compute environments in the template: who may do what, which instances join which cluster."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.synthesis import default_template, properties, resources, template

NODES = {"instance_types": ["m6i.xlarge", "m5.xlarge"], "max_instances": 3}
SETTINGS: dict[str, Any] = {
    "compute_environments": {},
    "unmanaged_environments": {
        "nodes": NODES,
        "cheap": {**NODES, "type": "SPOT", "desired_instances": 2, "instance_types": ["c7g.large"]},
        "lab": {"instances": "none", "unmanaged_vcpus": 64},
    },
    "queues": {"default": {"compute_environments": ["nodes", "cheap", "lab"]}},
}


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return template(SETTINGS, name="unmanaged")


def user_data(made: dict[str, Any], part: str) -> str:
    """A launch template's user data with every part in plain text, as CloudFormation joins and decodes it."""
    data = properties(made, "AWS::EC2::LaunchTemplate", part)["LaunchTemplateData"]["UserData"]
    return json.dumps(data)


def test_an_unmanaged_environment_names_its_service_role_and_no_resources(made: dict[str, Any]) -> None:
    found = properties(made, "AWS::Batch::ComputeEnvironment", "LabEnvironment")
    (role,) = [key for key in resources(made, "AWS::IAM::Role") if key.startswith("BatchServiceRole")]
    assert (found["Type"].lower(), found["UnmanagedvCpus"]) == ("unmanaged", 64)
    assert found["ServiceRole"] == {"Fn::GetAtt": [role, "Arn"]}
    assert "ComputeResources" not in found
    assert "ComputeEnvironmentName" not in found
    trust = made["Resources"][role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert [each["Principal"] for each in trust] == [{"Service": "batch.amazonaws.com"}]


def test_each_environments_cluster_is_asked_for_by_one_function_that_may_do_nothing_else(made: dict[str, Any]) -> None:
    asked = resources(made, "Custom::EcsCluster")
    assert len(asked) == 3
    environments = {json.dumps(each["Properties"]["ComputeEnvironment"]) for each in asked.values()}
    assert environments == {
        json.dumps({"Fn::GetAtt": [key, "ComputeEnvironmentArn"]})
        for key in resources(made, "AWS::Batch::ComputeEnvironment")
    }
    (function,) = resources(made, "AWS::Lambda::Function").values()
    assert "ZipFile" in function["Properties"]["Code"]
    (policy,) = [
        each["Properties"]
        for key, each in resources(made, "AWS::IAM::Policy").items()
        if key.startswith("ClusterLookupAskingRole")
    ]
    actions = {
        action
        for statement in policy["PolicyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert actions == {"batch:DescribeComputeEnvironments", "logs:CreateLogStream", "logs:PutLogEvents"}


@pytest.mark.parametrize(
    ("part", "on_demand", "sizes"),
    [("NodesGroup", 100, ("0", "3", None)), ("CheapGroup", 0, ("0", "3", "2"))],
)
def test_a_group_has_the_size_that_the_file_says(
    made: dict[str, Any], part: str, on_demand: int, sizes: tuple[str, str, str | None]
) -> None:
    group = properties(made, "AWS::AutoScaling::AutoScalingGroup", part)
    assert (group["MinSize"], group["MaxSize"], group.get("DesiredCapacity")) == sizes
    distribution = group["MixedInstancesPolicy"]["InstancesDistribution"]
    assert distribution["OnDemandPercentageAboveBaseCapacity"] == on_demand
    assert distribution["OnDemandBaseCapacity"] == 0


def test_nothing_ends_an_instance_that_may_run_a_job(made: dict[str, Any]) -> None:
    for group in resources(made, "AWS::AutoScaling::AutoScalingGroup").values():
        assert group["UpdatePolicy"] == {"AutoScalingScheduledAction": {"IgnoreUnmodifiedGroupSizeProperties": True}}
        assert group["Properties"].get("CapacityRebalance", False) is False
        assert group["Properties"]["NewInstancesProtectedFromScaleIn"] is True


def test_instances_of_a_group_are_as_those_of_managed_environments(made: dict[str, Any]) -> None:
    managed = properties(default_template(), "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    own = properties(made, "AWS::EC2::LaunchTemplate", "NodesInstances")["LaunchTemplateData"]
    for same in ("BlockDeviceMappings", "MetadataOptions"):
        assert own[same] == managed[same]
    (profile,) = resources(made, "AWS::IAM::InstanceProfile")
    assert own["IamInstanceProfile"] == {"Arn": {"Fn::GetAtt": [profile, "Arn"]}}


def test_instances_join_the_cluster_of_their_own_environment(made: dict[str, Any]) -> None:
    for part in ("Nodes", "Cheap"):
        (cluster,) = [key for key in resources(made, "Custom::EcsCluster") if f"{part}Environment" in key]
        data = user_data(made, f"{part}Instances")
        assert "ECS_CLUSTER=" in data
        assert json.dumps({"Fn::GetAtt": [cluster, "ClusterName"]}) in data
    assert "ECS_ENABLE_SPOT_INSTANCE_DRAINING=true" in user_data(made, "CheapInstances")
    assert "SPOT" not in user_data(made, "NodesInstances")


def test_the_machine_image_suits_the_processor(made: dict[str, Any]) -> None:
    parameters = {key: each.get("Default", "") for key, each in made["Parameters"].items()}
    for part, path in (("Nodes", "amazon-linux-2023/recommended"), ("Cheap", "amazon-linux-2023/arm64/recommended")):
        image = properties(made, "AWS::EC2::LaunchTemplate", f"{part}Instances")["LaunchTemplateData"]["ImageId"]
        assert path in parameters[image["Ref"]]


def test_the_outputs_say_how_ones_own_instances_join(made: dict[str, Any]) -> None:
    outputs = {key for key in made["Outputs"] if key.startswith("Lab") and "Queue" not in key}
    assert outputs == {"LabClusterArn", "LabInstanceProfile", "LabSecurityGroup", "LabAgentSettings"}
    assert "ECS_CLUSTER=" in json.dumps(made["Outputs"]["LabAgentSettings"])
