"""An Auto Scaling group whose instances join an ECS cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from constructs import Construct, IDependable
from constructs.acknowledged import acknowledge, acknowledge_warning
from constructs.user_data import UserDataPart, shell


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many instances: at the least, at the most, and wanted (None: at the least, then what its user sets)."""

    least: int
    most: int
    wanted: int | None = None


def joins_cluster(name: str, *, spot: bool) -> UserDataPart:
    """Tell the ECS agent which cluster it belongs to (Batch User Guide, "Unmanaged compute environments")."""
    return shell(*(f"echo {line} >> /etc/ecs/ecs.config" for line in agent_settings(name, spot=spot)))


def agent_settings(cluster: str, *, spot: bool) -> list[str]:
    """Lines of /etc/ecs/ecs.config (ECS Developer Guide, "Amazon ECS container agent configuration")."""
    return [
        f"ECS_CLUSTER={cluster}",
        # Jobs write their logs with the execution role, as on instances that Batch starts.
        "ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE=true",
        # In the two minutes before a Spot instance is taken nothing new is placed on it.
        *(["ECS_ENABLE_SPOT_INSTANCE_DRAINING=true"] if spot else []),
    ]


class InstanceGroup(Construct):
    """The group. A change of its launch template is for new instances: those that run, and their jobs, stay.

    So there is no update policy that replaces instances, and the group may not choose one to end (docs/adr/0067).
    Sizes that a deployment does not change are left as they are.
    """

    group: autoscaling.AutoScalingGroup

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        spot: bool,
        instance_types: Sequence[str],
        size: Size,
        vpc: ec2.IVpc,
        subnets: Sequence[ec2.ISubnet],
        ways_out: Sequence[IDependable],
        launch_template: ec2.LaunchTemplate,
    ) -> None:
        super().__init__(scope, construct_id)
        self.group = autoscaling.AutoScalingGroup(
            self,
            "Group",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=list(subnets)),
            min_capacity=size.least,
            max_capacity=size.most,
            desired_capacity=size.wanted,
            ignore_unmodified_size_properties=True,
            # It would end instances that still run jobs, and ECS hears nothing of it.
            capacity_rebalance=False,
            # So would the balancing of zones, and a size or a list of zones that becomes smaller.
            new_instances_protected_from_scale_in=True,
            mixed_instances_policy=autoscaling.MixedInstancesPolicy(
                launch_template=launch_template,
                launch_template_overrides=[
                    autoscaling.LaunchTemplateOverrides(instance_type=ec2.InstanceType(name)) for name in instance_types
                ],
                instances_distribution=autoscaling.InstancesDistribution(
                    on_demand_base_capacity=0,
                    on_demand_percentage_above_base_capacity=0 if spot else 100,
                    on_demand_allocation_strategy=autoscaling.OnDemandAllocationStrategy.PRIORITIZED,
                    spot_allocation_strategy=autoscaling.SpotAllocationStrategy.PRICE_CAPACITY_OPTIMIZED,
                ),
            ),
        )
        if size.wanted is not None:
            acknowledge_warning(
                self.group, "aws-autoscaling:desiredCapacitySet", "The settings say what a size in the file does."
            )
        acknowledge(
            self.group,
            "AS3",
            "The group does not scale by itself: whoever changes its size knows it.",
        )
        acknowledge(
            self.group,
            "EC26",
            "The rule cannot follow a mixed instances policy to its launch template, whose disk is encrypted (tested).",
        )
        # Instances reach ECS from their first minute to their last.
        self.group.node.add_dependency(*[subnet.internet_connectivity_established for subnet in subnets], *ways_out)
