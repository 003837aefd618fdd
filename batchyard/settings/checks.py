"""Checks between fields: what each allows by itself and AWS refuses together.

Each check is a function from a deployment to problems; CHECKS is all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from batchyard.settings.compute_environment import ALLOCATION_STRATEGIES
from batchyard.settings.deployment import Deployment
from batchyard.settings.disk import IOPS_PER_GIB, IOPS_PER_MIB_PER_SECOND
from batchyard.settings.job_checks import job_definitions
from batchyard.settings.job_role import JobRole
from batchyard.settings.names import pascal_case
from batchyard.settings.problems import Path, Problem, dotted

Check = Callable[[Deployment], Iterator[Problem]]


def check(deployment: Deployment) -> list[Problem]:
    """Everything that is wrong between a deployment's fields."""
    return [problem for find in CHECKS for problem in find(deployment)]


def network(deployment: Deployment) -> Iterator[Problem]:
    """Fields for an existing VPC and fields for an own one exclude each other."""
    settings = deployment.network
    vpc = ("network", "vpc_id")
    if settings.vpc_id is None and settings.subnet_ids:
        yield Problem(
            ("network", "subnet_ids"),
            "subnets are named, but network.vpc_id is not",
            ", ".join(settings.subnet_ids),
            "nothing, or network.vpc_id as well",
            others=(vpc,),
        )
    if settings.vpc_id is not None and "cidr" in settings.model_fields_set:
        yield Problem(
            ("network", "cidr"),
            "an existing VPC has its address range already",
            settings.cidr,
            "nothing, together with network.vpc_id",
            others=(vpc,),
        )
    for name, environment in deployment.compute_environments.items():
        here: Path = ("compute_environments", name)
        if settings.vpc_id is None and environment.subnet_ids:
            yield Problem(
                (*here, "subnet_ids"),
                "subnets are named, but network.vpc_id is not",
                ", ".join(environment.subnet_ids),
                "nothing (see availability_zones), or network.vpc_id as well",
                others=(vpc,),
            )
        if settings.vpc_id is not None and environment.availability_zones:
            yield Problem(
                (*here, "availability_zones"),
                "zones choose among the subnets of the deployment's own VPC, and network.vpc_id names another",
                ", ".join(environment.availability_zones),
                "nothing (see subnet_ids)",
                others=(vpc,),
            )


def storage(deployment: Deployment) -> Iterator[Problem]:
    """No prefix of the job bucket lies in another: each has its own permissions and lifetime."""
    settings = deployment.storage
    prefixes: list[tuple[Path, str]] = [
        (("storage", "scripts_prefix"), settings.scripts_prefix),
        (("storage", "results_prefix"), settings.results_prefix),
        *((("storage", "scratch_prefixes", prefix), prefix) for prefix in settings.scratch_prefixes),
    ]
    for position, (path, prefix) in enumerate(prefixes):
        for other_path, other in prefixes[:position]:
            if prefix.startswith(other) or other.startswith(prefix):
                yield Problem(
                    path,
                    f"the prefix overlaps {dotted(other_path)}, which is {other!r}",
                    repr(prefix),
                    "prefixes of which none lies in another",
                    others=(other_path,),
                )


def machine_image(deployment: Deployment) -> Iterator[Problem]:
    """An AMI is named once."""
    settings = deployment.ami
    if settings.id is not None and settings.ssm_parameter is not None:
        yield Problem(
            ("ami", "ssm_parameter"),
            "the AMI is named twice",
            f"{settings.ssm_parameter}, and {settings.id} as id",
            "one of id and ssm_parameter",
            others=(("ami", "id"),),
        )


def disk(deployment: Deployment) -> Iterator[Problem]:
    """The ratios of gp3 (Amazon EBS User Guide, "General Purpose SSD volumes")."""
    settings = deployment.disk
    most_iops = settings.size_gib * IOPS_PER_GIB
    if settings.iops > most_iops:
        yield Problem(
            ("disk", "iops"),
            f"gp3 has at most {IOPS_PER_GIB} IOPS a GiB",
            f"{settings.iops} on {settings.size_gib} GiB",
            f"at most {most_iops} with this size",
            others=(("disk", "size_gib"),),
        )
    most_throughput = settings.iops // IOPS_PER_MIB_PER_SECOND
    if settings.throughput_mib_per_second > most_throughput:
        yield Problem(
            ("disk", "throughput_mib_per_second"),
            f"gp3 needs {IOPS_PER_MIB_PER_SECOND} IOPS for each MiB a second",
            f"{settings.throughput_mib_per_second} with {settings.iops} IOPS",
            f"at most {most_throughput} with these IOPS, or more IOPS",
            others=(("disk", "iops"),),
        )


def vcpus(deployment: Deployment) -> Iterator[Problem]:
    """0 ≤ min ≤ desired ≤ max (API reference, ComputeResource)."""
    for name, environment in deployment.compute_environments.items():
        here: Path = ("compute_environments", name)
        least, most = environment.min_vcpus, environment.max_vcpus
        if least > most:
            yield Problem(
                (*here, "min_vcpus"),
                "it is more than max_vcpus",
                str(least),
                f"at most {most}, which is max_vcpus",
                others=((*here, "max_vcpus"),),
            )
        elif environment.desired_vcpus is not None and not least <= environment.desired_vcpus <= most:
            yield Problem(
                (*here, "desired_vcpus"),
                "it is not between min_vcpus and max_vcpus",
                str(environment.desired_vcpus),
                f"{least} to {most}",
                others=((*here, "min_vcpus"), (*here, "max_vcpus")),
            )


