"""The runner on the instances: its files as assets, the boot that puts them there, the permission to read them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from constructs import Construct
from constructs.user_data import UserDataPart

from batchyard.mounted_runner import RUNNER_NAME

INSTALL = Path(__file__).with_name("install_runner.sh")
#: What `uname -m` says on the instances of each architecture.
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


class MountedRunner(Construct):
    """The runner, and s5cmd for some architectures, in `/opt/batchyard/bin` of every instance.

    An instance on which that fails, or whose files are others, does not join its cluster. The role may read exactly
    these objects; instances must be made after `permission`.
    """

    user_data: UserDataPart
    permission: iam.Policy

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        runner: Path,
        s5cmd: Mapping[str, Path],
        role: iam.IRole,
    ) -> None:
        """Make the assets. `s5cmd` has a file for each architecture, amd64 or arm64."""
        super().__init__(scope, construct_id)
        files = {("any", RUNNER_NAME): ("Runner", runner)}
        files |= {
            (MACHINES[architecture], "s5cmd"): (f"S5cmd-{architecture}", file) for architecture, file in s5cmd.items()
        }
        made = {key: assets.Asset(self, asset_id, path=str(file)) for key, (asset_id, file) in files.items()}
        self.permission = iam.Policy(
            self,
            "Read",
            roles=[role],
            # Not grant_read, which gives the whole bucket of assets.
            statements=[
                iam.PolicyStatement(
                    actions=["s3:GetObject"],
                    resources=[each.bucket.arn_for_objects(each.s3_object_key) for each in made.values()],
                )
            ],
        )
        lines = [
            f"{machine} {name} {_sha256(files[machine, name][1])} {each.http_url}"
            for (machine, name), each in made.items()
        ]
        settings = [f"REGION='{Stack.of(self).region}'", "FILES='" + "\n".join(lines) + "'"]
        self.user_data = UserDataPart("\n".join(["#!/bin/bash", *settings, INSTALL.read_text()]))


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
