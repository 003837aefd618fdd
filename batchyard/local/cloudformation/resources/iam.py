"""AWS::IAM: roles, policies, instance profiles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from batchyard.local.cloudformation.resources import tags
from batchyard.local.cloudformation.resources.call import Call, is_missing
from batchyard.local.cloudformation.resources.table import Properties, ResourceType, applies, creates

_NAME_LIMIT = 64


def _document(policy: Any) -> str:
    return policy if isinstance(policy, str) else json.dumps(policy)


def _arn_tail(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


def _ignore_missing(call: Call, operation: str, **arguments: Any) -> None:
    try:
        getattr(call.client("iam"), operation)(**arguments)
    except ClientError as error:
        if not is_missing(error):
            raise


# -- role ------------------------------------------------------------------------------------------------


def _inline(properties: Properties) -> dict[str, str]:
    return {entry["PolicyName"]: _document(entry["PolicyDocument"]) for entry in properties.get("Policies", [])}


def _create_role(call: Call, properties: Properties) -> str:
    name = properties.get("RoleName") or call.generated_name(_NAME_LIMIT)
    given = {key: properties[key] for key in _ROLE_AT_CREATION if key in properties}
    call.invoke(
        "iam",
        "CreateRole",
        given
        | {
            "RoleName": name,
            "AssumeRolePolicyDocument": _document(properties["AssumeRolePolicyDocument"]),
            "Tags": tags.as_list(properties.get("Tags")),
        },
    )
    call.claim(name)
    _set_role_policies(call, name, {}, properties)
    return str(name)


_ROLE_AT_CREATION = ("Path", "Description", "MaxSessionDuration", "PermissionsBoundary")


def _set_role_policies(call: Call, name: str, old: Properties, new: Properties) -> None:
    iam = call.client("iam")
    before, after = _inline(old), _inline(new)
    for policy in before.keys() - after.keys():
        _ignore_missing(call, "delete_role_policy", RoleName=name, PolicyName=policy)
    for policy, document in after.items():
        if before.get(policy) != document:
            iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=document)
    attached, wanted = list(old.get("ManagedPolicyArns", [])), list(new.get("ManagedPolicyArns", []))
    for arn in attached:
        if arn not in wanted:
            _ignore_missing(call, "detach_role_policy", RoleName=name, PolicyArn=arn)
    for arn in wanted:
        if arn not in attached:
            iam.attach_role_policy(RoleName=name, PolicyArn=arn)


def _update_role(call: Call, name: str, old: Properties, new: Properties) -> None:
    iam = call.client("iam")
    if old["AssumeRolePolicyDocument"] != new["AssumeRolePolicyDocument"]:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=_document(new["AssumeRolePolicyDocument"]))
    call.invoke(
        "iam",
        "UpdateRole",
        {
            "RoleName": name,
            "Description": new.get("Description", ""),
            "MaxSessionDuration": new.get("MaxSessionDuration", 3600),
        },
    )
    boundary = new.get("PermissionsBoundary")
    if boundary:
        iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=boundary)
    elif old.get("PermissionsBoundary"):
        iam.delete_role_permissions_boundary(RoleName=name)
    _set_role_policies(call, name, old, new)
    added, removed = tags.changes(old.get("Tags"), new.get("Tags"))
    if removed:
        iam.untag_role(RoleName=name, TagKeys=removed)
    if added:
        iam.tag_role(RoleName=name, Tags=tags.as_list(added))


def _delete_role(call: Call, name: str, properties: Properties) -> None:
    _set_role_policies(call, name, properties, {})
    call.client("iam").delete_role(RoleName=name)


def _role_attributes(call: Call, name: str, _properties: Properties) -> dict[str, Any]:
    role = call.client("iam").get_role(RoleName=name)["Role"]
    return {"Arn": role["Arn"], "RoleId": role["RoleId"]}


ROLE = ResourceType(
    "AWS::IAM::Role",
    properties=creates("CreateRole", "RoleName", "Path")
    | applies("UpdateAssumeRolePolicy", "AssumeRolePolicyDocument")
    | applies("UpdateRole", "Description", "MaxSessionDuration")
    | applies("PutRolePermissionsBoundary", "PermissionsBoundary")
    | applies("PutRolePolicy", "Policies")
    | applies("AttachRolePolicy", "ManagedPolicyArns")
    | applies("TagRole", "Tags"),
    create=_create_role,
    update=_update_role,
    delete=_delete_role,
    attributes=_role_attributes,
    named_by="RoleName",
    tags="list",
    required=frozenset({"AssumeRolePolicyDocument"}),
)


# -- inline policy ---------------------------------------------------------------------------------------

_PRINCIPALS = (("Roles", "role", "RoleName"), ("Users", "user", "UserName"), ("Groups", "group", "GroupName"))


def _create_policy(call: Call, properties: Properties) -> str:
    physical_id = call.claim(call.generated_name(_NAME_LIMIT))
    _set_policy(call, {}, properties)
    return physical_id


def _set_policy(call: Call, old: Properties, new: Properties) -> None:
    iam = call.client("iam")
    renamed = old.get("PolicyName") != new.get("PolicyName")
    for key, kind, argument in _PRINCIPALS:
        for principal in old.get(key, []):
            if renamed or principal not in new.get(key, []):
                name = {argument: principal, "PolicyName": old["PolicyName"]}
                _ignore_missing(call, f"delete_{kind}_policy", **name)
        for principal in new.get(key, []):
            name = {argument: principal, "PolicyName": new["PolicyName"]}
            getattr(iam, f"put_{kind}_policy")(**name, PolicyDocument=_document(new["PolicyDocument"]))


POLICY = ResourceType(
    "AWS::IAM::Policy",
    properties=applies("PutRolePolicy", "PolicyName", "PolicyDocument", "Roles")
    | applies("PutUserPolicy", "Users")
    | applies("PutGroupPolicy", "Groups"),
    create=_create_policy,
    update=lambda call, _physical_id, old, new: _set_policy(call, old, new),
    delete=lambda call, _physical_id, properties: _set_policy(call, properties, {}),
    attributes=lambda _call, physical_id, _properties: {"Id": physical_id},
    required=frozenset({"PolicyName", "PolicyDocument"}),
)


# -- managed policy --------------------------------------------------------------------------------------


def _create_managed_policy(call: Call, properties: Properties) -> str:
    policy = call.invoke(
        "iam",
        "CreatePolicy",
        {
            "PolicyName": properties.get("ManagedPolicyName") or call.generated_name(128),
            "PolicyDocument": _document(properties["PolicyDocument"]),
            "Path": properties.get("Path", "/"),
            "Description": properties.get("Description", ""),
            "Tags": tags.as_list(properties.get("Tags")),
        },
    )["Policy"]
    arn = call.claim(policy["Arn"])
    _attach(call, arn, {}, properties)
    return arn


def _attach(call: Call, arn: str, old: Properties, new: Properties) -> None:
    iam = call.client("iam")
    for key, kind, argument in _PRINCIPALS:
        for principal in set(old.get(key, [])) - set(new.get(key, [])):
            _ignore_missing(call, f"detach_{kind}_policy", **{argument: principal, "PolicyArn": arn})
        for principal in set(new.get(key, [])) - set(old.get(key, [])):
            getattr(iam, f"attach_{kind}_policy")(**{argument: principal, "PolicyArn": arn})


def _update_managed_policy(call: Call, arn: str, old: Properties, new: Properties) -> None:
    iam = call.client("iam")
    if old["PolicyDocument"] != new["PolicyDocument"]:
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=_document(new["PolicyDocument"]), SetAsDefault=True)
        _delete_old_versions(call, arn)
    _attach(call, arn, old, new)
    added, removed = tags.changes(old.get("Tags"), new.get("Tags"))
    if removed:
        iam.untag_policy(PolicyArn=arn, TagKeys=removed)
    if added:
        iam.tag_policy(PolicyArn=arn, Tags=tags.as_list(added))


def _delete_old_versions(call: Call, arn: str) -> None:
    iam = call.client("iam")
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])


def _delete_managed_policy(call: Call, arn: str, properties: Properties) -> None:
    _attach(call, arn, properties, {})
    _delete_old_versions(call, arn)
    call.client("iam").delete_policy(PolicyArn=arn)


MANAGED_POLICY = ResourceType(
    "AWS::IAM::ManagedPolicy",
    properties=creates("CreatePolicy", "ManagedPolicyName", "Path", "Description")
    | applies("CreatePolicyVersion", "PolicyDocument")
    | applies("AttachRolePolicy", "Roles")
    | applies("AttachUserPolicy", "Users")
    | applies("AttachGroupPolicy", "Groups")
    | applies("TagPolicy", "Tags"),
    create=_create_managed_policy,
    update=_update_managed_policy,
    delete=_delete_managed_policy,
    attributes=lambda _call, arn, _properties: {"PolicyArn": arn},
    named_by="ManagedPolicyName",
    tags="list",
    required=frozenset({"PolicyDocument"}),
)


# -- instance profile ------------------------------------------------------------------------------------


def _create_instance_profile(call: Call, properties: Properties) -> str:
    name = str(properties.get("InstanceProfileName") or call.generated_name(128))
    iam = call.client("iam")
    iam.create_instance_profile(InstanceProfileName=name, Path=properties.get("Path", "/"))
    call.claim(name)
    _set_profile_roles(call, name, {}, properties)
    return name


def _set_profile_roles(call: Call, name: str, old: Properties, new: Properties) -> None:
    iam = call.client("iam")
    before, after = list(old.get("Roles", [])), list(new.get("Roles", []))
    for role in before:
        if role not in after:
            _ignore_missing(call, "remove_role_from_instance_profile", InstanceProfileName=name, RoleName=role)
    for role in after:
        if role not in before:
            iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)


def _delete_instance_profile(call: Call, name: str, properties: Properties) -> None:
    _set_profile_roles(call, name, properties, {})
    call.client("iam").delete_instance_profile(InstanceProfileName=name)


def _instance_profile_attributes(call: Call, name: str, _properties: Properties) -> Mapping[str, Any]:
    return {"Arn": call.client("iam").get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Arn"]}


INSTANCE_PROFILE = ResourceType(
    "AWS::IAM::InstanceProfile",
    properties=creates("CreateInstanceProfile", "InstanceProfileName", "Path")
    | applies("AddRoleToInstanceProfile", "Roles"),
    create=_create_instance_profile,
    update=_set_profile_roles,
    delete=_delete_instance_profile,
    attributes=lambda call, name, properties: dict(_instance_profile_attributes(call, name, properties)),
    named_by="InstanceProfileName",
    required=frozenset({"Roles"}),
)

TYPES = (ROLE, POLICY, MANAGED_POLICY, INSTANCE_PROFILE)
