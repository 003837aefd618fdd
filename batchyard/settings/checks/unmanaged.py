"""Checks of unmanaged compute environments: their group's size, its instance types, and their names."""

from __future__ import annotations

from collections.abc import Iterator

from batchyard.settings.deployment import Deployment
from batchyard.settings.instance_types import InstanceType, known
from batchyard.settings.problems import Path, Problem, shown
from batchyard.settings.unmanaged_environment import GROUP_FIELDS, UnmanagedEnvironment

SECTION = "unmanaged_environments"


def unmanaged(deployment: Deployment) -> Iterator[Problem]:
    """Everything that is wrong with one of them alone, for each."""
    own_image = deployment.ami.id is not None or deployment.ami.ssm_parameter is not None
    for name, environment in deployment.unmanaged_environments.items():
        here: Path = (SECTION, name)
        if environment.instances == "none":
            yield from _no_group(here, environment)
            continue
        yield from _size(here, environment)
        yield from _one_architecture(here, environment)
        if not own_image:
            yield from _image_of_aws(here, environment)


def some_environment(deployment: Deployment) -> Iterator[Problem]:
    """There is a compute environment, of either kind, and no name is that of two."""
    if not deployment.compute_environments and not deployment.unmanaged_environments:
        yield Problem(
            ("compute_environments",),
            "there is no compute environment, managed or unmanaged",
            "none",
            "at least one here or in unmanaged_environments",
            others=((SECTION,),),
        )
    for name in deployment.unmanaged_environments:
        if name in deployment.compute_environments:
            yield Problem(
                (SECTION, name),
                "a managed compute environment has the same name",
                repr(name),
                "a name of its own: queues know environments of both kinds by their names",
                others=(("compute_environments", name),),
            )


def _no_group(here: Path, environment: UnmanagedEnvironment) -> Iterator[Problem]:
    for field in GROUP_FIELDS:
        if field in environment.model_fields_set:
            yield Problem(
                (*here, field),
                "it is about the Auto Scaling group, and instances: none makes none",
                shown(getattr(environment, field)),
                "nothing, or instances: auto-scaling-group",
                others=((*here, "instances"),),
            )


def _size(here: Path, environment: UnmanagedEnvironment) -> Iterator[Problem]:
    """0 ≤ min ≤ desired ≤ max (Amazon EC2 Auto Scaling User Guide, "Set scaling limits")."""
    least, most, wanted = environment.min_instances, environment.max_instances, environment.desired_instances
    if least > most:
        yield Problem(
            (*here, "min_instances"),
            "it is more than max_instances",
            str(least),
            f"at most {most}, which is max_instances",
            others=((*here, "max_instances"),),
        )
    elif wanted is not None and not least <= wanted <= most:
        yield Problem(
            (*here, "desired_instances"),
            "it is not between min_instances and max_instances",
            str(wanted),
            f"{least} to {most}",
            others=((*here, "min_instances"), (*here, "max_instances")),
        )


def _one_architecture(here: Path, environment: UnmanagedEnvironment) -> Iterator[Problem]:
    """All instances of a group start from one machine image, which is for one architecture."""
    types = _in_table(environment)
    if len({each.architecture for each in types}) > 1:
        yield Problem(
            (*here, "instance_types"),
            "one group has one machine image, and these types are of two architectures",
            ", ".join(f"{each.name} ({each.architecture})" for each in types),
            "types of one architecture",
        )


def _image_of_aws(here: Path, environment: UnmanagedEnvironment) -> Iterator[Problem]:
    """The ECS-optimized image is chosen by what the table says of the types."""
    ami: Path = ("ami",)
    for position, name in enumerate(environment.instance_types):
        if name not in known():
            yield Problem(
                (*here, "instance_types", position),
                "the table of instance types does not have it, so which machine image suits it is not known",
                repr(name),
                "a type of batchyard/settings/instance_types.csv, or a machine image of your own in ami",
                others=(ami,),
            )
    types = _in_table(environment)
    with_gpus = [each for each in types if each.gpus]
    given = ", ".join(f"{each.name} ({each.gpus} GPUs)" for each in types)
    if with_gpus and len(with_gpus) < len(types):
        yield Problem(
            (*here, "instance_types"),
            "instances with GPUs need another machine image than those without, and one group has one",
            given,
            "types with GPUs or types without",
            others=(ami,),
        )
    elif any(each.architecture == "arm64" for each in with_gpus):
        yield Problem(
            (*here, "instance_types"),
            "there is no ECS-optimized Amazon Linux 2023 for arm64 with GPUs",
            given,
            "other types, or a machine image of your own in ami",
            others=(ami,),
        )


def _in_table(environment: UnmanagedEnvironment) -> list[InstanceType]:
    return [known()[name] for name in environment.instance_types if name in known()]
