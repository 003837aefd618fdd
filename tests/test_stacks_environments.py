"""What a deployment says of its compute environments, in the template."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.synthesis import properties, resources, template

OWN = {
    "type": "EC2",
    "enabled": False,
    "max_vcpus": 64,
    "instance_types": ["c7i", "m7i.4xlarge"],
    "allocation_strategy": "BEST_FIT_PROGRESSIVE_ORDERED",
    "scale_down_delay_minutes": 30,
    "availability_zones": ["us-east-1a"],
    "cluster_placement": True,
    "disk": {"size_gib": 500, "iops": 6000, "throughput_mib_per_second": 500},
    "tags": {"team": "green"},
    "container_insights": "ENHANCED",
    "update_timeout_minutes": 60,
    "terminate_jobs_on_update": True,
}
SETTINGS: dict[str, Any] = {
    "image": {"platforms": ["linux/amd64", "linux/arm64"]},
    "compute_environments": {
        "own": OWN,
        "gpu": {"type": "SPOT", "instance_types": ["g6", "g5.xlarge"], "placement_group": "lab"},
        "arm": {"type": "SPOT", "instance_types": ["default_arm64"], "ami": {"id": "ami-0123456789abcdef0"}},
        "plain": {},
    },
    "queues": {
        "default": {"compute_environments": ["own", "plain"]},
        "gpu": {"compute_environments": ["gpu"]},
        "arm": {"compute_environments": ["arm"]},
    },
}


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return template(SETTINGS, name="environments")


def environment(made: dict[str, Any], name: str) -> dict[str, Any]:
    return properties(made, "AWS::Batch::ComputeEnvironment", f"{name}Environment")


def test_every_field_of_an_environment_lands(made: dict[str, Any]) -> None:
    own = environment(made, "Own")
    compute = own["ComputeResources"]
    assert own["State"] == "DISABLED"
    assert own["EcsSettings"] == {"ContainerInsights": "ENHANCED"}
    assert own["UpdatePolicy"] == {"JobExecutionTimeoutMinutes": 60, "TerminateJobsOnUpdate": True}
    assert compute["AllocationStrategy"] == "BEST_FIT_PROGRESSIVE_ORDERED"
    assert compute["ScalingPolicy"] == {"MinScaleDownDelayMinutes": 30}
    assert sorted(compute["InstanceTypes"]) == ["c7i", "m7i.4xlarge"]
    assert len(compute["Subnets"]) == 1


def test_what_an_environment_does_not_say_is_left_to_batch(made: dict[str, Any]) -> None:
    plain = environment(made, "Plain")
    assert "EcsSettings" not in plain
    assert not {"ScalingPolicy", "PlacementGroup", "DesiredvCpus", "BidPercentage"} & set(plain["ComputeResources"])


def test_a_cluster_placement_group_is_the_environments_own_and_a_named_one_is_taken_as_it_is(
    made: dict[str, Any],
) -> None:
    (group,) = resources(made, "AWS::EC2::PlacementGroup")
    assert made["Resources"][group]["Properties"]["Strategy"] == "cluster"
    assert group in str(environment(made, "Own")["ComputeResources"]["PlacementGroup"])
    assert environment(made, "Gpu")["ComputeResources"]["PlacementGroup"] == "lab"


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("Gpu", {"ImageType": "ECS_AL2023_NVIDIA"}),
        ("Arm", {"ImageType": "ECS_AL2023", "ImageIdOverride": "ami-0123456789abcdef0"}),
        ("Plain", {"ImageType": "ECS_AL2023"}),
    ],
)
def test_the_image_suits_the_instances(made: dict[str, Any], name: str, image: dict[str, str]) -> None:
    compute = environment(made, name)["ComputeResources"]
    assert compute["Ec2Configuration"] == [image]
    assert compute["UpdateToLatestImageVersion"] is ("ImageIdOverride" not in image)


def test_an_environment_with_a_disk_or_tags_of_its_own_has_a_launch_template_of_its_own(made: dict[str, Any]) -> None:
    own = properties(made, "AWS::EC2::LaunchTemplate", "OwnInstances")["LaunchTemplateData"]
    (disk,) = own["BlockDeviceMappings"]
    assert (disk["Ebs"]["VolumeSize"], disk["Ebs"]["Iops"], disk["Ebs"]["Throughput"]) == (500, 6000, 500)
    for kind in ("instance", "volume"):
        (tags,) = [each["Tags"] for each in own["TagSpecifications"] if each["ResourceType"] == kind]
        assert {"Key": "team", "Value": "green"} in tags
    assert len(resources(made, "AWS::EC2::LaunchTemplate")) == 2
    used = {
        name: str(environment(made, name)["ComputeResources"]["LaunchTemplate"]["LaunchTemplateId"])
        for name in ("Own", "Gpu", "Arm", "Plain")
    }
    assert "OwnInstances" in used.pop("Own")
    assert len(set(used.values())) == 1
