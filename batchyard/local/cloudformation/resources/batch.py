"""AWS::Batch: job queues, job definitions, scheduling policies, consumable resources.

Compute environments have a file of their own.
"""

from __future__ import annotations

from typing import Any

from batchyard.local.cloudformation.resources.call import Call
from batchyard.local.cloudformation.resources.ec2 import truth
from batchyard.local.cloudformation.resources.table import Properties, ResourceType, applies, creates

_NAME_LIMIT = 128

# -- job queue -------------------------------------------------------------------------------------------

_QUEUE_IN_PLACE = (
    "State",
    "Priority",
    "ComputeEnvironmentOrder",
    "ServiceEnvironmentOrder",
    "SchedulingPolicyArn",
    "JobStateTimeLimitActions",
)


def queue_settled(call: Call, arn: str) -> bool:
    """Whether Batch has finished with the queue's last change."""
    found = call.client("batch").describe_job_queues(jobQueues=[arn])["jobQueues"]
    return bool(found) and found[0]["status"] in ("VALID", "INVALID")


def _create_queue(call: Call, properties: Properties) -> str:
    name = properties.get("JobQueueName") or call.generated_name(_NAME_LIMIT)
    made = call.invoke("batch", "CreateJobQueue", {**properties, "JobQueueName": name})
    arn = call.claim(made["jobQueueArn"])
    call.wait(name, lambda: queue_settled(call, arn))
    return arn


def _update_queue(call: Call, arn: str, old: Properties, new: Properties) -> None:
    given = {name: new[name] for name in _QUEUE_IN_PLACE if name in new}
    if "JobStateTimeLimitActions" in old:
        given.setdefault("JobStateTimeLimitActions", [])
    given.setdefault("State", "ENABLED")
    call.invoke("batch", "UpdateJobQueue", {**given, "JobQueue": arn})
    call.wait(arn, lambda: queue_settled(call, arn))


def _delete_queue(call: Call, arn: str, _properties: Properties) -> None:
    batch = call.client("batch")

    def gone() -> bool:
        found = batch.describe_job_queues(jobQueues=[arn])["jobQueues"]
        return not found or found[0]["status"] == "DELETED"

    if gone():
        return
    batch.update_job_queue(jobQueue=arn, state="DISABLED")
    call.wait(arn, lambda: queue_settled(call, arn))
    batch.delete_job_queue(jobQueue=arn)
    call.wait(arn, gone)


JOB_QUEUE = ResourceType(
    "AWS::Batch::JobQueue",
    properties=creates("CreateJobQueue", "JobQueueName", "JobQueueType", "Tags")
    | applies("UpdateJobQueue", *_QUEUE_IN_PLACE),
    create=_create_queue,
    update=_update_queue,
    delete=_delete_queue,
    attributes=lambda _call, arn, _properties: {"JobQueueArn": arn},
    named_by="JobQueueName",
    tags="map",
    required=frozenset({"Priority"}),
)

# -- job definition --------------------------------------------------------------------------------------

_REGISTERED = (
    "Type",
    "Parameters",
    "SchedulingPriority",
    "ContainerProperties",
    "NodeProperties",
    "EcsProperties",
    "EksProperties",
    "ConsumableResourceProperties",
    "RetryStrategy",
    "PropagateTags",
    "Timeout",
    "PlatformCapabilities",
)


def _register(call: Call, name: str, properties: Properties) -> str:
    given = {key: properties[key] for key in (*_REGISTERED, "Tags") if key in properties}
    given["Type"] = str(properties["Type"]).lower()
    made = call.invoke("batch", "RegisterJobDefinition", {**given, "JobDefinitionName": name})
    return call.claim(made["jobDefinitionArn"])


def _create_definition(call: Call, properties: Properties) -> str:
    return _register(call, properties.get("JobDefinitionName") or call.generated_name(_NAME_LIMIT), properties)


def _update_definition(call: Call, arn: str, old: Properties, new: Properties) -> str | None:
    if all(old.get(key) == new.get(key) for key in _REGISTERED):
        return None
    name = arn.rsplit("/", 1)[-1].rsplit(":", 1)[0]
    latest = _register(call, name, new)
    retention = new.get("ResourceRetentionPolicy", {})
    if not truth(retention.get("SkipDeregisterOnUpdate", False)):
        _deregister(call, arn, old)
    return latest


