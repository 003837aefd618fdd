"""The machine image (AMI) that instances start from."""

from __future__ import annotations

from pydantic import Field

from batchyard.settings.image_build import ImageBuild
from batchyard.settings.names import EC2_ID
from batchyard.settings.section import Section


class MachineImage(Section):
    """The machine image of the instances. Neither field set: the newest ECS-optimized Amazon Linux 2023."""

    id: str | None = Field(
        default=None,
        pattern=f"^ami-{EC2_ID}$",
        description="An AMI to start from; it must meet the Amazon ECS container instance AMI specification.",
        json_schema_extra={"x-allowed": "an AMI's id, for example ami-0123456789abcdef0"},
    )
    ssm_parameter: str | None = Field(
        default=None,
        pattern=r"^/[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$",
        max_length=1011,
        description="An SSM parameter that holds the AMI's id; it is read again at every deployment. Not together "
        "with `id`.",
        json_schema_extra={"x-allowed": "an SSM parameter's name that begins with /"},
    )

    @property
    def ecs_optimized(self) -> bool:
        """Whether it is an ECS-optimized one: Batch's own, or one that is built from it for each kind of instance."""
        return self.id is None and self.ssm_parameter is None


class DeploymentMachineImage(MachineImage):
    """The machine image of the instances. No field set: the newest ECS-optimized Amazon Linux 2023."""

    build: ImageBuild | None = Field(
        default=None,
        description="Build an image of one's own: `{}` for one with the runner and an AWS CLI for Nextflow. It lies in "
        "a stack of its own, which is deployed first. Not together with `id` or `ssm_parameter`.",
    )
