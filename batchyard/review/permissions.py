"""Who may do more than before: permissions that a change of a template widens.

Policies of a role count together, wherever they stand, so that a statement that only moves is no change. A policy of a
resource (a bucket, a key, a topic) counts for the resource.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from batchyard.review.firewall import rules
from batchyard.review.policies import ANYTHING, NOBODY, Names, Statement, statements, uncovered
from batchyard.review.words import readable

Resources = Mapping[str, Any]

_IDENTITIES = frozenset({"AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group"})

#: Policies that stand apart from the identities that have them, and where they name those.
_OF_IDENTITIES: Mapping[str, tuple[str, ...]] = {
    "AWS::IAM::Policy": ("Roles", "Users", "Groups"),
    "AWS::IAM::ManagedPolicy": ("Roles", "Users", "Groups"),
    "AWS::IAM::RolePolicy": ("RoleName",),
    "AWS::IAM::UserPolicy": ("UserName",),
    "AWS::IAM::GroupPolicy": ("GroupName",),
}

#: Policies that stand apart from what they are about, and where they name it. Others are a resource's own property.
_OF_RESOURCES: Mapping[str, str] = {
    "AWS::S3::BucketPolicy": "Bucket",
    "AWS::SNS::TopicPolicy": "Topics",
    "AWS::SQS::QueuePolicy": "Queues",
    "AWS::SecretsManager::ResourcePolicy": "SecretId",
}

#: Without a policy these let everybody in who reaches them (VPC User Guide, EFS User Guide).
_OPEN_WITHOUT: Mapping[str, str] = {
    "AWS::EC2::VPCEndpoint": "PolicyDocument",
    "AWS::EFS::FileSystem": "FileSystemPolicy",
}

_TRUST = "AssumeRolePolicyDocument"
_EVERYBODY = Statement(True, Names((ANYTHING,)), Names((ANYTHING,)), Names((ANYTHING,)))

_PUBLIC_ACCESS = "PublicAccessBlockConfiguration"
_PUBLIC_ACCESS_SWITCHES = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


@dataclass(frozen=True)
class Widening:
    """One thing that is allowed now and was not before. `who` is a logical id."""

    who: str
    what: str


def widenings(before: Resources, after: Resources) -> list[Widening]:
    """All that the resources `after` allow and those `before` do not."""
    return [
        *_wider_policies(before, after),
        *_wider_firewalls(before, after),
        *_wider_switches(before, after),
    ]


def _wider_policies(before: Resources, after: Resources) -> Iterator[Widening]:
    old, new = _policies(before), _policies(after)
    for holder, given in new.items():
        known = old.get(holder, [])
        # A new endpoint or file system opens nothing that stood; one whose policy goes does.
        allowed = [each for each in given if each.allows and (each is not _EVERYBODY or holder[0] in before)]
        for statement, but_for_conditions in uncovered(allowed, known):
            yield Widening(holder[0], _may(statement, but_for_conditions))
    for holder, given in old.items():
        if holder[0] not in after:
            continue
        denied = [each for each in given if not each.allows]
        for statement, _ in uncovered(denied, new.get(holder, [])):
            yield Widening(holder[0], _denies(statement))


def _may(statement: Statement, but_for_conditions: bool) -> str:
    because = " (before under other conditions)" if but_for_conditions else ""
    who = "may" if statement.principals == NOBODY else f"lets {statement.principals}"
    return f"{who} {_about(statement)}{because}"


def _denies(statement: Statement) -> str:
    who = "" if statement.principals == NOBODY else f" to {statement.principals}"
    return f"no longer denies{who} {_about(statement)}"


def _about(statement: Statement) -> str:
    conditions = " and ".join(
        f"{key} {operator} {' or '.join(sorted(values))}" for (operator, key), values in statement.conditions
    )
    on = "" if statement.resources == NOBODY else f" on {statement.resources}"
    return f"{statement.actions}{on}{f' if {conditions}' if conditions else ''}"


def _policies(resources: Resources) -> dict[tuple[str, str], list[Statement]]:
    """Statements by who has them: a logical id, and which of its policies."""
    found: dict[tuple[str, str], list[Statement]] = {}
    for name, resource in resources.items():
        for holder, policy in _held(name, resource):
            found.setdefault(holder, []).extend(policy)
    return found


def _held(name: str, resource: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], list[Statement]]]:
    kind, said = resource["Type"], resource.get("Properties", {})
    if kind in _IDENTITIES:
        yield from _of_identity(name, said)
    elif kind in _OF_IDENTITIES:
        document = statements(said.get("PolicyDocument"))
        holders = [holder for key in _OF_IDENTITIES[kind] for holder in _listed(said.get(key))]
        yield from (((_target(each), ""), document) for each in holders)
        if not holders:
            yield (name, ""), document
    else:
        targets = [_target(each) for each in _listed(said.get(_OF_RESOURCES.get(kind, "")))] or [name]
        for path, document in _documents(said):
            yield from (((each, path if each == name else ""), document) for each in targets)
        if kind in _OPEN_WITHOUT and _OPEN_WITHOUT[kind] not in said:
            yield (name, _OPEN_WITHOUT[kind]), [_EVERYBODY]


def _of_identity(name: str, said: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], list[Statement]]]:
    if _TRUST in said:
        yield (name, _TRUST), statements(said[_TRUST])
    for policy in _listed(said.get("Policies")):
        yield (name, ""), statements(policy.get("PolicyDocument"))
    for managed in _listed(said.get("ManagedPolicyArns")):
        yield (name, "managed"), [_managed(readable(managed))]


def _managed(arn: str) -> Statement:
    return Statement(True, NOBODY, Names(("do all that the managed policy says",)), Names((arn,)))


def _documents(value: Any, path: str = "") -> Iterator[tuple[str, list[Statement]]]:
    """Every policy document in a resource's properties, by its place; as text too, as some types want it."""
    if isinstance(value, Mapping):
        if isinstance(value.get("Statement"), list):
            yield path, statements(value)
            return
        for key, inner in value.items():
            yield from _documents(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _documents(inner, f"{path}[{position}]")
    elif isinstance(value, str) and '"Statement"' in value:
        try:
            yield path, statements(json.loads(value))
        except ValueError:
            yield path, [Statement(True, NOBODY, Names(("do what a text says",)), Names((value,)))]


def _wider_firewalls(before: Resources, after: Resources) -> Iterator[Widening]:
    old = rules(before)
    for rule in rules(after):
        if not any(each.covers(rule) for each in old):
            yield Widening(rule.group, str(rule))


def _wider_switches(before: Resources, after: Resources) -> Iterator[Widening]:
    for name, resource in after.items():
        old = before.get(name, {}).get("Properties", {})
        new = resource.get("Properties", {})
        for switch in _PUBLIC_ACCESS_SWITCHES:
            if _on(old, switch) and not _on(new, switch):
                yield Widening(name, f"{switch} is no longer true")
        boundary = old.get("PermissionsBoundary")
        if boundary is not None and boundary != new.get("PermissionsBoundary"):
            yield Widening(name, f"has no longer the permissions boundary {readable(boundary)}")


def _on(said: Mapping[str, Any], switch: str) -> bool:
    return said.get(_PUBLIC_ACCESS, {}).get(switch) is True


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _target(value: Any) -> str:
    """The logical id that a reference names; other text as it is."""
    if isinstance(value, Mapping):
        if "Ref" in value:
            return str(value["Ref"])
        if "Fn::GetAtt" in value:
            target = value["Fn::GetAtt"]
            return str(target.partition(".")[0] if isinstance(target, str) else target[0])
    return readable(value)
