"""AWS::ImageBuilder: everything is kept; an image is a stand-in, which EC2 knows and an SSM parameter names.

Nothing is built, for no instance starts here. What a build leaves behind is there: the AMI's id, its name and tags, and
the parameters of its distribution.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from batchyard.local.account import arn
from batchyard.local.cloudformation.errors import ResourceError
from batchyard.local.cloudformation.resources import tags
from batchyard.local.cloudformation.resources.call import Call
from batchyard.local.cloudformation.resources.table import Properties, Property, ResourceType, creates, records

WHY = "the local account builds no machine images"

#: The tag by which Image Builder marks its AMIs with the image that they belong to.
SOURCE_TAG = "Ec2ImageBuilderArn"


def _versioned(call: Call, resource: str, name: str, version: str) -> str:
    """The next ARN of a name and version: Image Builder counts up the `x` of 1.0.x, and otherwise the build.

    Source: https://docs.aws.amazon.com/imagebuilder/latest/userguide/ibhow-semantic-versioning.html
    """
    path = f"{resource}/{name.lower().replace(' ', '-')}/{version}"
    number = str(call.next_number(path))
    if version.endswith(".x"):
        return arn("imagebuilder", call.region, path.removesuffix("x") + number)
    return arn("imagebuilder", call.region, f"{path}/{number}")


def _attributes(_call: Call, physical_id: str, properties: Properties) -> dict[str, Any]:
    return {"Arn": physical_id, "Name": properties.get("Name", "")}


def _kept(kind: str, resource: str, properties: dict[str, Property] | None = None) -> ResourceType:
    def create(call: Call, given: Properties) -> str:
        name = str(given.get("Name", call.generated_name()))
        if "Version" in given:
            return _versioned(call, resource, name, str(given["Version"]))
        return arn("imagebuilder", call.region, f"{resource}/{name.lower().replace(' ', '-')}")

    return ResourceType(
        f"AWS::ImageBuilder::{kind}", properties or {}, create, attributes=_attributes, recorded=WHY, tags="map"
    )


def _create_image(call: Call, properties: Properties) -> str:
    recipe = _known(call, properties, "ImageRecipeArn")
    distribution = _known(call, properties, "DistributionConfigurationArn")
    # An image has its recipe's name and version, and a build of its own.
    name, version = str(properties["ImageRecipeArn"]).split("/")[1:3]
    image = _versioned(call, "image", name, version)
    for each in distribution.get("Distributions", []):
        _publish(call, each, _register(call, recipe, each.get("AmiDistributionConfiguration", {}), image))
    return call.claim(image)


def _known(call: Call, properties: Properties, name: str) -> Properties:
    found = call.properties_of(str(properties[name]))
    if found is None:
        raise ResourceError(
            f"The local account knows no {name} {properties[name]}: it must be a resource of a stack in this account"
        )
    return found


def _register(call: Call, recipe: Properties, settings: Properties, image: str) -> str:
    ec2 = call.client("ec2")
    build = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H-%M-%S.%fZ")
    name = str(settings.get("Name", f"{recipe['Name']} {{{{ imagebuilder:buildDate }}}}"))
    made: str = ec2.register_image(
        Name=name.replace("{{ imagebuilder:buildDate }}", build),
        Description=f"A stand-in for {image}: {WHY}",
    )["ImageId"]
    labels = {**settings.get("AmiTags", {}), "CreatedBy": "EC2 Image Builder", SOURCE_TAG: image}
    ec2.create_tags(Resources=[made], Tags=tags.as_list(labels))
    return made


def _publish(call: Call, distribution: Properties, ami: str) -> None:
    for each in distribution.get("SsmParameterConfigurations", []):
        call.client("ssm").put_parameter(
            Name=each["ParameterName"],
            Value=ami,
            Type="String",
            DataType=each.get("DataType", "text"),
            Overwrite=True,
        )


def _image_attributes(call: Call, image: str, properties: Properties) -> dict[str, Any]:
    found = call.client("ec2").describe_images(Filters=[{"Name": f"tag:{SOURCE_TAG}", "Values": [image]}])["Images"]
    recipe = call.properties_of(str(properties["ImageRecipeArn"])) or {}
    return {"Arn": image, "Name": recipe.get("Name", ""), "ImageId": found[0]["ImageId"] if found else ""}


IMAGE = ResourceType(
    "AWS::ImageBuilder::Image",
    properties=creates("RegisterImage", "ImageRecipeArn")
    | creates("PutParameter", "DistributionConfigurationArn")
    | records(WHY, "InfrastructureConfigurationArn", "ImageTestsConfiguration", "Tags", replaces=True)
    | records(WHY, "EnhancedImageMetadataEnabled", "Workflows", "ImageScanningConfiguration", replaces=True)
    | records(WHY, "ExecutionRole", "LoggingConfiguration"),
    # As in AWS, the AMI and the parameter outlive the image.
    create=_create_image,
    attributes=_image_attributes,
    inert="a stand-in AMI is registered and its parameter written, but nothing is built",
    required=frozenset({"ImageRecipeArn", "DistributionConfigurationArn"}),
    tags="map",
)

TYPES = (
    IMAGE,
    _kept(
        "Component",
        "component",
        records(WHY, "ChangeDescription", "Data", "Description", "KmsKeyId", "Name", "Platform", replaces=True)
        | records(WHY, "SupportedOsVersions", "Tags", "Uri", "Version", replaces=True),
    ),
    _kept("ContainerRecipe", "container-recipe"),
    _kept("DistributionConfiguration", "distribution-configuration"),
    _kept("ImagePipeline", "image-pipeline"),
    _kept(
        "ImageRecipe",
        "image-recipe",
        records(WHY, "AdditionalInstanceConfiguration", "AmiTags", "BlockDeviceMappings", "Components", replaces=True)
        | records(WHY, "Description", "Name", "ParentImage", "Tags", "Version", "WorkingDirectory", replaces=True),
    ),
    _kept("InfrastructureConfiguration", "infrastructure-configuration"),
    _kept("LifecyclePolicy", "lifecycle-policy"),
)