def _deregister(call: Call, arn: str, _properties: Properties) -> None:
    call.client("batch").deregister_job_definition(jobDefinition=arn)


JOB_DEFINITION = ResourceType(
    "AWS::Batch::JobDefinition",
    properties=creates("RegisterJobDefinition", "JobDefinitionName", "Tags")
    | applies("RegisterJobDefinition", *_REGISTERED)
    | applies("DeregisterJobDefinition", "ResourceRetentionPolicy"),
    create=_create_definition,
    update=_update_definition,
    delete=_deregister,
    attributes=lambda _call, arn, _properties: {"JobDefinitionArn": arn},
    named_by="JobDefinitionName",
    moving=frozenset({"Ref", "JobDefinitionArn"}),
    tags="map",
    required=frozenset({"Type"}),
)

# -- scheduling policy -----------------------------------------------------------------------------------


def _create_policy(call: Call, properties: Properties) -> str:
    name = properties.get("Name") or call.generated_name(_NAME_LIMIT)
    return call.claim(call.invoke("batch", "CreateSchedulingPolicy", {**properties, "Name": name})["arn"])


def _update_policy(call: Call, arn: str, _old: Properties, new: Properties) -> None:
    given = {key: new[key] for key in ("FairsharePolicy", "QuotaSharePolicy") if key in new}
    call.invoke("batch", "UpdateSchedulingPolicy", {"arn": arn, **given})


SCHEDULING_POLICY = ResourceType(
    "AWS::Batch::SchedulingPolicy",
    properties=creates("CreateSchedulingPolicy", "Name", "Tags")
    | applies("UpdateSchedulingPolicy", "FairsharePolicy", "QuotaSharePolicy"),
    create=_create_policy,
    update=_update_policy,
    delete=lambda call, arn, _properties: call.client("batch").delete_scheduling_policy(arn=arn),
    attributes=lambda _call, arn, _properties: {"Arn": arn},
    named_by="Name",
    tags="map",
)

# -- consumable resource ---------------------------------------------------------------------------------


def _create_consumable(call: Call, properties: Properties) -> str:
    name = properties.get("ConsumableResourceName") or call.generated_name(_NAME_LIMIT)
    made = call.invoke("batch", "CreateConsumableResource", {**properties, "ConsumableResourceName": name})
    return call.claim(made["consumableResourceArn"])


def _update_consumable(call: Call, arn: str, _old: Properties, new: Properties) -> None:
    quantity = {"operation": "SET", "quantity": new["TotalQuantity"]}
    call.invoke("batch", "UpdateConsumableResource", {"consumableResource": arn, **quantity})


def _delete_consumable(call: Call, arn: str, _properties: Properties) -> None:
    call.client("batch").delete_consumable_resource(consumableResource=arn)


def _consumable_attributes(call: Call, arn: str, _properties: Properties) -> dict[str, Any]:
    found = call.client("batch").describe_consumable_resource(consumableResource=arn)
    shown = {
        "ConsumableResourceArn": "consumableResourceArn",
        "AvailableQuantity": "availableQuantity",
        "InUseQuantity": "inUseQuantity",
        "CreatedAt": "createdAt",
    }
    return {name: found[key] for name, key in shown.items() if key in found}


CONSUMABLE_RESOURCE = ResourceType(
    "AWS::Batch::ConsumableResource",
    properties=creates("CreateConsumableResource", "ConsumableResourceName", "ResourceType", "Tags")
    | applies("UpdateConsumableResource", "TotalQuantity"),
    create=_create_consumable,
    update=_update_consumable,
    delete=_delete_consumable,
    attributes=_consumable_attributes,
    named_by="ConsumableResourceName",
    tags="map",
    required=frozenset({"TotalQuantity", "ResourceType"}),
)

TYPES = (JOB_QUEUE, JOB_DEFINITION, SCHEDULING_POLICY, CONSUMABLE_RESOURCE)
