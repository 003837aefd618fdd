"""Checks of the machine image that EC2 Image Builder makes."""

from __future__ import annotations

import json
from collections.abc import Iterator

from batchyard.settings.deployment import Deployment
from batchyard.settings.image_build import MOST_CHARACTERS, ImageBuild
from batchyard.settings.problems import Path, Problem

HERE: Path = ("ami", "build")

#: Folders that images have of their own: a CLI in one of them, mounted into a job, would hide what the job needs.
OF_OTHERS = frozenset(
    {"/usr/local", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib64", "/usr/share", "/var/lib", "/opt/conda"}
)
#: Folders that do not outlive a boot.
FLEETING = ("/dev/", "/proc/", "/run/", "/sys/", "/tmp/")  # noqa: S108 - a name to refuse


def image_build(deployment: Deployment) -> Iterator[Problem]:
    """An image that is built is built in one way, and instances can start from it."""
    build = deployment.ami.build
    if build is None:
        return
    yield from _only_one_image(deployment)
    yield from _sizes(deployment, build)
    yield from _network(build)
    yield from _aws_cli(build)
    yield from _commands(build)


def _only_one_image(deployment: Deployment) -> Iterator[Problem]:
    for name in ("id", "ssm_parameter"):
        given = getattr(deployment.ami, name)
        if given is not None:
            yield Problem(
                ("ami", name),
                "the image is named, and built as well",
                f"{given}, and build",
                "one of id, ssm_parameter and build",
                others=(HERE,),
            )


def _sizes(deployment: Deployment, build: ImageBuild) -> Iterator[Problem]:
    disk = deployment.disk.size_gib
    if build.size_gib is not None and build.size_gib > disk:
        yield Problem(
            (*HERE, "size_gib"),
            "no instance starts with a disk that is smaller than its image's",
            f"{build.size_gib}, with disk.size_gib {disk}",
            f"at most {disk}, or a larger disk.size_gib",
            others=(("disk", "size_gib"),),
        )
    size = build.size_gib or disk
    if build.free_gib >= size:
        yield Problem(
            (*HERE, "free_gib"),
            "so much cannot be free on the image's disk",
            f"{build.free_gib} of {size} GiB",
            f"less than {size}",
            others=((*HERE, "size_gib"), ("disk", "size_gib")),
        )


def _network(build: ImageBuild) -> Iterator[Problem]:
    if build.security_group_id is not None and build.subnet_id is None:
        yield Problem(
            (*HERE, "security_group_id"),
            "a security group belongs to the VPC of a subnet, and build.subnet_id names none",
            build.security_group_id,
            "nothing, or ami.build.subnet_id as well",
            others=((*HERE, "subnet_id"),),
        )


def _aws_cli(build: ImageBuild) -> Iterator[Problem]:
    prefix = build.aws_cli_prefix
    if prefix is None:
        if build.aws_cli_version is not None:
            yield Problem(
                (*HERE, "aws_cli_version"),
                "no AWS CLI is installed",
                f"{build.aws_cli_version}, with aws_cli_prefix null",
                "nothing, or an aws_cli_prefix",
                others=((*HERE, "aws_cli_prefix"),),
            )
        return
    if prefix in OF_OTHERS or f"{prefix}/".startswith((*FLEETING, "/opt/batchyard/")):
        yield Problem(
            (*HERE, "aws_cli_prefix"),
            "it is a folder of the system's, or of a job's own image, which a mounted CLI would hide",
            prefix,
            "a folder that nothing else uses, for example /opt/aws-cli",
        )


def _commands(build: ImageBuild) -> Iterator[Problem]:
    for position, command in enumerate(build.commands):
        if "{{" in command:
            yield Problem(
                (*HERE, "commands", position),
                "Image Builder takes two opening braces for a parameter of its own",
                repr(command),
                "commands without {{: put a space or quotes between the braces",
            )
    size = len(json.dumps(build.commands))
    if size > MOST_CHARACTERS:
        yield Problem(
            (*HERE, "commands"),
            f"one component of Image Builder holds {MOST_CHARACTERS:,} characters of commands",
            f"{size:,} characters",
            f"at most {MOST_CHARACTERS:,}; longer ones as a component of your own, under components",
            others=((*HERE, "components"),),
        )
