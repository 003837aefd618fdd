"""From the deployment's unmanaged compute environments to constructs.

Loaded only for a deployment that has any: the CDK's functions and Auto Scaling groups take time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_batch as batch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs.cluster_lookup import Cluster, ClusterLookup
from constructs.instance_group import InstanceGroup, Size, agent_settings, joins_cluster
from constructs.instance_template import InstanceTemplate
from constructs.job_network import JobNetwork
from constructs.machine_image import ecs_optimized, existing_image, image_of_parameter
from constructs.unmanaged_environment import BatchServiceRole, UnmanagedEnvironment
from constructs.user_data import UserDataPart

from batchyard.settings.built_images import kind_of, parameter_name
from batchyard.settings.deployment import Deployment
from batchyard.settings.instance_types import meant
from batchyard.settings.names import pascal_case
from batchyard.settings.unmanaged_environment import UnmanagedEnvironment as Settings


def unmanaged_environments(
    stack: Stack,
    *,
    deployment_name: str,
    deployment: Deployment,
    network: JobNetwork,
    instance_role: iam.IRole,
    user_data: Sequence[UserDataPart],
) -> dict[str, batch.IComputeEnvironment]:
    """Every unmanaged compute environment of a deployment, by its name, with its instances or what they need."""
    return _Unmanaged(
        stack,
        deployment_name,
        deployment,
        network,
        user_data,
        iam.InstanceProfile(stack, "InstanceProfile", role=instance_role),
        BatchServiceRole(stack, "BatchServiceRole").role,
        ClusterLookup(stack, "ClusterLookup"),
    ).environments()


@dataclass(frozen=True)
class _Unmanaged:
    stack: Stack
    deployment_name: str
    deployment: Deployment
    network: JobNetwork
    user_data: Sequence[UserDataPart]
    """What every instance of the deployment does when it boots."""
    profile: iam.InstanceProfile
    service_role: iam.Role
    lookup: ClusterLookup

    def environments(self) -> dict[str, batch.IComputeEnvironment]:
        return {name: self._environment(name, each) for name, each in self.deployment.unmanaged_environments.items()}

    def _environment(self, name: str, settings: Settings) -> batch.IComputeEnvironment:
        construct_id = f"{pascal_case(name)}Environment"
        environment = UnmanagedEnvironment(
            self.stack,
            construct_id,
            service_role=self.service_role,
            unmanaged_vcpus=settings.unmanaged_vcpus,
        ).environment
        cluster = self.lookup.cluster(construct_id, environment)
        outputs = {"ClusterArn": (cluster.arn, f"The ECS cluster of {name}, which its instances join")}
        if settings.instances == "none":
            outputs |= self._how_to_join(name, cluster)
        else:
            group = self._group(name, settings, cluster).group.auto_scaling_group_name
            outputs["AutoScalingGroup"] = (group, f"The Auto Scaling group of {name}: its size is yours to set")
        for output, (value, description) in outputs.items():
            CfnOutput(self.stack, f"{pascal_case(name)}{output}", value=value, description=description)
        return environment

    def _how_to_join(self, name: str, cluster: Cluster) -> dict[str, tuple[str, str]]:
        lines = "; ".join(agent_settings(cluster.name, spot=False))
        return {
            "InstanceProfile": (self.profile.instance_profile_arn, f"The instance profile of instances for {name}"),
            "SecurityGroup": (
                self.network.security_group.security_group_id,
                f"A security group for instances of {name}: nothing comes in",
            ),
            "AgentSettings": (lines, f"Lines (; parts them) for /etc/ecs/ecs.config on instances of {name}"),
        }

    def _group(self, name: str, settings: Settings, cluster: Cluster) -> InstanceGroup:
        disk, spot = self.deployment.disk, settings.type == "SPOT"
        template = InstanceTemplate(
            self.stack,
            f"{pascal_case(name)}Instances",
            device=disk.device,
            size_gib=disk.size_gib,
            iops=disk.iops,
            throughput_mib_per_second=disk.throughput_mib_per_second,
            user_data=[*self.user_data, joins_cluster(cluster.name, spot=spot)],
            machine_image=self._machine_image(settings),
            instance_profile=self.profile,
            security_group=self.network.security_group,
        ).template
        return InstanceGroup(
            self.stack,
            f"{pascal_case(name)}Group",
            spot=spot,
            instance_types=settings.instance_types,
            size=Size(least=settings.min_instances, most=settings.max_instances, wanted=settings.desired_instances),
            vpc=self.network.vpc,
            subnets=self.network.selection(
                subnet_ids=settings.subnet_ids, availability_zones=settings.availability_zones
            )
            or self.network.subnets,
            ways_out=self.network.ways_out,
            launch_template=template,
        )

    def _machine_image(self, settings: Settings) -> ec2.IMachineImage:
        """The deployment's, or the ECS-optimized one that suits the instance types: all of one kind, as checked."""
        ami = self.deployment.ami
        if ami.id is not None:
            return existing_image(ami.id)
        if ami.ssm_parameter is not None:
            return image_of_parameter(ami.ssm_parameter)
        if ami.build is not None:
            return image_of_parameter(parameter_name(self.deployment_name, kind_of(settings.instance_types)))
        types = [each for word in settings.instance_types for each in meant(word)]
        return ecs_optimized(
            arm64=any(each.architecture == "arm64" for each in types), gpus=any(each.gpus for each in types)
        )
