"""Compute environments, queues, job definitions, scheduling policies and tags, through boto3."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.batch_platform import managed, platform, unique
from tests.support.batch_server import Server

pytest_plugins = ["tests.support.batch_server_fixtures"]


@pytest.fixture(scope="module")
def batch(server: Server) -> Any:
    return server.batch


def the_environment(batch: Any, name: str) -> dict[str, Any]:
    (found,) = batch.describe_compute_environments(computeEnvironments=[name])["computeEnvironments"]
    return dict(found)


def the_queue(batch: Any, name: str) -> dict[str, Any]:
    (found,) = batch.describe_job_queues(jobQueues=[name])["jobQueues"]
    return dict(found)


def test_a_managed_environment_is_described_as_given_with_the_defaults_of_batch(server: Server, batch: Any) -> None:
    request = managed("described", bidPercentage=80, type="SPOT", tags={"team": "a"}, minvCpus=2)
    answer = batch.create_compute_environment(**request, tags={"cost": "1"})
    found = the_environment(batch, answer["computeEnvironmentArn"])
    assert found.pop("ecsClusterArn").startswith("arn:aws:ecs:us-east-1:123456789012:cluster/AWSBatch-described-")
    assert len(found.pop("uuid")) == 36
    assert found == {
        "computeEnvironmentName": "described",
        "computeEnvironmentArn": "arn:aws:batch:us-east-1:123456789012:compute-environment/described",
        "type": "MANAGED",
        "state": "ENABLED",
        "status": "VALID",
        "statusReason": "ComputeEnvironment Healthy",
        "containerOrchestrationType": "ECS",
        "serviceRole": ("arn:aws:iam::123456789012:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch"),
        "tags": {"cost": "1"},
        "updatePolicy": {"terminateJobsOnUpdate": False, "jobExecutionTimeoutMinutes": 30},
        "computeResources": {
            **request["computeResources"],
            "desiredvCpus": 2,
            "ec2Configuration": [{"imageType": "ECS_AL2023"}],
        },
    }
    again = the_environment(batch, "described")
    assert {name: again[name] for name in found} == found


def test_an_environment_has_an_ecs_cluster_that_goes_with_it(server: Server, batch: Any) -> None:
    batch.create_compute_environment(**managed("clustered"))
    cluster = the_environment(batch, "clustered")["ecsClusterArn"]
    assert cluster in server.client("ecs").list_clusters()["clusterArns"]
    batch.update_compute_environment(computeEnvironment="clustered", state="DISABLED")
    batch.delete_compute_environment(computeEnvironment="clustered")
    (found,) = server.client("ecs").describe_clusters(clusters=[cluster])["clusters"] or [{"status": "INACTIVE"}]
    assert found["status"] == "INACTIVE"
    assert batch.describe_compute_environments(computeEnvironments=["clustered"])["computeEnvironments"] == []


def test_the_type_may_be_written_in_lower_case_as_the_cdk_does(batch: Any) -> None:
    batch.create_compute_environment(**{**managed("lower"), "type": "managed"})
    assert the_environment(batch, "lower")["type"] == "MANAGED"


def test_an_unmanaged_environment_needs_a_role_and_no_resources(batch: Any) -> None:
    role = "arn:aws:iam::123456789012:role/batch"
    batch.create_compute_environment(
        computeEnvironmentName="unmanaged", type="UNMANAGED", unmanagedvCpus=4, serviceRole=role
    )
    found = the_environment(batch, "unmanaged")
    assert (found["serviceRole"], found["unmanagedvCpus"]) == (role, 4)
    assert "computeResources" not in found
    assert found["ecsClusterArn"]


def test_an_update_changes_what_it_names_and_nothing_else(batch: Any) -> None:
    batch.create_compute_environment(**managed("updated", imageId="ami-1"))
    before = the_environment(batch, "updated")
    template = {"launchTemplateId": "lt-1", "version": "7"}
    batch.update_compute_environment(
        computeEnvironment="updated",
        state="DISABLED",
        computeResources={
            "maxvCpus": 32,
            "imageId": "",
            "launchTemplate": template,
            "updateToLatestImageVersion": True,
        },
    )
    after = the_environment(batch, "updated")
    assert after["state"] == "DISABLED"
    expected = {**before["computeResources"], "maxvCpus": 32, "launchTemplate": template}
    del expected["imageId"]
    assert after["computeResources"] == expected


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"minvCpus": 9}, r"minvCpus \(9\) must be less than or equal to maxvCpus \(8\)"),
        ({"type": "EC2", "allocationStrategy": "SPOT_CAPACITY_OPTIMIZED"}, "is allowed for SPOT only"),
        ({"bidPercentage": 101}, "bidPercentage must be between 0 and 100, but was 101"),
        ({"subnets": []}, "computeResources of type EC2 need subnets"),
        ({"type": "FARGATE"}, "must not be provided for FARGATE"),
        ({"desiredvCpus": 99}, "desiredvCpus must be between 0 and 8"),
        (
            {"launchTemplate": {"launchTemplateId": "lt-1", "launchTemplateName": "x"}},
            "Only one of launchTemplateId and launchTemplateName",
        ),
    ],
)
def test_resources_that_contradict_each_other_are_refused(batch: Any, change: dict[str, Any], words: str) -> None:
    with pytest.raises(ClientError, match=words):
        batch.create_compute_environment(**managed(unique("bad"), **change))


@pytest.mark.parametrize(
    ("given", "change", "words"),
    [
        ({"allocationStrategy": "BEST_FIT"}, {"instanceTypes": ["m5"]}, "its allocation strategy is BEST_FIT"),
        ({"minvCpus": 4}, {"desiredvCpus": 9}, "desiredvCpus must be between 4 and 8"),
        ({"desiredvCpus": 4}, {"desiredvCpus": 3}, "Manually scaling down"),
    ],
)
def test_updates_that_batch_cannot_do_in_place_are_refused(
    batch: Any, given: dict[str, Any], change: dict[str, Any], words: str
) -> None:
    name = unique("fixed")
    batch.create_compute_environment(**managed(name, **given))
    with pytest.raises(ClientError, match=words):
        batch.update_compute_environment(computeEnvironment=name, computeResources=change)


def test_an_environment_is_deleted_only_when_disabled_and_in_no_queue(server: Server, batch: Any) -> None:
    mine = platform(server)
    with pytest.raises(ClientError, match="state must be DISABLED"):
        batch.delete_compute_environment(computeEnvironment=mine.environment)
    batch.update_compute_environment(computeEnvironment=mine.environment, state="DISABLED")
    with pytest.raises(ClientError, match=f"existing JobQueue relationship: {mine.queue}"):
        batch.delete_compute_environment(computeEnvironment=mine.environment)
    with pytest.raises(ClientError, match="state must be DISABLED"):
        batch.delete_job_queue(jobQueue=mine.queue)
    batch.update_job_queue(jobQueue=mine.queue, state="DISABLED")
    batch.delete_job_queue(jobQueue=mine.queue)
    batch.delete_compute_environment(computeEnvironment=mine.environment)
    assert batch.describe_job_queues(jobQueues=[mine.queue])["jobQueues"] == []


def test_a_queue_is_described_with_the_arns_of_its_environments(batch: Any) -> None:
    for name in ("first", "second"):
        batch.create_compute_environment(**managed(name))
    arns = [the_environment(batch, name)["computeEnvironmentArn"] for name in ("first", "second")]
    limit = {
        "reason": "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
        "state": "RUNNABLE",
        "maxTimeSeconds": 600,
        "action": "CANCEL",
    }
    batch.create_job_queue(
        jobQueueName="ordered",
        priority=5,
        computeEnvironmentOrder=[
            {"order": 1, "computeEnvironment": "second"},
            {"order": 2, "computeEnvironment": arns[0]},
        ],
        jobStateTimeLimitActions=[limit],
        tags={"a": "b"},
    )
    assert the_queue(batch, "ordered") == {
        "jobQueueName": "ordered",
        "jobQueueArn": "arn:aws:batch:us-east-1:123456789012:job-queue/ordered",
        "state": "ENABLED",
        "status": "VALID",
        "statusReason": "JobQueue Healthy",
        "priority": 5,
        "computeEnvironmentOrder": [
            {"order": 1, "computeEnvironment": arns[1]},
            {"order": 2, "computeEnvironment": arns[0]},
        ],
        "jobQueueType": "ECS",
        "jobStateTimeLimitActions": [limit],
        "tags": {"a": "b"},
    }
    batch.update_job_queue(jobQueue="ordered", priority=50)
    assert the_queue(batch, "ordered")["priority"] == 50
    assert the_queue(batch, "ordered")["jobStateTimeLimitActions"] == [limit]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "nobody"}]}, "nobody not found"),
        ({"computeEnvironmentOrder": []}, "must name at least one compute environment"),
        ({"priority": 1001}, "priority must be between 0 and 1000, but was 1001"),
        ({"jobQueueName": "no spaces"}, "should match valid pattern"),
        ({"schedulingPolicyArn": "arn:aws:batch:us-east-1:123456789012:scheduling-policy/no"}, "not found"),
    ],
)
def test_queues_that_cannot_be_are_refused(batch: Any, change: dict[str, Any], words: str) -> None:
    name = unique("environment")
    batch.create_compute_environment(**managed(name))
    request = {
        "jobQueueName": unique("queue"),
        "priority": 1,
        "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": name}],
    }
    with pytest.raises(ClientError, match=words):
        batch.create_job_queue(**{**request, **change})


def test_regions_do_not_see_each_other(server: Server, batch: Any) -> None:
    batch.create_compute_environment(**managed("here"))
    elsewhere = server.client("batch", "eu-west-1")
    assert elsewhere.describe_compute_environments(computeEnvironments=["here"])["computeEnvironments"] == []


def test_job_definitions_have_revisions_that_stay_as_registered(batch: Any) -> None:
    container = {"image": "a:1", "vcpus": 1, "memory": 64, "environment": [{"name": "A", "value": "1"}]}
    arns = [
        batch.register_job_definition(
            jobDefinitionName="revised", type="container", containerProperties={**container, "image": image}
        )["jobDefinitionArn"]
        for image in ("a:1", "a:2")
    ]
    assert [arn.rpartition("/")[2] for arn in arns] == ["revised:1", "revised:2"]
    batch.deregister_job_definition(jobDefinition="revised:1")
    active = batch.describe_job_definitions(jobDefinitionName="revised", status="ACTIVE")["jobDefinitions"]
    assert [one["revision"] for one in active] == [2]
    every = batch.describe_job_definitions(jobDefinitionName="revised")["jobDefinitions"]
    assert [(one["revision"], one["status"]) for one in every] == [(2, "ACTIVE"), (1, "INACTIVE")]
    (first,) = batch.describe_job_definitions(jobDefinitions=[arns[0]])["jobDefinitions"]
    assert first["containerProperties"] == {
        **container,
        "command": [],
        "volumes": [],
        "mountPoints": [],
        "ulimits": [],
        "resourceRequirements": [],
        "secrets": [],
    }


def test_pages_hold_as_many_as_asked_for(batch: Any) -> None:
    for _ in range(5):
        batch.register_job_definition(
            jobDefinitionName="paged",
            type="container",
            containerProperties={"image": "a", "vcpus": 1, "memory": 64},
        )
    pages = batch.get_paginator("describe_job_definitions").paginate(
        jobDefinitionName="paged", PaginationConfig={"PageSize": 2}
    )
    revisions = [[one["revision"] for one in page["jobDefinitions"]] for page in pages]
    assert revisions == [[5, 4], [3, 2], [1]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"containerProperties": {"image": "a", "vcpus": 1}}, "must state memory"),
        ({"timeout": {"attemptDurationSeconds": 59}}, "must be at least 60, but was 59"),
        ({"retryStrategy": {"attempts": 11}}, "must be between 1 and 10, but was 11"),
        ({"retryStrategy": {"evaluateOnExit": [{"action": "RETRY", "onReason": "*"}]}}, "attempts must be"),
        ({"retryStrategy": {"attempts": 2, "evaluateOnExit": [{"action": "EXIT", "onExitCode": "x"}]}}, "'x'"),
        ({"type": "multinode"}, "needs nodeProperties"),
        (
            {
                "containerProperties": {
                    "image": "a",
                    "vcpus": 1,
                    "memory": 1,
                    "environment": [{"name": "AWS_BATCH_X", "value": ""}],
                }
            },
            "cannot start with 'AWS_BATCH'",
        ),
    ],
)
def test_job_definitions_that_cannot_be_are_refused(batch: Any, change: dict[str, Any], words: str) -> None:
    request = {
        "jobDefinitionName": "bad",
        "type": "container",
        "containerProperties": {"image": "a", "vcpus": 1, "memory": 64},
    }
    with pytest.raises(ClientError, match=words):
        batch.register_job_definition(**{**request, **change})


def test_the_action_of_a_condition_may_be_written_in_any_case(batch: Any) -> None:
    batch.register_job_definition(
        jobDefinitionName="cased",
        type="container",
        containerProperties={"image": "a", "vcpus": 1, "memory": 64},
        retryStrategy={"attempts": 2, "evaluateOnExit": [{"action": "retry", "onReason": "x"}]},
    )
    (found,) = batch.describe_job_definitions(jobDefinitionName="cased")["jobDefinitions"]
    assert found["retryStrategy"]["evaluateOnExit"] == [{"action": "RETRY", "onReason": "x"}]


def test_scheduling_policies_can_be_made_used_and_deleted(server: Server, batch: Any) -> None:
    share = {"shareDecaySeconds": 60, "shareDistribution": [{"shareIdentifier": "a", "weightFactor": 0.5}]}
    arn = batch.create_scheduling_policy(name="fair", fairsharePolicy=share, tags={"k": "v"})["arn"]
    (found,) = batch.describe_scheduling_policies(arns=[arn])["schedulingPolicies"]
    assert found == {"name": "fair", "arn": arn, "fairsharePolicy": share, "tags": {"k": "v"}}
    mine = platform(server)
    order = [{"order": 1, "computeEnvironment": mine.environment}]
    batch.create_job_queue(jobQueueName="shared", priority=1, computeEnvironmentOrder=order, schedulingPolicyArn=arn)
    with pytest.raises(ClientError, match="is used by: shared"):
        batch.delete_scheduling_policy(arn=arn)
    batch.update_job_queue(jobQueue="shared", state="DISABLED")
    batch.delete_job_queue(jobQueue="shared")
    batch.delete_scheduling_policy(arn=arn)
    assert arn not in [one["arn"] for one in batch.list_scheduling_policies()["schedulingPolicies"]]


def test_tags_of_every_kind_of_resource_can_be_changed(server: Server, batch: Any) -> None:
    mine = platform(server)
    definition = mine.define(["true"])
    job = mine.submit(definition, tags={"old": "1"})
    arns = [
        the_environment(batch, mine.environment)["computeEnvironmentArn"],
        the_queue(batch, mine.queue)["jobQueueArn"],
        definition,
        mine.job(job)["jobArn"],
    ]
    for arn in arns:
        before = batch.list_tags_for_resource(resourceArn=arn)["tags"]
        batch.tag_resource(resourceArn=arn, tags={"a": "1", "b/c": "2"})
        batch.untag_resource(resourceArn=arn, tagKeys=["a", "absent"])
        assert batch.list_tags_for_resource(resourceArn=arn)["tags"] == {**before, "b/c": "2"}
    assert mine.job(job)["tags"] == {"old": "1", "b/c": "2"}
    with pytest.raises(ClientError, match="not found"):
        batch.list_tags_for_resource(resourceArn=f"{arns[1]}x")
