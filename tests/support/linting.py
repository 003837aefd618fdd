"""cfn-lint in this process: a command of its own would spend most of its time on imports."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from cfnlint.config import ConfigMixIn
from cfnlint.decode import decode_str
from cfnlint.runner import Runner

from batchyard.toolchain import ROOT

REGIONS = ["us-east-1", "eu-central-1", "ap-southeast-2"]


def linted(made: dict[str, Any]) -> list[str]:
    """What cfn-lint finds in a template in three regions, with the project's .cfnlintrc.yaml."""
    template, errors = decode_str(json.dumps(made, ensure_ascii=False))
    return [str(each) for each in errors or _runner().validate_template(template)]


@cache
def _runner() -> Runner:
    """With all rules, which take as long to load as a template to lint."""
    return Runner(ConfigMixIn(["--config-file", str(ROOT / ".cfnlintrc.yaml")], regions=REGIONS))
