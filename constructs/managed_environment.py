"""A managed compute environment on EC2, on demand or Spot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_batch as batch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct


@dataclass(frozen=True, kw_only=True)
class Purchase:
    """How instances are bought. `allocation_strategy` is Batch's word; `bid_percentage` is of the on-demand price."""

    spot: bool
    allocation_strategy: str | None = None
    bid_percentage: int | None = None


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """How many vCPUs run, and how long an instance is kept after its last job (0 or 20 to 10,080 minutes)."""

    min_vcpus: int
    max_vcpus: int
    desired_vcpus: int | None = None
    scale_down_delay_minutes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Instances:
    """Which instances start, from what, and where.

    `types` are Batch's words: families, exact sizes, default classes; all of them have GPUs, or none. Of `ami_id` and
    `ami_parameter`, and of `cluster_placement` and `placement_group`, at most one is given.
    """

    types: Sequence[str]
    gpus: bool
    launch_template: ec2.LaunchTemplate
    ami_id: str | None = None
    ami_parameter: str | None = None
    cluster_placement: bool = False
    placement_group: str | None = None


@dataclass(frozen=True, kw_only=True)
class Update:
    """What happens to running jobs when an update replaces their instances (at most 7,200 minutes)."""

    timeout_minutes: int
    terminate_jobs: bool


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
        enabled: bool,
        purchase: Purchase,
        scaling: Scaling,
        instances: Instances,
        update: Update,
        vpc: ec2.IVpc,
        subnets: Sequence[ec2.ISubnet],
        security_group: ec2.ISecurityGroup,
        instance_role: iam.IRole,
        container_insights: str | None = None,
    ) -> None:
        """Make the environment. `container_insights` is DISABLED, ENABLED, ENHANCED, or None: as Batch has it."""
        super().__init__(scope, construct_id)
        image_types = batch.EcsMachineImageType
        self.environment = batch.ManagedEc2EcsComputeEnvironment(
            self,
            "Environment",
            enabled=enabled,
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=list(subnets)),
            security_groups=[security_group],
            instance_role=instance_role,
            launch_template=instances.launch_template,
            images=[
                batch.EcsMachineImage(
                    image_type=image_types.ECS_AL2023_NVIDIA if instances.gpus else image_types.ECS_AL2023
                )
            ],
            # Batch ignores this where an AMI is named.
            update_to_latest_image_version=instances.ami_id is None and instances.ami_parameter is None,
            placement_group=self._placement_group(instances),
            spot=purchase.spot,
            spot_bid_percentage=purchase.bid_percentage,
            minv_cpus=scaling.min_vcpus,
            maxv_cpus=scaling.max_vcpus,
            use_optimal_instance_classes=False,
            replace_compute_environment=False,
            terminate_on_update=update.terminate_jobs,
            update_timeout=Duration.minutes(update.timeout_minutes),
        )
        # Made after the way to the internet and deleted before it: a gateway does not go while instances use it.
        self.environment.node.add_dependency(*[subnet.internet_connectivity_established for subnet in subnets])
        # Not as an argument: the constructor parses each as an exact size and fails on a family or a class, and
        # its own list of families ends where this version of CDK does.
        for name in instances.types:
            self.environment.add_instance_type(ec2.InstanceType(name))
        self._override(purchase, scaling, instances, container_insights)

    def _placement_group(self, instances: Instances) -> ec2.IPlacementGroup | None:
        if instances.cluster_placement:
            return ec2.PlacementGroup(self, "PlacementGroup", strategy=ec2.PlacementGroupStrategy.CLUSTER)
        if instances.placement_group is None:
            return None
        return ec2.PlacementGroup.from_placement_group_name(self, "NamedPlacementGroup", instances.placement_group)

    def _ami(self, instances: Instances) -> str | None:
        if instances.ami_parameter is None:
            return instances.ami_id
        # A template parameter, which CloudFormation reads anew at every deployment; a dynamic reference is not.
        return ssm.StringParameter.value_for_typed_string_parameter_v2(
            self, instances.ami_parameter, ssm.ParameterValueType.AWS_EC2_IMAGE_ID
        )

    def _override(
        self, purchase: Purchase, scaling: Scaling, instances: Instances, container_insights: str | None
    ) -> None:
        resource = self.environment.node.default_child
        if not isinstance(resource, batch.CfnComputeEnvironment):
            raise TypeError(f"the L2's default child is {type(resource).__name__}, not CfnComputeEnvironment")
        overrides = {
            # The L2 names the template only, so Batch would stay at the version that was the default when the
            # environment was made (aws-cdk#28137): a change of the disk would never reach an instance.
            "LaunchTemplate.Version": instances.launch_template.latest_version_number,
            # The L2's list of strategies lacks those that keep to the order of the instance types.
            "AllocationStrategy": purchase.allocation_strategy,
            # The L2 has no such argument: Batch moves the number itself, and this is its initial value.
            "DesiredvCpus": scaling.desired_vcpus,
            # The L2 has no such argument.
            "ScalingPolicy.MinScaleDownDelayMinutes": scaling.scale_down_delay_minutes,
            # The L2 takes an IMachineImage, and has none for a plain id in a stack without a region.
            "Ec2Configuration.0.ImageIdOverride": self._ami(instances),
        }
        for path, value in overrides.items():
            if value is not None:
                resource.add_property_override(f"ComputeResources.{path}", value)
        if container_insights is not None:
            # The L2 has no such argument.
            resource.ecs_settings = batch.CfnComputeEnvironment.EcsSettingsProperty(
                container_insights=container_insights
            )
