"""From the deployment's compute environments to constructs: launch templates, environments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from aws_cdk import Stack, Tags
from aws_cdk import aws_batch as batch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct
from constructs.instance_role import InstanceRole
from constructs.instance_template import InstanceTemplate
from constructs.job_network import JobNetwork
from constructs.managed_environment import Instances, ManagedEnvironment, Purchase, Scaling, Update
from constructs.user_data import UserDataPart, instance_store, scratch_folder

from batchyard.settings.built_images import kind_of, parameter_name
from batchyard.settings.compute_environment import ComputeEnvironment
from batchyard.settings.deployment import Deployment
from batchyard.settings.disk import Disk
from batchyard.settings.instances import have_gpus
from batchyard.settings.names import pascal_case

#: The launch template of all environments that say nothing of their own about disk and tags.
SHARED = "Instances"


def environments(
    scope: Stack,
    *,
    deployment_name: str,
    deployment: Deployment,
    network: JobNetwork,
    s5cmd: Callable[[str], Path],
) -> dict[str, batch.IComputeEnvironment]:
    """Every compute environment of a deployment, managed and unmanaged, by its name.

    `s5cmd` finds the S3 client of an architecture, for instances that bring the runner.
    """
    role = InstanceRole(scope, "InstanceRole").role
    boot, needed = [scratch_folder()], list(network.ways_out)
    if deployment.image.mount_runner:
        from stacks.mounted_runner import mounted_runner  # assets take time to import, and few deployments have any

        runner = mounted_runner(scope, "MountedRunner", deployment=deployment, role=role, s5cmd=s5cmd)
        boot.append(runner.user_data)
        needed.append(runner.permission)
    made = _managed(scope, deployment_name, deployment, network, role, boot)
    if deployment.unmanaged_environments:
        from stacks.unmanaged import unmanaged_environments  # so do functions and Auto Scaling groups

        made |= unmanaged_environments(
            scope,
            deployment_name=deployment_name,
            deployment=deployment,
            network=network,
            instance_role=role,
            user_data=user_data(deployment.disk, boot),
        )
    for environment in made.values() if needed else ():
        environment.node.add_dependency(*needed)
    return made


def _managed(
    scope: Construct,
    deployment_name: str,
    deployment: Deployment,
    network: JobNetwork,
    role: iam.IRole,
    boot: Sequence[UserDataPart],
) -> dict[str, batch.IComputeEnvironment]:
    templates: dict[str, ec2.LaunchTemplate] = {}

    def template(name: str, environment: ComputeEnvironment) -> ec2.LaunchTemplate:
        own = environment.disk is not None or environment.tags
        construct_id = f"{pascal_case(name)}{SHARED}" if own else SHARED
        if construct_id not in templates:
            disk = environment.disk or deployment.disk
            templates[construct_id] = _template(scope, construct_id, environment, disk, boot)
        return templates[construct_id]

    return {
        name: ManagedEnvironment(
            scope,
            f"{pascal_case(name)}Environment",
            enabled=environment.enabled,
            purchase=Purchase(
                spot=environment.type == "SPOT",
                allocation_strategy=environment.allocation_strategy,
                bid_percentage=environment.bid_percentage,
            ),
            scaling=Scaling(
                min_vcpus=environment.min_vcpus,
                desired_vcpus=environment.desired_vcpus,
                max_vcpus=environment.max_vcpus,
                scale_down_delay_minutes=environment.scale_down_delay_minutes,
            ),
            instances=_instances(deployment_name, deployment, environment, template(name, environment)),
            update=Update(
                timeout_minutes=environment.update_timeout_minutes,
                terminate_jobs=environment.terminate_jobs_on_update,
            ),
            vpc=network.vpc,
            subnets=network.selection(
                subnet_ids=environment.subnet_ids, availability_zones=environment.availability_zones
            )
            or network.subnets,
            security_group=network.security_group,
            instance_role=role,
            container_insights=environment.container_insights,
        ).environment
        for name, environment in deployment.compute_environments.items()
    }


def _instances(
    deployment_name: str, deployment: Deployment, environment: ComputeEnvironment, template: ec2.LaunchTemplate
) -> Instances:
    ami = deployment.ami if environment.ami is None else environment.ami
    parameter = ami.ssm_parameter
    if environment.ami is None and deployment.ami.build is not None:
        parameter = parameter_name(deployment_name, kind_of(environment.instance_types))
    return Instances(
        types=environment.instance_types,
        gpus=have_gpus(deployment, environment),
        launch_template=template,
        ami_id=ami.id,
        ami_parameter=parameter,
        cluster_placement=environment.cluster_placement,
        placement_group=environment.placement_group,
    )


def _template(
    scope: Construct, construct_id: str, environment: ComputeEnvironment, disk: Disk, boot: Sequence[UserDataPart]
) -> ec2.LaunchTemplate:
    made = InstanceTemplate(
        scope,
        construct_id,
        device=disk.device,
        size_gib=disk.size_gib,
        iops=disk.iops,
        throughput_mib_per_second=disk.throughput_mib_per_second,
        user_data=user_data(disk, boot),
    )
    for key, value in environment.tags.items():
        Tags.of(made).add(key, value)
    return made.template


def user_data(disk: Disk, boot: Sequence[UserDataPart]) -> list[UserDataPart]:
    """What instances with such a disk do when they boot: what all do, after their disks are ready."""
    return [*([instance_store()] if disk.scratch == "instance-store" else []), *boot]
