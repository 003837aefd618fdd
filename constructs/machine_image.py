"""Machine images for launch templates that must name one: Batch chooses for those of managed environments."""

from __future__ import annotations

import jsii
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

#: The newest ECS-optimized Amazon Linux 2023 (ECS Developer Guide, "Retrieving Amazon ECS-optimized Linux AMI
#: metadata"); there is none for both arm64 and GPUs.
PARAMETER = "/aws/service/ecs/optimized-ami/amazon-linux-2023/{variant}recommended/image_id"


@jsii.implements(ec2.IMachineImage)
class _Existing:
    """An image by its id: the CDK's own class wants the region as well, which a stack may not know."""

    def __init__(self, ami_id: str) -> None:
        self._ami_id = ami_id

    def get_image(self, scope: Construct) -> ec2.MachineImageConfig:
        """What a launch template asks for."""
        del scope
        return ec2.MachineImageConfig(
            image_id=self._ami_id, os_type=ec2.OperatingSystemType.LINUX, user_data=ec2.UserData.for_linux()
        )


def existing_image(ami_id: str) -> ec2.IMachineImage:
    """The image with this id."""
    return _Existing(ami_id)


def image_of_parameter(name: str) -> ec2.IMachineImage:
    """The image whose id an SSM parameter holds, read by CloudFormation at every deployment."""
    return ec2.MachineImage.from_ssm_parameter(name, os=ec2.OperatingSystemType.LINUX)


def ecs_optimized(*, arm64: bool, gpus: bool) -> ec2.IMachineImage:
    """The newest ECS-optimized Amazon Linux 2023 for x86_64 or arm64, or for GPUs."""
    return image_of_parameter(PARAMETER.format(variant="gpu/" if gpus else "arm64/" if arm64 else ""))
