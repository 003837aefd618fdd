"""Every deployment file on a local account, over the real CDK CLI: the services say what the file says."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from batchyard import platform
from batchyard.platform import PlatformRecord
from batchyard.settings.deployment import Deployment
from batchyard.settings.load import deployment_names, load_named
from tests.support.local_cli import Desk

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

# The default deployment's account is test_chain.py's.
NAMES = [name for name in deployment_names() if name != "default"]


@pytest.fixture(scope="module", params=NAMES)
def deployed(account: Desk, request: pytest.FixtureRequest) -> tuple[Desk, Deployment, PlatformRecord]:
    """A deployment that has just been deployed, beside the others."""
    name = request.param
    account.batchyard("local", "up", "--deployment", name).ok()
    text = account.client("ssm").get_parameter(Name=platform.parameter_name(name))["Parameter"]["Value"]
    return account, load_named(name), PlatformRecord.from_json(text)


def environments(desk: Desk, record: PlatformRecord) -> dict[str, Any]:
    """The compute environments as Batch describes them, by their names in the file."""
    arns = {arn: name for name, arn in record.compute_environments.items()}
    found = desk.client("batch").describe_compute_environments(computeEnvironments=list(arns))["computeEnvironments"]
    return {arns[each["computeEnvironmentArn"]]: each for each in found}


def launch_template(desk: Desk, template_id: str, version: str) -> Any:
    """What a version of a launch template says."""
    (found,) = desk.client("ec2").describe_launch_template_versions(LaunchTemplateId=template_id, Versions=[version])[
        "LaunchTemplateVersions"
    ]
    return found["LaunchTemplateData"]


def test_compute_environments(deployed: tuple[Desk, Deployment, PlatformRecord]) -> None:
    desk, deployment, record = deployed
    found = environments(desk, record)
    assert set(found) == {*deployment.compute_environments, *deployment.unmanaged_environments}
    for name, each in found.items():
        assert (each["status"], each["state"]) == ("VALID", "ENABLED"), name
    for name, managed in deployment.compute_environments.items():
        resources = found[name]["computeResources"]
        said = (managed.type, managed.min_vcpus, managed.max_vcpus, set(managed.instance_types))
        kinds = set(resources["instanceTypes"])
        assert (resources["type"], resources["minvCpus"], resources["maxvCpus"], kinds) == said, name
        template = resources["launchTemplate"]
        (disk, *_) = launch_template(desk, template["launchTemplateId"], template["version"])["BlockDeviceMappings"]
        assert (disk["Ebs"]["VolumeSize"], disk["Ebs"]["Iops"]) == (deployment.disk.size_gib, deployment.disk.iops)


def test_queues(deployed: tuple[Desk, Deployment, PlatformRecord]) -> None:
    desk, deployment, record = deployed
    arns = {arn: name for name, arn in record.compute_environments.items()}
    queues = desk.client("batch").describe_job_queues(jobQueues=list(record.job_queues.values()))["jobQueues"]
    found = {each["jobQueueArn"]: each for each in queues}
    assert set(record.job_queues) == set(deployment.queues)
    for name, queue in deployment.queues.items():
        made = found[record.job_queues[name]]
        order = sorted(made["computeEnvironmentOrder"], key=lambda item: int(item["order"]))
        assert (made["priority"], made["state"], made["status"]) == (queue.priority, "ENABLED", "VALID")
        assert [arns[item["computeEnvironment"]] for item in order] == list(queue.compute_environments)
        assert len(made["jobStateTimeLimitActions"]) == 3
        assert ("schedulingPolicyArn" in made) == (queue.fair_share is not None)


def test_job_definitions(deployed: tuple[Desk, Deployment, PlatformRecord]) -> None:
    desk, deployment, record = deployed
    arns = list(record.job_definitions.values())
    definitions = desk.client("batch").describe_job_definitions(jobDefinitions=arns)["jobDefinitions"]
    found = {each["jobDefinitionArn"]: each for each in definitions}
    assert set(record.job_definitions) == set(deployment.job_definitions)
    for name, definition in deployment.job_definitions.items():
        made = found[record.job_definitions[name]]
        container = made["containerProperties"]
        needs = {each["type"]: int(each["value"]) for each in container["resourceRequirements"]}
        said = {"VCPU": definition.vcpus, "MEMORY": definition.memory_mib, "GPU": definition.gpus}
        assert needs == {kind: amount for kind, amount in said.items() if amount}
        assert (made["status"], made["retryStrategy"]["attempts"]) == ("ACTIVE", definition.attempts)
        assert made["timeout"]["attemptDurationSeconds"] == definition.timeout_seconds
        assert container["image"] == (definition.image or record.image)


def test_instances_of_unmanaged_environments_join_the_cluster_that_batch_says(
    deployed: tuple[Desk, Deployment, PlatformRecord],
) -> None:
    desk, deployment, record = deployed
    groups = desk.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    found = environments(desk, record)
    for name, settings in deployment.unmanaged_environments.items():
        cluster = found[name]["ecsClusterArn"].rpartition("/")[2]
        joining = [group for group in groups if f"ECS_CLUSTER={cluster}" in _user_data(desk, group)]
        wanted = [(settings.min_instances, settings.max_instances)] if settings.instances != "none" else []
        assert [(group["MinSize"], group["MaxSize"]) for group in joining] == wanted


def _user_data(desk: Desk, group: Any) -> str:
    """The user data of a group's instances with its parts in plain text."""
    named = group["MixedInstancesPolicy"]["LaunchTemplate"]["LaunchTemplateSpecification"]
    data = launch_template(desk, named["LaunchTemplateId"], named["Version"])["UserData"]
    parts = base64.b64decode(data).decode().split("\n\n")[1:]
    return "\n".join(base64.b64decode(part.split("\n")[0]).decode(errors="replace") for part in parts if part)


def test_what_has_no_effect_is_told(account: Desk) -> None:
    told = account.batchyard("local", "status").ok().out
    for name in NAMES:
        assert f"Batchyard-{name}  " in told
    assert "only recorded, without effect here:" in told
    assert "the whole resource: a stand-in AMI is registered and its parameter written, but nothing is built" in told
    assert "the whole resource: its instances are held and shown, but none boots" in told
