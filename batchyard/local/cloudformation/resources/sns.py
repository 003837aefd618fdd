"""AWS::SNS: topics, their policies and subscriptions."""

from __future__ import annotations

import json
from typing import Any

from batchyard.local.cloudformation.intrinsics import text
from batchyard.local.cloudformation.resources import tags
from batchyard.local.cloudformation.resources.call import Call
from batchyard.local.cloudformation.resources.table import Properties, ResourceType, applies, creates

_ATTRIBUTES = ("DisplayName", "KmsMasterKeyId", "TracingConfig", "SignatureVersion")


def _create_topic(call: Call, properties: Properties) -> str:
    name = properties.get("TopicName") or call.generated_name(256)
    attributes = {key: text(properties[key]) for key in _ATTRIBUTES if key in properties}
    if text(properties.get("FifoTopic", False)) == "true":
        attributes["FifoTopic"] = "true"
    made = call.client("sns").create_topic(Name=name, Attributes=attributes, Tags=tags.as_list(properties.get("Tags")))
    return call.claim(made["TopicArn"])


def _update_topic(call: Call, arn: str, old: Properties, new: Properties) -> None:
    sns = call.client("sns")
    for key in _ATTRIBUTES:
        if old.get(key) != new.get(key):
            sns.set_topic_attributes(TopicArn=arn, AttributeName=key, AttributeValue=text(new.get(key, "")))
    added, removed = tags.changes(old.get("Tags"), new.get("Tags"))
    if removed:
        sns.untag_resource(ResourceArn=arn, TagKeys=removed)
    if added:
        sns.tag_resource(ResourceArn=arn, Tags=tags.as_list(added))


TOPIC = ResourceType(
    "AWS::SNS::Topic",
    properties=creates("CreateTopic", "TopicName", "FifoTopic")
    | applies("SetTopicAttributes", *_ATTRIBUTES)
    | applies("TagResource", "Tags"),
    create=_create_topic,
    update=_update_topic,
    delete=lambda call, arn, _properties: call.client("sns").delete_topic(TopicArn=arn),
    attributes=lambda _call, arn, _properties: {"TopicArn": arn, "TopicName": arn.rsplit(":", 1)[1]},
    named_by="TopicName",
    tags="list",
)


def _create_policy(call: Call, properties: Properties) -> str:
    _put_policy(call, properties)
    return call.generated_name(128)


def _put_policy(call: Call, properties: Properties) -> None:
    for topic in properties["Topics"]:
        call.client("sns").set_topic_attributes(
            TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(properties["PolicyDocument"])
        )


def _update_policy(call: Call, _physical_id: str, _old: Properties, new: Properties) -> None:
    _put_policy(call, new)


# A topic cannot be without a policy: as on AWS, the end of this resource leaves the topic's policy as it is.
TOPIC_POLICY = ResourceType(
    "AWS::SNS::TopicPolicy",
    properties=applies("SetTopicAttributes", "Topics", "PolicyDocument"),
    create=_create_policy,
    update=_update_policy,
    attributes=lambda _call, physical_id, _properties: {"Id": physical_id},
    required=frozenset({"Topics", "PolicyDocument"}),
)

_JSON_SETTINGS = ("FilterPolicy", "RedrivePolicy", "DeliveryPolicy")
_SETTINGS = (*_JSON_SETTINGS, "FilterPolicyScope", "RawMessageDelivery")


def _setting(properties: Properties, key: str) -> str:
    value = properties[key]
    return json.dumps(value) if key in _JSON_SETTINGS and not isinstance(value, str) else text(value)


def _subscribe(call: Call, properties: Properties) -> str:
    made = call.client("sns").subscribe(
        TopicArn=properties["TopicArn"],
        Protocol=properties["Protocol"],
        Endpoint=properties.get("Endpoint", ""),
        Attributes={key: _setting(properties, key) for key in _SETTINGS if key in properties},
        ReturnSubscriptionArn=True,
    )
    return call.claim(made["SubscriptionArn"])


def _update_subscription(call: Call, arn: str, old: Properties, new: Properties) -> None:
    for key in _SETTINGS:
        if old.get(key) != new.get(key):
            value = _setting(new, key) if key in new else ""
            call.client("sns").set_subscription_attributes(SubscriptionArn=arn, AttributeName=key, AttributeValue=value)


def _subscription_attributes(_call: Call, arn: str, _properties: Properties) -> dict[str, Any]:
    return {"Arn": arn}


SUBSCRIPTION = ResourceType(
    "AWS::SNS::Subscription",
    properties=creates("Subscribe", "TopicArn", "Protocol", "Endpoint")
    | applies("SetSubscriptionAttributes", *_SETTINGS),
    create=_subscribe,
    update=_update_subscription,
    delete=lambda call, arn, _properties: call.client("sns").unsubscribe(SubscriptionArn=arn),
    attributes=_subscription_attributes,
    required=frozenset({"TopicArn", "Protocol"}),
)

TYPES = (TOPIC, TOPIC_POLICY, SUBSCRIPTION)
