"""The container image that jobs run in, unless their definition names another."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from batchyard.settings.section import Items, Section

#: [registry/]repository[:tag][@digest] (API reference, ContainerProperties, image: at most 255 characters).
ImageName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(:[0-9]+)?(/[A-Za-z0-9._-]+)*(:[A-Za-z0-9._-]+)?(@sha256:[0-9a-f]{64})?$",
        max_length=255,
        json_schema_extra={"x-allowed": "an image's name, for example public.ecr.aws/docker/library/alpine:3.22"},
    ),
]

#: Those that batchyard.image.PLATFORMS can be built for.
Platform = Literal["linux/amd64", "linux/arm64"]


class Image(Section):
    """The platform's image: what jobs run in, unless their definition names another."""

    source: Literal["platform", "external"] = Field(
        default="platform",
        description="platform: the image is made from container/ and lies in the deployment's repository, under a tag "
        "that says what is in it. external: it is the one that `uri` names, used as it is.",
    )
    uri: ImageName | None = Field(
        default=None,
        description="An existing image. What `batchyard submit` needs must be in it: bash, and without `mount_runner` "
        "the runner as its ENTRYPOINT. From a private ECR repository it can be pulled if that repository's policy "
        "lets the deployment's account. Only with `source: external`, which needs it.",
    )
    build: Literal["manual", "codebuild"] = Field(
        default="manual",
        description="Who builds the platform's image. manual: you, by `batchyard image push`. codebuild: AWS "
        "CodeBuild, in the deployment's account, whenever a deployment needs an image that is not in the repository.",
    )
    base_image: ImageName | None = Field(
        default=None,
        description="The image that the platform's image is built on: any Linux with bash and coreutils, for example "
        "one with your tools. Unset: Amazon Linux 2023 minimal.",
    )
    platforms: Annotated[Items[Platform], Field(min_length=1)] = Field(
        default=("linux/amd64",),
        description="The processors that the platform's image is built for. Instances with Graviton processors "
        "need linux/arm64.",
    )
    mount_runner: bool = Field(
        default=False,
        description="Whether runner and S3 client are put on the instances and mounted, at /opt/batchyard/bin, into "
        "every image but the platform's own, so that any image with bash and coreutils can be fetch-and-run. An "
        "external image must have no ENTRYPOINT, or one that runs its arguments (docs/runner.md).",
    )
