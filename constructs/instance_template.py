"""The launch template of the instances: disk, metadata service, user data."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct
from constructs.user_data import UserDataPart, multipart


class InstanceTemplate(Construct):
    """A launch template: one encrypted gp3 root disk, IMDSv2 only, the given parts of user data."""

    template: ec2.LaunchTemplate

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        device: str,
        size_gib: int,
        iops: int,
        throughput_mib_per_second: int,
        user_data: Sequence[UserDataPart],
        machine_image: ec2.IMachineImage | None = None,
        instance_profile: iam.IInstanceProfile | None = None,
        security_group: ec2.ISecurityGroup | None = None,
    ) -> None:
        """Make the template. Image, profile and group are for instances that Batch does not start: it names its own."""
        super().__init__(scope, construct_id)
        self.template = ec2.LaunchTemplate(
            self,
            "Template",
            user_data=multipart(user_data),
            machine_image=machine_image,
            instance_profile=instance_profile,
            security_group=security_group,
            require_imdsv2=True,
            http_endpoint=True,
            # Batch jobs use the host's network, where one hop is enough; a bridged container gets no further.
            http_put_response_hop_limit=1,
            block_devices=[
                ec2.BlockDevice(
                    device_name=device,
                    volume=ec2.BlockDeviceVolume.ebs(
                        size_gib,
                        volume_type=ec2.EbsDeviceVolumeType.GP3,
                        iops=iops,
                        throughput=throughput_mib_per_second,
                        encrypted=True,
                        delete_on_termination=True,
                    ),
                )
            ],
        )
