"""cfn-lint in this process: a command of its own would spend most of its time on imports."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from cfnlint.api import ManualArgs, lint

from batchyard.toolchain import ROOT

REGIONS = ["us-east-1", "eu-central-1", "ap-southeast-2"]


def linted(made: dict[str, Any]) -> list[str]:
    """What cfn-lint finds in a template in three regions, with the project's .cfnlintrc.yaml."""
    before = Path.cwd()
    os.chdir(ROOT)
    try:
        matches = lint(json.dumps(made, ensure_ascii=False), config=ManualArgs(regions=REGIONS))
    finally:
        os.chdir(before)
    return [str(each) for each in matches]
