"""The stack of the machine images that a deployment builds, and what the platform makes of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest
from ruamel.yaml import YAML

from batchyard.settings.load import load_named
from batchyard.toolchain import ROOT
from tests.support.synthesis import default_template, deployment_templates, platform, properties, resources, templates

GRAVITON = {"type": "SPOT", "min_vcpus": 0, "max_vcpus": 16, "instance_types": ["default_arm64"]}
ENVIRONMENTS = {"spot": {**GRAVITON, "instance_types": ["default_x86_64"]}, "graviton": GRAVITON}
SETTINGS = {
    "ami": {"build": {"commands": ["echo one", "false"]}},
    "compute_environments": ENVIRONMENTS,
    "queues": {
        "default": {"compute_environments": ["spot"], "priority": 1},
        "graviton": {"compute_environments": ["graviton"], "priority": 1},
    },
    "tags": {"team": "red"},
}
IMAGE_RECIPE = "AWS::ImageBuilder::ImageRecipe"
BASES = "/aws/service/ecs/optimized-ami/amazon-linux-2023"


@pytest.fixture(scope="module")
def both() -> dict[str, dict[str, Any]]:
    return templates(SETTINGS)


@pytest.fixture(scope="module")
def images(both: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return both["BatchyardAmi-default"]


def builder(made: dict[str, Any], kind: str, part: str = "") -> dict[str, Any]:
    return properties(made, f"AWS::ImageBuilder::{kind}", part)


def test_only_a_deployment_that_builds_an_image_has_the_stack() -> None:
    assert list(templates({})) == ["Batchyard-default"]
    code = (
        "import app, sys; app.main();"
        "print(*sorted({'aws_cdk.aws_imagebuilder', 'aws_cdk.aws_budgets'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == ""


def test_the_platform_waits_for_the_images() -> None:
    stack = platform(SETTINGS)
    assert [each.stack_name for each in stack.dependencies] == ["BatchyardAmi-default"]


@pytest.mark.parametrize(("environment", "kind"), [("Spot", "x86_64"), ("Graviton", "arm64")])
def test_an_environment_reads_the_parameter_that_its_image_is_published_to(
    both: dict[str, dict[str, Any]], environment: str, kind: str
) -> None:
    made, images = both["Batchyard-default"], both["BatchyardAmi-default"]
    (distribution,) = builder(images, "DistributionConfiguration", kind.title().replace("_", ""))["Distributions"]
    (published,) = distribution["SsmParameterConfigurations"]
    assert published["DataType"] == "aws:ec2:image"
    (used,) = properties(made, "AWS::Batch::ComputeEnvironment", environment)["ComputeResources"]["Ec2Configuration"]
    parameter = made["Parameters"][used["ImageIdOverride"]["Ref"]]
    assert parameter["Type"] == "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"
    assert parameter["Default"] == published["ParameterName"] == f"/imagebuilder/batchyard/default/{kind}"


@pytest.mark.parametrize(("part", "base"), [("X8664", f"{BASES}/recommended"), ("Arm64", f"{BASES}/arm64/recommended")])
def test_an_image_starts_from_the_ecs_optimized_one_with_a_large_encrypted_disk(
    images: dict[str, Any], part: str, base: str
) -> None:
    recipe = builder(images, "ImageRecipe", part)
    assert recipe["ParentImage"] == f"ssm:{base}/image_id"
    assert recipe["BlockDeviceMappings"] == [
        {
            "DeviceName": "/dev/xvda",
            "Ebs": {"VolumeSize": 200, "VolumeType": "gp3", "Encrypted": True, "DeleteOnTermination": True},
        }
    ]
    # Image Builder counts up: a fixed version could be made only once.
    assert recipe["Version"] == "1.0.x"
    names = [each["ComponentArn"]["Fn::GetAtt"][0] for each in recipe["Components"]]
    assert [images["Resources"][each]["Properties"]["Name"] for each in names] == [
        f"batchyard-default-{each}" for each in ("aws-cli", "runner", "commands", "container-instance")
    ]


def test_the_parameters_of_a_recipe_are_those_of_its_components(images: dict[str, Any]) -> None:
    for each in builder(images, "ImageRecipe", "X8664")["Components"]:
        data = images["Resources"][each["ComponentArn"]["Fn::GetAtt"][0]]["Properties"]["Data"]
        taken = {name for entry in YAML(typ="safe").load(data).get("parameters", []) for name in entry}
        assert {entry["Name"] for entry in each.get("Parameters", [])} == taken
        assert len(data) <= 16_000


def test_the_commands_are_steps_that_stop_at_the_first_failure(images: dict[str, Any]) -> None:
    document = json.loads(builder(images, "Component", "Commands")["Data"])
    (phase,) = document["phases"]
    assert [each["inputs"]["commands"] for each in phase["steps"]] == [
        ["set -eo pipefail\necho one"],
        ["set -eo pipefail\nfalse"],
    ]


def test_the_build_machine_may_read_the_runner_and_nothing_else(images: dict[str, Any]) -> None:
    role = properties(images, "AWS::IAM::Role", "MachineRole")
    assert [json.dumps(each).rpartition("policy/")[2].rstrip('"}]') for each in role["ManagedPolicyArns"]] == [
        "EC2InstanceProfileForImageBuilder",
        "AmazonSSMManagedInstanceCore",
    ]
    (statement,) = properties(images, "AWS::IAM::Policy", "MachineRole")["PolicyDocument"]["Statement"]
    assert statement["Action"] == "s3:GetObject"
    assert statement["Resource"].startswith("arn:aws:s3:::cdk-")
    assert statement["Resource"].endswith(".sh")
    infrastructure = builder(images, "InfrastructureConfiguration", "X8664")
    assert infrastructure["InstanceMetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}
    assert infrastructure["TerminateInstanceOnFailure"] is True
    assert "SecurityGroupIngress" not in properties(images, "AWS::EC2::SecurityGroup")


def test_unmanaged_instances_start_from_the_built_image_too() -> None:
    nodes = {"nodes": {"instance_types": ["m7g.large"]}, "lab": {"instances": "none", "instance_types": ["g5.xlarge"]}}
    both = templates({"ami": {"build": {}}, "unmanaged_environments": nodes})
    assert {each["Properties"]["Name"] for each in resources(both["BatchyardAmi-default"], IMAGE_RECIPE).values()} == {
        "batchyard-default-x86_64",
        "batchyard-default-arm64",
    }
    data = properties(both["Batchyard-default"], "AWS::EC2::LaunchTemplate", "Nodes")["LaunchTemplateData"]
    assert "imagebuilderbatchyarddefaultarm64" in json.dumps(data["ImageId"])


def test_a_subnet_of_ones_own_needs_no_network() -> None:
    build = {"subnet_id": "subnet-12345678", "security_group_id": "sg-12345678"}
    images = templates({"ami": {"build": build}})["BatchyardAmi-default"]
    assert resources(images, "AWS::EC2::VPC") == {}
    infrastructure = builder(images, "InfrastructureConfiguration")
    assert (infrastructure["SubnetId"], infrastructure["SecurityGroupIds"]) == ("subnet-12345678", ["sg-12345678"])


def test_what_an_image_was_made_from_is_kept_and_old_images_go(images: dict[str, Any]) -> None:
    for kind in ("Component", "ImageRecipe", "Image"):
        for each in resources(images, f"AWS::ImageBuilder::{kind}").values():
            assert (each["UpdateReplacePolicy"], each["DeletionPolicy"]) == ("Retain", "RetainExceptOnCreate")
    policy = builder(images, "LifecyclePolicy", "X8664")
    recipe = {"Name": builder(images, "ImageRecipe", "X8664")["Name"], "SemanticVersion": "x.x.x"}
    assert policy["ResourceSelection"] == {"Recipes": [recipe]}
    (detail,) = policy["PolicyDetails"]
    assert detail["Filter"] == {"Type": "COUNT", "Value": 5}


def test_the_images_bear_the_deployments_tags(images: dict[str, Any]) -> None:
    labels = {"batchyard:deployment": "default", "team": "red"}
    (distribution,) = builder(images, "DistributionConfiguration", "X8664")["Distributions"]
    assert distribution["AmiDistributionConfiguration"]["AmiTags"] == labels
    assert builder(images, "InfrastructureConfiguration", "X8664")["ResourceTags"] == labels
    # A changed tag would build a new image.
    assert builder(images, "Image", "X8664")["Tags"] == {"batchyard:deployment": "default"}


def test_without_schedule_runner_and_cli_little_is_left() -> None:
    build = {"schedule": None, "runner": False, "aws_cli_prefix": None}
    both = templates({"ami": {"build": build}})
    images = both["BatchyardAmi-default"]
    assert "Schedule" not in builder(images, "ImagePipeline")
    assert [each["Properties"]["Name"] for each in resources(images, "AWS::ImageBuilder::Component").values()] == [
        "batchyard-default-container-instance"
    ]
    assert resources(images, "AWS::IAM::Policy") == {}
    assert "AwsCliPath" not in both["Batchyard-default"]["Outputs"]


def test_the_path_of_the_cli_is_an_output() -> None:
    made = templates({"ami": {"build": {"aws_cli_prefix": "/opt/tools/aws"}}})["Batchyard-default"]
    assert made["Outputs"]["AwsCliPath"]["Value"] == "/opt/tools/aws/bin/aws"
    assert "AwsCliPath" not in default_template()["Outputs"]


def test_what_nextflow_is_told_is_what_the_genomics_deployment_has() -> None:
    deployment = load_named("genomics")
    page = (ROOT / "docs" / "nextflow.md").read_text()
    made = deployment_templates("genomics")["Batchyard-genomics"]
    assert f"cliPath = '{made['Outputs']['AwsCliPath']['Value']}'" in page
    (prefix,) = deployment.storage.scratch_prefixes
    assert f"s3://JobBucket/{prefix}work" in page
    assert f"after {deployment.storage.scratch_prefixes[prefix]} days" in page.replace("\n", " ")
    for name in re.findall(r"'(\w+Arn)'", page):
        assert name in made["Outputs"]
