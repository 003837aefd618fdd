"""Rules of security groups, and whether one lets through all that another lets through.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-ec2-securitygroup-ingress.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from batchyard.review.words import readable

_GROUP = "AWS::EC2::SecurityGroup"
_INLINE = {"SecurityGroupIngress": True, "SecurityGroupEgress": False}
_APART = {"AWS::EC2::SecurityGroupIngress": True, "AWS::EC2::SecurityGroupEgress": False}
_PEERS = (
    "CidrIp",
    "CidrIpv6",
    "SourceSecurityGroupId",
    "DestinationSecurityGroupId",
    "SourcePrefixListId",
    "DestinationPrefixListId",
)
_EVERYTHING = "-1"
#: The broadcast address, which a VPC carries nothing to or from (Amazon VPC FAQs, "broadcast"). CDK writes a rule for
#: it where nothing may go out.
_NOBODY = "255.255.255.255/32"


@dataclass(frozen=True)
class Rule:
    """One rule of a security group."""

    group: str
    """The group's logical id, or what else names it."""
    inwards: bool
    protocol: str
    ports: tuple[str, str]
    peer: str

    def covers(self, inner: Rule) -> bool:
        """Whether this rule lets through all that `inner` does."""
        return (
            (self.group, self.inwards) == (inner.group, inner.inwards)
            and _peer_covers(self.peer, inner.peer)
            and (self.protocol == _EVERYTHING or (self.protocol == inner.protocol and self._ports_cover(inner)))
        )

    def _ports_cover(self, inner: Rule) -> bool:
        if self.ports == inner.ports or _EVERYTHING in self.ports:
            return True
        try:
            low, high, inner_low, inner_high = (int(each) for each in (*self.ports, *inner.ports))
        except ValueError:
            return False
        return low <= inner_low and inner_high <= high

    def __str__(self) -> str:
        way = "lets in" if self.inwards else "lets out"
        ports = "" if self.protocol == _EVERYTHING else f" port {'-'.join(dict.fromkeys(self.ports))}"
        protocol = "everything" if self.protocol == _EVERYTHING else self.protocol
        return f"{way} {protocol}{ports} {'from' if self.inwards else 'to'} {self.peer}"


def rules(resources: Mapping[str, Any]) -> list[Rule]:
    """Every rule of a template's security groups that lets something through."""
    return [rule for rule in _rules(resources) if rule.peer != _NOBODY]


def _rules(resources: Mapping[str, Any]) -> Iterator[Rule]:
    for name, resource in resources.items():
        said = resource.get("Properties", {})
        if resource["Type"] == _GROUP:
            for key, inwards in _INLINE.items():
                listed = said.get(key, [])
                yield from (_rule(name, inwards, each) for each in listed if isinstance(each, Mapping))
            if "SecurityGroupEgress" not in said:
                # EC2 gives a group without rules for what goes out one that lets everything out.
                yield Rule(name, False, _EVERYTHING, (_EVERYTHING, _EVERYTHING), "0.0.0.0/0")
        elif resource["Type"] in _APART:
            yield _rule(_group(said.get("GroupId")), _APART[resource["Type"]], said)


def _group(value: Any) -> str:
    if isinstance(value, Mapping) and "Fn::GetAtt" in value:
        target = value["Fn::GetAtt"]
        return str(target.partition(".")[0] if isinstance(target, str) else target[0])
    return str(value["Ref"]) if isinstance(value, Mapping) and "Ref" in value else readable(value)


def _rule(group: str, inwards: bool, said: Mapping[str, Any]) -> Rule:
    peer = next((readable(said[key]) for key in _PEERS if key in said), "")
    ports = readable(said.get("FromPort", _EVERYTHING)), readable(said.get("ToPort", _EVERYTHING))
    return Rule(group, inwards, readable(said.get("IpProtocol", _EVERYTHING)), ports, peer)


def _peer_covers(outer: str, inner: str) -> bool:
    if outer == inner:
        return True
    try:
        wide, narrow = ipaddress.ip_network(outer, strict=False), ipaddress.ip_network(inner, strict=False)
    except ValueError:
        return False
    if isinstance(wide, ipaddress.IPv4Network):
        return isinstance(narrow, ipaddress.IPv4Network) and narrow.subnet_of(wide)
    return isinstance(narrow, ipaddress.IPv6Network) and narrow.subnet_of(wide)
