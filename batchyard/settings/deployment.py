"""A deployment: everything that one file in deployments/ says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from batchyard.settings.budget import Budget
from batchyard.settings.compute_environment import ComputeEnvironment
from batchyard.settings.consumable_resource import ConsumableResource
from batchyard.settings.disk import Disk
from batchyard.settings.image import Image
from batchyard.settings.job_definition import JobDefinition
from batchyard.settings.job_role import JobRole
from batchyard.settings.logs import Logs
from batchyard.settings.machine_image import DeploymentMachineImage
from batchyard.settings.names import Name
from batchyard.settings.network import Network
from batchyard.settings.newer_instance_type import InstanceTypeName, NewerInstanceType
from batchyard.settings.queue import Queue
from batchyard.settings.repository import Repository
from batchyard.settings.section import Section
from batchyard.settings.storage import Storage
from batchyard.settings.tags import TagKey, TagValue
from batchyard.settings.unmanaged_environment import UnmanagedEnvironment


class Deployment(Section):
    """One installed platform.

    A mapping that is given replaces the default one as a whole: a file that names its own compute environments has
    no others.
    """

    network: Network = Field(default=Network(), description="Where the instances run.")
    storage: Storage = Field(default=Storage(), description="The job bucket.")
    repository: Repository = Field(default=Repository(), description="The repository of the image that jobs run in.")
    image: Image = Field(default=Image(), description="The image that jobs run in.")
    ami: DeploymentMachineImage = Field(
        default=DeploymentMachineImage(), description="The machine image that instances start from."
    )
    disk: Disk = Field(default=Disk(), description="The root disk of the instances.")
    logs: Logs = Field(default=Logs(), description="The log group of the jobs.")
    compute_environments: Mapping[Name, ComputeEnvironment] = Field(
        default={"spot": ComputeEnvironment(type="SPOT"), "on-demand": ComputeEnvironment(type="EC2")},
        description="The managed compute environments, by name. {}: none, where there is an unmanaged one.",
    )
    unmanaged_environments: Mapping[Name, UnmanagedEnvironment] = Field(
        default={},
        description="The unmanaged compute environments, by name. Queues name them as they name managed ones, and may "
        "have both.",
    )
    newer_instance_types: Mapping[InstanceTypeName, NewerInstanceType] = Field(
        default={},
        description="Families and exact sizes that `instance_types` may name although the table that ships with this "
        "version has none of them, by name. No effect once it has.",
    )
    queues: Annotated[Mapping[Name, Queue], Field(min_length=1)] = Field(
        default={
            "high": Queue(priority=100, compute_environments=("on-demand", "spot")),
            "default": Queue(priority=10, compute_environments=("spot", "on-demand")),
            "low": Queue(priority=1, compute_environments=("spot",)),
        },
        description="The job queues, by name.",
    )
    default_queue: Name = Field(default="default", description="The queue of a job whose submission names none.")
    job_definitions: Annotated[Mapping[Name, JobDefinition], Field(min_length=1)] = Field(
        default={"fetch-and-run": JobDefinition()}, description="The job definitions, by name."
    )
    default_job_definition: Name = Field(
        default="fetch-and-run", description="The job definition of a job whose submission names none."
    )
    consumable_resources: Mapping[Name, ConsumableResource] = Field(
        default={}, description="What jobs need besides vCPUs and memory and there is little of, by name."
    )
    job_role: JobRole = Field(default=JobRole(), description="What jobs may reach.")
    budget: Budget | None = Field(
        default=None,
        description="A monthly budget, and who is told when it is about to be spent. Unset: none. Not in every region "
        "(docs/cost.md).",
    )
    tags: Annotated[Mapping[TagKey, TagValue], Field(max_length=40)] = Field(
        default={},
        description="Tags on what the deployment makes, instances and their disks included. Not on compute "
        "environments, queues and job definitions: CloudFormation would replace them whenever a tag changes.",
    )
