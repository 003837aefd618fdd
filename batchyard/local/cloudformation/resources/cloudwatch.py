"""AWS::CloudWatch: alarms."""

from __future__ import annotations

from typing import Any

from batchyard.local.cloudformation.resources import tags
from batchyard.local.cloudformation.resources.call import Call
from batchyard.local.cloudformation.resources.table import Properties, ResourceType, applies, creates

_ALARM = (
    "ActionsEnabled",
    "AlarmActions",
    "AlarmDescription",
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluateLowSampleCountPercentile",
    "EvaluationPeriods",
    "ExtendedStatistic",
    "InsufficientDataActions",
    "MetricName",
    "Metrics",
    "Namespace",
    "OKActions",
    "Period",
    "Statistic",
    "Threshold",
    "ThresholdMetricId",
    "TreatMissingData",
    "Unit",
)


def _put(call: Call, name: str, properties: Properties) -> None:
    given: dict[str, Any] = {key: properties[key] for key in _ALARM if key in properties}
    given["Tags"] = tags.as_list(properties.get("Tags"))
    call.invoke("cloudwatch", "PutMetricAlarm", {**given, "AlarmName": name})


def _create(call: Call, properties: Properties) -> str:
    name = str(properties.get("AlarmName") or call.generated_name())
    _put(call, name, properties)
    return call.claim(name)


def _update(call: Call, name: str, old: Properties, new: Properties) -> None:
    cloudwatch = call.client("cloudwatch")
    _put(call, name, new)
    added, removed = tags.changes(old.get("Tags"), new.get("Tags"))
    arn = _attributes(call, name, new)["Arn"]
    if removed:
        cloudwatch.untag_resource(ResourceARN=arn, TagKeys=removed)
    if added:
        cloudwatch.tag_resource(ResourceARN=arn, Tags=tags.as_list(added))


def _attributes(call: Call, name: str, _properties: Properties) -> dict[str, Any]:
    [found] = call.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return {"Arn": found["AlarmArn"]}


ALARM = ResourceType(
    "AWS::CloudWatch::Alarm",
    properties=creates("PutMetricAlarm", "AlarmName")
    | applies("PutMetricAlarm", *_ALARM)
    | applies("TagResource", "Tags"),
    create=_create,
    update=_update,
    delete=lambda call, name, _properties: call.client("cloudwatch").delete_alarms(AlarmNames=[name]),
    attributes=_attributes,
    named_by="AlarmName",
    tags="list",
    inert="alarms are held and shown, but no metric drives them here",
    required=frozenset({"ComparisonOperator", "EvaluationPeriods"}),
)

TYPES = (ALARM,)
