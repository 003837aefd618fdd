"""AWS::AutoScaling::AutoScalingGroup: held and described, its instances too; none of them boots.

An update sends the sizes that it changes, and no others: what the update policy that stacks are given asks for.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-autoscaling-autoscalinggroup.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batchyard.local.cloudformation.errors import ResourceError
from batchyard.local.cloudformation.resources import tags
from batchyard.local.cloudformation.resources.call import Call
from batchyard.local.cloudformation.resources.table import Properties, ResourceType, applies, creates, records

_SETTINGS = (
    "AvailabilityZones",
    "DesiredCapacity",
    "HealthCheckGracePeriod",
    "HealthCheckType",
    "LaunchTemplate",
    "MaxSize",
    "MinSize",
    "MixedInstancesPolicy",
    "NewInstancesProtectedFromScaleIn",
    "VPCZoneIdentifier",
)
_NAME = "AutoScalingGroupName"
#: A group keeps the number of instances that it has when a template does not say one any more.
_MAY_GO = frozenset({"DesiredCapacity"})


def _given(properties: Properties) -> dict[str, Any]:
    given = {name: properties[name] for name in _SETTINGS if name in properties}
    if "VPCZoneIdentifier" in given:
        given["VPCZoneIdentifier"] = ",".join(given["VPCZoneIdentifier"])
    return given


def _labels(name: str, labels: Any) -> list[dict[str, Any]]:
    return [{**label, "ResourceId": name, "ResourceType": "auto-scaling-group"} for label in labels or []]


def _create(call: Call, properties: Properties) -> str:
    name = str(properties.get(_NAME) or call.generated_name())
    given = {**_given(properties), _NAME: name, "Tags": _labels(name, properties.get("Tags"))}
    call.invoke("autoscaling", "CreateAutoScalingGroup", given)
    return call.claim(name)


def _update(call: Call, name: str, old: Properties, new: Properties) -> None:
    before, after = _given(old), _given(new)
    if gone := sorted(before.keys() - after.keys() - _MAY_GO):
        raise ResourceError(f"{', '.join(gone)} of {name} cannot be taken away from an Auto Scaling group here")
    changed = {key: value for key, value in after.items() if before.get(key) != value}
    if changed:
        call.invoke("autoscaling", "UpdateAutoScalingGroup", {**changed, _NAME: name})
    _, removed = tags.changes(old.get("Tags"), new.get("Tags"))
    if removed:
        gone_labels = [label for label in old["Tags"] if label["Key"] in removed]
        call.invoke("autoscaling", "DeleteTags", {"Tags": _labels(name, gone_labels)})
    if old.get("Tags") != new.get("Tags") and new.get("Tags"):
        call.invoke("autoscaling", "CreateOrUpdateTags", {"Tags": _labels(name, new["Tags"])})


def _delete(call: Call, name: str, _properties: Properties) -> None:
    client = call.client("autoscaling")
    found: list[Mapping[str, Any]] = client.describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
        "AutoScalingGroups"
    ]
    protected = [each["InstanceId"] for group in found for each in group["Instances"] if each["ProtectedFromScaleIn"]]
    if protected:
        # AWS waits for them first, long and in vain: CloudFormation does not force the deletion.
        raise ResourceError(
            f"Auto Scaling group {name} has instances that are protected from scale-in: {', '.join(protected)}"
        )
    if found:
        client.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)


GROUP = ResourceType(
    "AWS::AutoScaling::AutoScalingGroup",
    properties=creates("CreateAutoScalingGroup", _NAME)
    | applies("UpdateAutoScalingGroup", *_SETTINGS)
    | applies("CreateOrUpdateTags", "Tags")
    | records(
        "nothing reclaims instances or scales groups here", "CapacityRebalance", "Cooldown", "TerminationPolicies"
    ),
    create=_create,
    update=_update,
    delete=_delete,
    named_by=_NAME,
    inert="its instances are held and shown, but none boots: this machine stands for all instances",
    required=frozenset({"MaxSize", "MinSize"}),
)

TYPES = (GROUP,)
