"""AWS::Batch::ComputeEnvironment: changed in place where `ReplaceComputeEnvironment` is false, else replaced.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-batch-computeenvironment.html
and https://docs.aws.amazon.com/batch/latest/userguide/updating-compute-environments.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batchyard.local.cloudformation.errors import ResourceError
from batchyard.local.cloudformation.resources.call import Call
from batchyard.local.cloudformation.resources.ec2 import truth
from batchyard.local.cloudformation.resources.table import Properties, ResourceType, applies, creates

_AT_CREATION = (
    "Type",
    "State",
    "UnmanagedvCpus",
    "ComputeResources",
    "ServiceRole",
    "EksConfiguration",
    "EcsSettings",
    "Context",
    "Tags",
)
_IN_PLACE = ("State", "UnmanagedvCpus", "ServiceRole", "EcsSettings", "Context")
#: Members of ComputeResources that scale an environment; any other one changes its instances.
_SCALING = frozenset({"MinvCpus", "MaxvCpus", "DesiredvCpus", "ScalingPolicy"})
_UPDATE_ONLY = "UpdateToLatestImageVersion"
#: What takes a member away again (API reference, ComputeResourceUpdate); no other one can be taken away in place.
_REMOVED: Mapping[str, Any] = {
    "BidPercentage": 100,
    "Ec2KeyPair": "",
    "ImageId": "",
    "LaunchTemplate": {"launchTemplateId": ""},
    "MinvCpus": 0,
    "Tags": {},
    _UPDATE_ONLY: False,
}


def _status(call: Call, arn: str) -> str:
    found = call.client("batch").describe_compute_environments(computeEnvironments=[arn])
    environments = found["computeEnvironments"]
    return str(environments[0]["status"]) if environments else "DELETED"


def _settle(call: Call, arn: str) -> None:
    call.wait(arn, lambda: _status(call, arn) in ("VALID", "INVALID"))
    if _status(call, arn) == "INVALID":
        found = call.client("batch").describe_compute_environments(computeEnvironments=[arn])
        reason = found["computeEnvironments"][0].get("statusReason", "no reason given")
        raise ResourceError(f"{arn} is INVALID: {reason}")


def _create(call: Call, properties: Properties) -> str:
    given = {key: properties[key] for key in _AT_CREATION if key in properties}
    given["Type"] = str(properties["Type"]).upper()
    given["ComputeEnvironmentName"] = properties.get("ComputeEnvironmentName") or call.generated_name(128)
    if resources := properties.get("ComputeResources"):
        given["ComputeResources"] = {key: value for key, value in resources.items() if key != _UPDATE_ONLY}
    arn = call.claim(call.invoke("batch", "CreateComputeEnvironment", given)["computeEnvironmentArn"])
    _settle(call, arn)
    return arn


def _changed_resources(old: Properties, new: Properties) -> dict[str, Any]:
    before, after = old.get("ComputeResources", {}), new.get("ComputeResources", {})
    changed = {key: value for key, value in after.items() if before.get(key) != value}
    for key in before.keys() - after.keys():
        if key == "DesiredvCpus":
            continue  # An initial value only: Batch itself moves it.
        if key not in _REMOVED:
            raise ResourceError(f"ComputeResources.{key} cannot be removed from a compute environment in place")
        changed[key] = _REMOVED[key]
    if changed.keys() - _SCALING and truth(after.get(_UPDATE_ONLY, False)):
        changed[_UPDATE_ONLY] = True
    return changed


def _update(call: Call, arn: str, old: Properties, new: Properties) -> None:
    given = {key: new[key] for key in _IN_PLACE if key in new and old.get(key) != new[key]}
    if "State" in old and "State" not in new:
        given["State"] = "ENABLED"
    if resources := _changed_resources(old, new):
        given["ComputeResources"] = resources
        if "UpdatePolicy" in new and resources.keys() - _SCALING:
            given["UpdatePolicy"] = new["UpdatePolicy"]
    if given:
        call.invoke("batch", "UpdateComputeEnvironment", {**given, "ComputeEnvironment": arn})
        _settle(call, arn)


def _replaced_resources(old: Properties, new: Properties) -> frozenset[str]:
    """Without `ReplaceComputeEnvironment: false`, whatever changes the instances replaces the environment."""
    if not truth(new.get("ReplaceComputeEnvironment", True)):
        return frozenset()
    before, after = old.get("ComputeResources") or {}, new.get("ComputeResources") or {}
    changed = {key for key in {*before, *after} if before.get(key) != after.get(key)}
    if str(after.get("Type", "")).upper().startswith("FARGATE"):
        changed -= {"SecurityGroupIds", "Subnets"}
    return frozenset({"ComputeResources"}) if changed - _SCALING - {_UPDATE_ONLY} else frozenset()


def _delete(call: Call, arn: str, _properties: Properties) -> None:
    batch = call.client("batch")
    if _status(call, arn) == "DELETED":
        return
    batch.update_compute_environment(computeEnvironment=arn, state="DISABLED")
    call.wait(arn, lambda: _status(call, arn) in ("VALID", "INVALID"))
    batch.delete_compute_environment(computeEnvironment=arn)
    call.wait(arn, lambda: _status(call, arn) == "DELETED")


COMPUTE_ENVIRONMENT = ResourceType(
    "AWS::Batch::ComputeEnvironment",
    properties=creates("CreateComputeEnvironment", "ComputeEnvironmentName", "Type", "Tags", "EksConfiguration")
    | applies("UpdateComputeEnvironment", *_IN_PLACE, "ComputeResources", "UpdatePolicy")
    | applies("CloudFormation itself: in place or replacement", "ReplaceComputeEnvironment"),
    create=_create,
    update=_update,
    delete=_delete,
    attributes=lambda _call, arn, _properties: {"ComputeEnvironmentArn": arn},
    named_by="ComputeEnvironmentName",
    also_replaces=_replaced_resources,
    tags="map",
    required=frozenset({"Type"}),
)

TYPES = (COMPUTE_ENVIRONMENT,)
