"""A machine image: built at each deployment that changes it, built anew on a schedule, published as a parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_imagebuilder as imagebuilder
from aws_cdk import aws_logs as logs
from constructs import Construct
from constructs.ami_build_machine import AmiBuildMachine

#: Image Builder puts the next number in the place of the x (docs/adr/0072).
RECIPE_VERSION = "1.0.x"

#: An image that instances started from so lately is in use, however old it is.
IN_USE_DAYS = 90

#: The least that Image Builder takes (API reference, ImageTestsConfiguration).
TEST_MINUTES = 60


@dataclass(frozen=True)
class Ingredient:
    """A component in a recipe, and its parameters."""

    component_arn: str
    parameters: Mapping[str, str] = field(default_factory=dict)


class AmiPipeline(Construct):
    """A recipe, the image that a deployment builds of it, and the pipeline that builds more of them.

    Recipe and image are kept when they are replaced or the stack goes: only what Image Builder still knows can its
    lifecycle policy delete, and nothing that an image was made from can be deleted before it.
    """

    image: imagebuilder.CfnImage

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        base_parameter: str,
        ingredients: Sequence[Ingredient],
        root_device: str,
        root_gib: int,
        machine: AmiBuildMachine,
        instance_types: Sequence[str],
        parameter_name: str,
        tags: Mapping[str, str],
        schedule: str | None,
        keep_images: int,
        lifecycle_role: iam.IRole,
    ) -> None:
        """Make them.

        `base_parameter` and `parameter_name` are SSM parameters: of the image to start from, read at each build, and of
        the one that was built. Image Builder may write parameters below /imagebuilder/ only, unless it gets a role.
        `tags` are those of the images and of the instances that build them.
        """
        super().__init__(scope, construct_id)
        self._name = name
        recipe = self._recipe(base_parameter, ingredients, root_device, root_gib)
        infrastructure = self._infrastructure(machine, instance_types, tags)
        distribution = self._distribution(parameter_name, tags)
        log_group = logs.LogGroup(
            self,
            "LogGroup",
            # The name that Image Builder would make it under, without a retention; others it may not write to.
            log_group_name=f"/aws/imagebuilder/{name}",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.image = imagebuilder.CfnImage(
            self,
            "Image",
            image_recipe_arn=recipe.attr_arn,
            infrastructure_configuration_arn=infrastructure.attr_arn,
            distribution_configuration_arn=distribution.attr_arn,
            image_tests_configuration=imagebuilder.CfnImage.ImageTestsConfigurationProperty(
                image_tests_enabled=True, timeout_minutes=TEST_MINUTES
            ),
            logging_configuration=imagebuilder.CfnImage.ImageLoggingConfigurationProperty(
                log_group_name=log_group.log_group_name
            ),
        )
        self.image.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        # The way out of the network and what the role may read are there before anything is built.
        self.image.node.add_dependency(machine)
        imagebuilder.CfnImagePipeline(
            self,
            "Pipeline",
            name=name,
            description="Builds the machine image anew",
            image_recipe_arn=recipe.attr_arn,
            infrastructure_configuration_arn=infrastructure.attr_arn,
            distribution_configuration_arn=distribution.attr_arn,
            image_tests_configuration=imagebuilder.CfnImagePipeline.ImageTestsConfigurationProperty(
                image_tests_enabled=True, timeout_minutes=TEST_MINUTES
            ),
            logging_configuration=imagebuilder.CfnImagePipeline.PipelineLoggingConfigurationProperty(
                image_log_group_name=log_group.log_group_name, pipeline_log_group_name=log_group.log_group_name
            ),
            schedule=None
            if schedule is None
            else imagebuilder.CfnImagePipeline.ScheduleProperty(
                schedule_expression=schedule,
                # The other condition looks at versions of Image Builder's own images, and the base is none.
                pipeline_execution_start_condition="EXPRESSION_MATCH_ONLY",
            ),
        )
        self._lifecycle(keep_images, lifecycle_role)

    def _recipe(
        self, base_parameter: str, ingredients: Sequence[Ingredient], root_device: str, root_gib: int
    ) -> imagebuilder.CfnImageRecipe:
        recipe = imagebuilder.CfnImageRecipe(
            self,
            "Recipe",
            name=self._name,
            version=RECIPE_VERSION,
            parent_image=f"ssm:{base_parameter}",
            components=[
                imagebuilder.CfnImageRecipe.ComponentConfigurationProperty(
                    component_arn=each.component_arn,
                    parameters=[
                        imagebuilder.CfnImageRecipe.ComponentParameterProperty(name=name, value=[value])
                        for name, value in each.parameters.items()
                    ]
                    or None,
                )
                for each in ingredients
            ],
            block_device_mappings=[
                imagebuilder.CfnImageRecipe.InstanceBlockDeviceMappingProperty(
                    device_name=root_device,
                    ebs=imagebuilder.CfnImageRecipe.EbsInstanceBlockDeviceSpecificationProperty(
                        volume_size=root_gib, volume_type="gp3", encrypted=True, delete_on_termination=True
                    ),
                )
            ],
        )
        recipe.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        return recipe

    def _infrastructure(
        self, machine: AmiBuildMachine, instance_types: Sequence[str], tags: Mapping[str, str]
    ) -> imagebuilder.CfnInfrastructureConfiguration:
        return imagebuilder.CfnInfrastructureConfiguration(
            self,
            "Infrastructure",
            name=self._name,
            instance_profile_name=machine.instance_profile.ref,
            instance_types=list(instance_types),
            subnet_id=machine.subnet_id,
            security_group_ids=None if machine.security_group_ids is None else list(machine.security_group_ids),
            instance_metadata_options=imagebuilder.CfnInfrastructureConfiguration.InstanceMetadataOptionsProperty(
                http_tokens="required", http_put_response_hop_limit=1
            ),
            terminate_instance_on_failure=True,
            resource_tags=dict(tags),
        )

    def _distribution(self, parameter_name: str, tags: Mapping[str, str]) -> imagebuilder.CfnDistributionConfiguration:
        kind = imagebuilder.CfnDistributionConfiguration
        return kind(
            self,
            "Distribution",
            name=self._name,
            distributions=[
                kind.DistributionProperty(
                    region=Stack.of(self).region,
                    # As CloudFormation spells it: this property takes any JSON, so the CDK translates nothing in it.
                    ami_distribution_configuration={
                        "Name": f"{self._name}-{{{{ imagebuilder:buildDate }}}}",
                        "AmiTags": dict(tags),
                    },
                    ssm_parameter_configurations=[
                        kind.SsmParameterConfigurationProperty(parameter_name=parameter_name, data_type="aws:ec2:image")
                    ],
                )
            ],
        )

    def _lifecycle(self, keep_images: int, role: iam.IRole) -> None:
        kind = imagebuilder.CfnLifecyclePolicy
        kind(
            self,
            "Lifecycle",
            name=self._name,
            resource_type="AMI_IMAGE",
            execution_role=role.role_arn,
            resource_selection=kind.ResourceSelectionProperty(
                recipes=[kind.RecipeSelectionProperty(name=self._name, semantic_version="x.x.x")]
            ),
            policy_details=[
                kind.PolicyDetailProperty(
                    action=kind.ActionProperty(
                        type="DELETE", include_resources=kind.IncludeResourcesProperty(amis=True, snapshots=True)
                    ),
                    filter=kind.FilterProperty(type="COUNT", value=keep_images),
                    exclusion_rules=kind.ExclusionRulesProperty(
                        amis=kind.AmiExclusionRulesProperty(
                            last_launched=kind.LastLaunchedProperty(unit="DAYS", value=IN_USE_DAYS)
                        )
                    ),
                )
            ],
        )
