"""Where this checkout's tools are: Node for jsii, the pinned CDK CLI, the folders that hold the product."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONTAINER = ROOT / "container"
MACHINE_IMAGE = ROOT / "machine_image"
DEPLOYMENTS = ROOT / "deployments"
# Another folder lets a second local account stand beside the first.
STATE = Path(os.environ.get("BATCHYARD_STATE") or ROOT / ".batchyard").absolute()

_CDK = ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"
_NODE = Path(sys.prefix) / "bin" / "node"


class ToolMissingError(Exception):
    """A tool that the set-up installs is not there."""


def use_project_node() -> None:
    """Make jsii start the Node that the set-up chose. Call it before `aws_cdk` is imported.

    A JSII_NODE that the user set is kept.
    """
    if _NODE.exists():
        os.environ.setdefault("JSII_NODE", str(_NODE))


def cdk_command() -> list[str]:
    """The command that starts the pinned CDK CLI.

    Raises ToolMissingError, with what to do, where the set-up has not run.
    """
    for path in (_NODE, _CDK):
        if not path.exists():
            raise ToolMissingError(f"{path} is missing: run `make setup`, which installs the CDK CLI and its Node.")
    return [str(_NODE), str(_CDK)]
