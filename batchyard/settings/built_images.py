"""Which machine images a deployment builds: one for each kind of instance that it has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from batchyard.settings.deployment import Deployment
from batchyard.settings.instance_types import meant


@dataclass(frozen=True)
class ImageKind:
    """A kind of machine image: what it starts from, and the instances to build it on."""

    #: The public SSM parameter with the newest ECS-optimized Amazon Linux 2023 (Amazon ECS Developer Guide,
    #: "Retrieving Amazon ECS-optimized Linux AMI metadata").
    base_parameter: str
    #: One of them, whichever the zone has.
    instance_types: tuple[str, ...]


_BASES = "/aws/service/ecs/optimized-ami/amazon-linux-2023"

KINDS: Mapping[str, ImageKind] = {
    "x86_64": ImageKind(f"{_BASES}/recommended/image_id", ("m7i.large", "m6i.large", "m5.large")),
    "arm64": ImageKind(f"{_BASES}/arm64/recommended/image_id", ("m7g.large", "m6g.large")),
    # The test starts the NVIDIA driver, and that takes a GPU.
    "gpu": ImageKind(f"{_BASES}/gpu/recommended/image_id", ("g4dn.xlarge", "g5.xlarge")),
}


def kind_of(instance_types: Iterable[str]) -> str:
    """The kind of image that instances of these types start from: a key of KINDS."""
    types = [each for word in instance_types for each in meant(word)]
    if any(each.architecture == "arm64" for each in types):
        return "arm64"
    return "gpu" if any(each.gpus for each in types) else "x86_64"


def built_kinds(deployment: Deployment) -> list[str]:
    """The kinds that the deployment's environments need; none where no image is built."""
    if deployment.ami.build is None:
        return []
    unmanaged = (each for each in deployment.unmanaged_environments.values() if each.instances != "none")
    # An environment with an image of its own needs none that is built.
    managed = (each for each in deployment.compute_environments.values() if each.ami is None)
    needed = {
        kind_of(types) for types in (*(m.instance_types for m in managed), *(u.instance_types for u in unmanaged))
    }
    return [kind for kind in KINDS if kind in needed]


def parameter_name(deployment_name: str, kind: str) -> str:
    """The SSM parameter of the newest image of a kind; Image Builder may write below /imagebuilder/."""
    return f"/imagebuilder/batchyard/{deployment_name}/{kind}"
