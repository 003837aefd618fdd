"""AWS::ImageBuilder in the local account: nothing is built, and what a build leaves behind is there."""

from __future__ import annotations

from typing import Any

from tests.support.local_account import Account, StackUnderTest

pytest_plugins = ["tests.support.local_account_fixtures"]


def pipeline(parameter: str, *, commands: str) -> dict[str, Any]:
    """A component, its recipe, and an image of it whose id is written to the parameter."""

    def made(kind: str, **properties: Any) -> dict[str, Any]:
        return {"Type": f"AWS::ImageBuilder::{kind}", "Properties": properties}

    def arn(name: str) -> dict[str, Any]:
        return {"Fn::GetAtt": [name, "Arn"]}

    distribution = {
        "Region": {"Ref": "AWS::Region"},
        "AmiDistributionConfiguration": {
            "Name": "mine {{ imagebuilder:buildDate }}",
            "AmiTags": {"team": "red"},
        },
        "SsmParameterConfigurations": [{"ParameterName": parameter, "DataType": "text"}],
    }
    return {
        "Component": made("Component", Name="tools", Version="1.0.0", Platform="Linux", Data=commands),
        "Recipe": made(
            "ImageRecipe",
            Name=parameter.strip("/").replace("/", "-"),
            Version="1.0.x",
            ParentImage="ssm:/base/image_id",
            Components=[{"ComponentArn": arn("Component")}],
        ),
        "Distribution": made("DistributionConfiguration", Name="d", Distributions=[distribution]),
        "Infrastructure": made("InfrastructureConfiguration", Name="i", InstanceProfileName="p"),
        "Image": made(
            "Image",
            ImageRecipeArn=arn("Recipe"),
            DistributionConfigurationArn=arn("Distribution"),
            InfrastructureConfigurationArn=arn("Infrastructure"),
        ),
    }


OUTPUTS = {"Outputs": {"Ami": {"Value": {"Fn::GetAtt": ["Image", "ImageId"]}}}}


def test_an_image_is_a_stand_in_that_its_parameter_names(account: Account, stack: StackUnderTest) -> None:
    parameter = f"/images/{stack.name}"

    def published() -> str:
        return str(account.client("ssm").get_parameter(Name=parameter)["Parameter"]["Value"])

    stack.create(pipeline(parameter, commands="one"), **OUTPUTS)
    first = published()
    assert stack.outputs() == {"Ami": first}
    [ami] = account.client("ec2").describe_images(ImageIds=[first])["Images"]
    assert ami["Name"].startswith("mine 20")
    labels = {each["Key"]: each["Value"] for each in ami["Tags"]}
    assert labels["team"] == "red"
    assert labels["Ec2ImageBuilderArn"] == stack.physical("Image")

    # What changes only the place of the build builds nothing; what is in the image does.
    changed = pipeline(parameter, commands="one")
    changed["Infrastructure"]["Properties"]["InstanceTypes"] = ["m7g.large"]
    stack.update(changed, **OUTPUTS)
    assert published() == first
    recipe = stack.physical("Recipe")
    stack.update(pipeline(parameter, commands="two"), **OUTPUTS)
    assert stack.physical("Recipe") != recipe
    second = published()
    assert second != first
    assert stack.outputs() == {"Ami": second}

    # And back: Image Builder counts up, so an old content is a new version too.
    stack.update(pipeline(parameter, commands="one"), **OUTPUTS)
    assert published() not in (first, second)
    stack.delete().expect("DELETE_COMPLETE")
    assert account.client("ec2").describe_images(ImageIds=[first, second])["Images"]


def test_an_image_of_a_recipe_that_is_not_here_says_so(stack: StackUnderTest) -> None:
    resources = pipeline("/images/none", commands="one")
    arn = "arn:aws:imagebuilder:us-east-1:123456789012:image-recipe/other/1.0.0"
    resources["Image"]["Properties"]["ImageRecipeArn"] = arn
    stack.try_create(resources).expect("ROLLBACK_COMPLETE")
    assert any(f"knows no ImageRecipeArn {arn}" in each for each in stack.failures())
