"""The launch template of the instances: disk, metadata service, scratch folder."""

from __future__ import annotations

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

#: The folder on the instance's root disk that jobs get as their scratch mount.
SCRATCH_ON_HOST = "/scratch"

# Without this Docker would make the folder for root alone, and a container with another user could not write to it.
SCRATCH_COMMANDS = [f"mkdir -p {SCRATCH_ON_HOST}", f"chmod 1777 {SCRATCH_ON_HOST}"]


class InstanceTemplate(Construct):
    """A launch template: one encrypted gp3 root disk, IMDSv2 only, a scratch folder for containers of any user."""

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
    ) -> None:
        super().__init__(scope, construct_id)
        # Batch adds its own part to the user data, so it must be MIME multipart (aws-cdk#6427).
        user_data = ec2.MultipartUserData()
        commands = ec2.UserData.for_linux()
        commands.add_commands(*SCRATCH_COMMANDS)
        user_data.add_part(ec2.MultipartBody.from_user_data(commands))
        self.template = ec2.LaunchTemplate(
            self,
            "Template",
            user_data=user_data,
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
