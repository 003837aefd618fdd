"""One change of a deployment, its words for effects, and the deployments that changes start from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from batchyard.review.effects import Effect
from tests.support.synthesis import IMAGE_TAG

Settings = dict[str, Any]

SPOT = {"type": "SPOT", "min_vcpus": 0, "max_vcpus": 256, "instance_types": ["default_x86_64"]}
ON_DEMAND = {**SPOT, "type": "EC2"}

VERSION, REVISION = Effect.NEW_VERSION, Effect.NEW_REVISION
IN_PLACE, ADDED, REMOVED, REPLACED = Effect.IN_PLACE, Effect.ADDED, Effect.REMOVED, Effect.REPLACED

#: What tells clients of new ARNs.
RECORD = {"PlatformParameter": IN_PLACE}
BOTH_ENVIRONMENTS = {"SpotEnvironment": IN_PLACE, "OnDemandEnvironment": IN_PLACE}
BOTH_BY_TEMPLATE = {"InstancesTemplate": VERSION, **BOTH_ENVIRONMENTS}


@dataclass(frozen=True, eq=False)
class Update:
    """One change of a deployment file (or of container/), and what it must do."""

    title: str
    after: Settings
    expected: Mapping[str, Effect]
    """The effect on each resource, by its logical id without the hash; a `*` stands for any further text."""
    before: Settings = field(default_factory=dict)
    image_tag_after: str = IMAGE_TAG
    note: str = ""


def environments(**more: Settings) -> Settings:
    """The default's two environments, and changed or further ones."""
    return {"compute_environments": {"spot": SPOT, "on-demand": ON_DEMAND, **more}}
