"""A managed compute environment on EC2, on demand or Spot."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_batch as batch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct


class ManagedEnvironment(Construct):
    """A managed compute environment whose updates land in place.

    That takes: no fixed name, no service role, no BEST_FIT, replaceComputeEnvironment false, and the launch
    template's version by number (AWS Batch User Guide, "Updating compute environments").
    """

    environment: batch.ManagedEc2EcsComputeEnvironment

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        spot: bool,
        min_vcpus: int,
        max_vcpus: int,
        instance_types: Sequence[str],
        vpc: ec2.IVpc,
        subnets: Sequence[ec2.ISubnet],
        security_group: ec2.ISecurityGroup,
        instance_role: iam.IRole,
        launch_template: ec2.LaunchTemplate,
        update_timeout_minutes: int,
        desired_vcpus: int | None = None,
        allocation_strategy: str | None = None,
        bid_percentage: int | None = None,
        ami_id: str | None = None,
        ami_parameter: str | None = None,
    ) -> None:
        """Make the environment. `instance_types` are Batch's words: families, exact sizes, default classes."""
        super().__init__(scope, construct_id)
        self.environment = batch.ManagedEc2EcsComputeEnvironment(
            self,
            "Environment",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=list(subnets)),
            security_groups=[security_group],
            instance_role=instance_role,
            launch_template=launch_template,
            images=[batch.EcsMachineImage(image_type=batch.EcsMachineImageType.ECS_AL2023)],
            # Batch ignores this where an AMI is named.
            update_to_latest_image_version=ami_id is None and ami_parameter is None,
            spot=spot,
            spot_bid_percentage=bid_percentage,
            allocation_strategy=None if allocation_strategy is None else batch.AllocationStrategy[allocation_strategy],
            minv_cpus=min_vcpus,
            maxv_cpus=max_vcpus,
            use_optimal_instance_classes=False,
            replace_compute_environment=False,
            terminate_on_update=False,
            update_timeout=Duration.minutes(update_timeout_minutes),
        )
        # Made after the way to the internet and deleted before it: a gateway does not go while instances use it.
        self.environment.node.add_dependency(*[subnet.internet_connectivity_established for subnet in subnets])
        # Not as an argument: the constructor parses each as an exact size and fails on a family or a class, and
        # its own list of families ends where this version of CDK does.
        for name in instance_types:
            self.environment.add_instance_type(ec2.InstanceType(name))
        self._override(launch_template, desired_vcpus, ami_id or self._ami_of(ami_parameter))

    def _ami_of(self, parameter: str | None) -> str | None:
        if parameter is None:
            return None
        # A template parameter, which CloudFormation reads anew at every deployment; a dynamic reference is not.
        return ssm.StringParameter.value_for_typed_string_parameter_v2(
            self, parameter, ssm.ParameterValueType.AWS_EC2_IMAGE_ID
        )

    def _override(self, launch_template: ec2.LaunchTemplate, desired_vcpus: int | None, ami_id: str | None) -> None:
        resource = self.environment.node.default_child
        if not isinstance(resource, batch.CfnComputeEnvironment):
            raise TypeError(f"the L2's default child is {type(resource).__name__}, not CfnComputeEnvironment")
        # The L2 names the template only, so Batch would stay at the version that was the default when the
        # environment was made (aws-cdk#28137): a change of the disk would never reach an instance.
        resource.add_property_override("ComputeResources.LaunchTemplate.Version", launch_template.latest_version_number)
        if desired_vcpus is not None:
            # The L2 has no such argument: Batch moves the number itself, and this is its initial value.
            resource.add_property_override("ComputeResources.DesiredvCpus", desired_vcpus)
        if ami_id is not None:
            # The L2 takes an IMachineImage, and has none for a plain id in a stack without a region.
            resource.add_property_override("ComputeResources.Ec2Configuration.0.ImageIdOverride", ami_id)
