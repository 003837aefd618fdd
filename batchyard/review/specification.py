"""Which changes of a property make CloudFormation replace a resource.

The source is the resource specification of AWS that the pinned CDK CLI brings along (`node_modules/aws-cdk/
db.json.gz`, from the package @aws-cdk/aws-service-spec): what `cdk diff` itself looks things up in. It says for each
property what its page in the resource reference says under "Update requires".
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from batchyard.toolchain import ROOT, ToolMissingError

DATABASE = ROOT / "node_modules" / "aws-cdk" / "db.json.gz"

Replacement = Literal["yes", "maybe", "no"]


@cache
def _types() -> Mapping[str, Mapping[str, Any]]:
    if not DATABASE.exists():
        raise ToolMissingError(f"{DATABASE} is missing: run `make setup`, which installs the CDK CLI it belongs to.")
    with gzip.open(DATABASE) as file:
        entities = json.load(file)["schema"]["resource"]["entities"]
    return {entity["cloudFormationType"]: entity["properties"] for entity in entities}


def replacement(kind: str, name: str) -> Replacement:
    """Whether a change of the top-level property `name` of a type replaces the resource.

    "maybe" where the specification says so, and for a type that it does not know. Raises ToolMissingError.
    """
    properties = _types().get(kind)
    if properties is None:
        return "maybe"
    found: Replacement = properties.get(name, {}).get("causesReplacement", "no")
    return found


def has_property(kind: str, name: str) -> bool:
    """Whether a type has a property. Raises ToolMissingError."""
    return name in _types().get(kind, {})
