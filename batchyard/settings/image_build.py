"""A machine image of the deployment's own, built by EC2 Image Builder from the ECS-optimized one."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from batchyard.settings.names import EC2_ID
from batchyard.settings.network import SubnetId
from batchyard.settings.section import Items, Section

ComponentArn = Annotated[
    str,
    Field(
        pattern=r"^arn:aws[a-z-]*:imagebuilder:[a-z0-9-]+:([0-9]{12}|aws(-[a-z-]+)?|third-party):component/[a-z0-9_-]+/"
        r"(([0-9]+|x)\.([0-9]+|x)\.([0-9]+|x)|[0-9]+\.[0-9]+\.[0-9]+/[0-9]+)$",
        json_schema_extra={
            "x-allowed": "the ARN of an Image Builder component, for example "
            "arn:aws:imagebuilder:us-east-1:aws:component/amazon-cloudwatch-agent-linux/x.x.x"
        },
    ),
]

#: What one component can hold (Image Builder API reference, CreateComponent, `data`: 16,000 characters), less what
#: stands around the commands.
MOST_CHARACTERS = 15_000

Command = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MOST_CHARACTERS,
        json_schema_extra={"x-allowed": f"a command of 1 to {MOST_CHARACTERS:,} characters"},
    ),
]


class ImageBuild(Section):
    """An image that EC2 Image Builder makes from the newest ECS-optimized Amazon Linux 2023, tests and publishes."""

    size_gib: int | None = Field(
        default=None,
        ge=30,
        le=65_536,
        description="Size of the image's root disk in GiB, at most `disk.size_gib`. Unset: as large as that, so that a "
        "change of it builds a new image.",
    )
    free_gib: int = Field(
        default=15,
        ge=1,
        le=65_536,
        description="GiB that must be free on a new instance's root disk; with less the image is not published.",
    )
    aws_cli_prefix: str | None = Field(
        default="/opt/aws-cli",
        pattern=r"^/[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)+$",
        max_length=100,
        description="Where a self-contained AWS CLI is installed; the program is `bin/aws` in it. Nextflow mounts this "
        "folder into its jobs, over whatever they have there. null: no CLI.",
        json_schema_extra={"x-allowed": "an absolute path of at least two folders, for example /opt/aws-cli"},
    )
    aws_cli_version: str | None = Field(
        default=None,
        pattern=r"^2\.[0-9]{1,3}\.[0-9]{1,3}$",
        description="The AWS CLI's version. Unset: at each build the newest.",
        json_schema_extra={"x-allowed": "a version of the AWS CLI 2, for example 2.38.5"},
    )
    runner: bool = Field(
        default=True,
        description="Whether the fetch-and-run runner and its S3 client are in the image, in /opt/batchyard/bin.",
    )
    components: Items[ComponentArn] = Field(
        default=(), max_length=15, description="Existing Image Builder components to install as well, in this order."
    )
    commands: Items[Command] = Field(
        default=(),
        description="Shell commands (bash, as root) that run after all components, each in a step of its own; one that "
        "fails fails the build.",
    )
    schedule: str | None = Field(
        default="cron(0 4 ? * sun *)",
        pattern=r"^cron\([A-Za-z0-9*?,/#-]+( [A-Za-z0-9*?,/#-]+){5}\)$",
        max_length=1024,
        description="When the image is built anew, with the base image of that day, in UTC. The next deployment takes "
        "it up. null: only when a deployment changes what is in it.",
        json_schema_extra={"x-allowed": "a cron expression of six fields, for example cron(0 4 ? * sun *)"},
    )
    keep_images: int = Field(
        default=5,
        ge=1,
        le=1000,
        description="How many images stay, the newest first; older ones are deleted unless an instance started from "
        "them in the last 90 days.",
    )
    subnet_id: SubnetId | None = Field(
        default=None,
        description="The subnet to build in, with a way to the internet; the VPC's default security group holds unless "
        "`security_group_id` names another. Unset: a network made for it, which costs nothing.",
    )
    security_group_id: str | None = Field(
        default=None,
        pattern=f"^sg-{EC2_ID}$",
        description="The security group to build in; nothing needs to come in. Only with `subnet_id`.",
        json_schema_extra={"x-allowed": "a security group's id, for example sg-0123456789abcdef0"},
    )
