"""AWS::EC2: security groups and their rules."""

from __future__ import annotations

from typing import Any

from batchyard.local.cloudformation.errors import ResourceError
from batchyard.local.cloudformation.resources.call import Call
from batchyard.local.cloudformation.resources.ec2 import and_retag, creation
from batchyard.local.cloudformation.resources.table import Properties, ResourceType, applies, creates

_EVERYTHING_OUT = {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}
_SOURCES = {
    "CidrIp": ("IpRanges", "CidrIp"),
    "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "SourcePrefixListId": ("PrefixListIds", "PrefixListId"),
    "DestinationPrefixListId": ("PrefixListIds", "PrefixListId"),
    "SourceSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
    "DestinationSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
}
_RULE = frozenset({"IpProtocol", "FromPort", "ToPort", "Description", *_SOURCES})


def _permission(call: Call, rule: Properties) -> dict[str, Any]:
    unknown = sorted(set(rule) - _RULE)
    if unknown:
        raise ResourceError(
            f"The local account does not support {unknown[0]} in a rule of {call.logical_id}. "
            f"Supported: {', '.join(sorted(_RULE))}."
        )
    made: dict[str, Any] = {"IpProtocol": str(rule["IpProtocol"])}
    for port in ("FromPort", "ToPort"):
        if port in rule:
            made[port] = int(rule[port])
    for name, (member, key) in _SOURCES.items():
        if name in rule:
            described = {"Description": rule["Description"]} if "Description" in rule else {}
            made[member] = [{key: rule[name], **described}]
    return made


def _create_group(call: Call, properties: Properties) -> str:
    given = {
        **properties,
        "GroupName": properties.get("GroupName") or call.generated_name(),
        "Description": properties["GroupDescription"],
    }
    made = creation(call, "CreateSecurityGroup", "security-group", given, "GroupName", "Description", "VpcId")
    group_id = call.claim(made["GroupId"])
    # A new group lets everything out; rules in the template take that rule's place.
    _set_rules(call, group_id, {"SecurityGroupEgress": [_EVERYTHING_OUT]}, _with_default_egress(properties))
    return group_id


def _with_default_egress(properties: Properties) -> Properties:
    return (
        properties
        if properties.get("SecurityGroupEgress")
        else {**properties, "SecurityGroupEgress": [_EVERYTHING_OUT]}
    )


def _comparable(rule: Properties) -> dict[str, str]:
    return {name: str(value) for name, value in rule.items() if name != "Description"}


def _set_rules(call: Call, group_id: str, old: Properties, new: Properties) -> None:
    for name, direction in (("SecurityGroupIngress", "ingress"), ("SecurityGroupEgress", "egress")):
        before, after = list(old.get(name, [])), list(new.get(name, []))
        kept = [_comparable(rule) for rule in before], [_comparable(rule) for rule in after]
        gone = [rule for rule in before if _comparable(rule) not in kept[1]]
        come = [rule for rule in after if _comparable(rule) not in kept[0]]
        ec2 = call.client("ec2")
        if gone:
            revoke = getattr(ec2, f"revoke_security_group_{direction}")
            revoke(GroupId=group_id, IpPermissions=[_permission(call, rule) for rule in gone])
        if come:
            authorize = getattr(ec2, f"authorize_security_group_{direction}")
            authorize(GroupId=group_id, IpPermissions=[_permission(call, rule) for rule in come])


def _update_group(call: Call, group_id: str, old: Properties, new: Properties) -> None:
    _set_rules(call, group_id, _with_default_egress(old), _with_default_egress(new))


def _group_attributes(call: Call, group_id: str, _properties: Properties) -> dict[str, Any]:
    group = call.client("ec2").describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]
    return {"GroupId": group_id, "Id": group_id, "VpcId": group.get("VpcId", "")}


SECURITY_GROUP = ResourceType(
    "AWS::EC2::SecurityGroup",
    properties=creates("CreateSecurityGroup", "GroupName", "GroupDescription", "VpcId")
    | applies("AuthorizeSecurityGroupIngress", "SecurityGroupIngress")
    | applies("AuthorizeSecurityGroupEgress", "SecurityGroupEgress")
    | applies("CreateTags", "Tags"),
    create=_create_group,
    update=and_retag(_update_group),
    delete=lambda call, group_id, _properties: call.client("ec2").delete_security_group(GroupId=group_id),
    attributes=_group_attributes,
    named_by="GroupName",
    tags="list",
    required=frozenset({"GroupDescription"}),
)


def _rule_type(direction: str, *sources: str) -> ResourceType:
    operation = f"AuthorizeSecurityGroup{direction}"
    authorize, revoke = (f"{verb}_security_group_{direction.lower()}" for verb in ("authorize", "revoke"))

    def permission(call: Call, properties: Properties) -> dict[str, Any]:
        rule = {name: value for name, value in properties.items() if name != "GroupId"}
        return {"GroupId": properties["GroupId"], "IpPermissions": [_permission(call, rule)]}

    def create(call: Call, properties: Properties) -> str:
        made = getattr(call.client("ec2"), authorize)(**permission(call, properties))
        return call.claim(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def delete(call: Call, _rule_id: str, properties: Properties) -> None:
        getattr(call.client("ec2"), revoke)(**permission(call, properties))

    return ResourceType(
        f"AWS::EC2::SecurityGroup{direction}",
        properties=creates(
            operation, "GroupId", "IpProtocol", "FromPort", "ToPort", "CidrIp", "CidrIpv6", "Description", *sources
        ),
        create=create,
        delete=delete,
        attributes=lambda _call, rule_id, _properties: {"Id": rule_id},
        required=frozenset({"GroupId", "IpProtocol"}),
    )


TYPES = (
    SECURITY_GROUP,
    _rule_type("Ingress", "SourceSecurityGroupId", "SourcePrefixListId"),
    _rule_type("Egress", "DestinationSecurityGroupId", "DestinationPrefixListId"),
)