def purchase(deployment: Deployment) -> Iterator[Problem]:
    """Allocation strategy and bid percentage must suit the environment's type."""
    for name, environment in deployment.compute_environments.items():
        here: Path = ("compute_environments", name)
        kind: Path = (*here, "type")
        suitable = ALLOCATION_STRATEGIES[environment.type]
        if environment.allocation_strategy is not None and environment.allocation_strategy not in suitable:
            yield Problem(
                (*here, "allocation_strategy"),
                f"an environment of type {environment.type} cannot have it",
                environment.allocation_strategy,
                ", ".join(suitable),
                others=(kind,),
            )
        if environment.bid_percentage is not None and environment.type != "SPOT":
            yield Problem(
                (*here, "bid_percentage"),
                "on-demand instances have one price",
                f"{environment.bid_percentage} with type {environment.type}",
                "nothing, or type SPOT",
                others=(kind,),
            )


def architecture(deployment: Deployment) -> Iterator[Problem]:
    """An environment has one architecture, so Batch's own classes exclude each other."""
    for name, environment in deployment.compute_environments.items():
        classes = {"default_arm64"} & set(environment.instance_types)
        others = {"default_x86_64", "optimal"} & set(environment.instance_types)
        if classes and others:
            yield Problem(
                ("compute_environments", name, "instance_types"),
                "one compute environment cannot mix architectures",
                ", ".join(environment.instance_types),
                "default_arm64, or default_x86_64 and optimal",
            )


def references(deployment: Deployment) -> Iterator[Problem]:
    """Every name that is used is the name of something."""
    environments = deployment.compute_environments
    for name, queue in deployment.queues.items():
        for position, environment in enumerate(queue.compute_environments):
            if environment not in environments:
                yield Problem(
                    ("queues", name, "compute_environments", position),
                    "there is no such compute environment",
                    repr(environment),
                    ", ".join(environments),
                    others=(("compute_environments", environment),),
                )
    defaults: tuple[tuple[str, str, Mapping[str, object], str], ...] = (
        ("default_queue", deployment.default_queue, deployment.queues, "queues"),
        ("default_job_definition", deployment.default_job_definition, deployment.job_definitions, "job_definitions"),
    )
    for field, name, known, section in defaults:
        if name not in known:
            yield Problem(
                (field,),
                f"there is no such name in {section}",
                repr(name),
                ", ".join(known),
                others=((section, name),),
            )


def size(deployment: Deployment) -> Iterator[Problem]:
    """A job must fit into an environment at all."""
    largest = max(environment.max_vcpus for environment in deployment.compute_environments.values())
    for name, definition in deployment.job_definitions.items():
        if definition.vcpus > largest:
            yield Problem(
                ("job_definitions", name, "vcpus"),
                "no compute environment may have that many vCPUs",
                str(definition.vcpus),
                f"at most {largest}, the largest max_vcpus",
                others=(("compute_environments",),),
            )


def duplicates(deployment: Deployment) -> Iterator[Problem]:
    """Nothing is listed twice, and no two names become the same construct id."""
    for path, items in _lists(deployment):
        for position, item in enumerate(items):
            if item in items[:position]:
                yield Problem((*path, position), "it is listed twice", repr(item), "each once")
    for section in ("compute_environments", "queues", "job_definitions"):
        yield from _same_ids(section, getattr(deployment, section))


def _same_ids(section: str, names: Iterable[str]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for name in names:
        first = seen.setdefault(pascal_case(name), name)
        if first != name:
            yield Problem(
                (section, name),
                f"the name differs from {first} in hyphens, underscores or capitals only",
                repr(name),
                "a name that differs in letters or digits",
                others=((section, first),),
            )


def _lists(deployment: Deployment) -> Iterator[tuple[Path, tuple[str, ...]]]:
    yield ("network", "subnet_ids"), deployment.network.subnet_ids
    for name, environment in deployment.compute_environments.items():
        for field in ("instance_types", "subnet_ids", "availability_zones"):
            yield ("compute_environments", name, field), getattr(environment, field)
    for name, queue in deployment.queues.items():
        yield ("queues", name, "compute_environments"), queue.compute_environments
    for here, role in _job_roles(deployment):
        for bucket, access in role.buckets.items():
            yield (*here, "buckets", bucket, "read"), access.read
            yield (*here, "buckets", bucket, "write"), access.write


def _job_roles(deployment: Deployment) -> Iterator[tuple[Path, JobRole]]:
    yield ("job_role",), deployment.job_role
    for name, definition in deployment.job_definitions.items():
        if definition.job_role is not None:
            yield ("job_definitions", name, "job_role"), definition.job_role


def bucket_access(deployment: Deployment) -> Iterator[Problem]:
    """A bucket that is named is named for something."""
    for here, role in _job_roles(deployment):
        for name, access in role.buckets.items():
            if not access.read and not access.write:
                yield Problem(
                    (*here, "buckets", name),
                    "jobs may neither read nor write in it",
                    "neither read nor write",
                    "prefixes under read, write or both",
                )


CHECKS: tuple[Check, ...] = (
    network,
    storage,
    machine_image,
    disk,
    vcpus,
    purchase,
    architecture,
    references,
    size,
    duplicates,
    bucket_access,
    job_definitions,
)
