"""AWS::EFS: file systems, mount targets, access points."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from batchyard.local.cloudformation.resources import tags
from batchyard.local.cloudformation.resources.call import Call, is_missing
from batchyard.local.cloudformation.resources.table import Properties, ResourceType, applies, creates, records

_AT_CREATION = (
    "AvailabilityZoneName",
    "Encrypted",
    "KmsKeyId",
    "PerformanceMode",
    "ProvisionedThroughputInMibps",
    "ThroughputMode",
)


def _create_file_system(call: Call, properties: Properties) -> str:
    given: dict[str, Any] = {key: properties[key] for key in _AT_CREATION if key in properties}
    given["Tags"] = tags.as_list(properties.get("FileSystemTags"))
    given["CreationToken"] = call.generated_name(64)
    system_id = call.claim(call.invoke("efs", "CreateFileSystem", given)["FileSystemId"])
    _set_policies(call, system_id, {}, properties)
    return system_id


def _set_policies(call: Call, system_id: str, old: Properties, new: Properties) -> None:
    if old.get("LifecyclePolicies") != new.get("LifecyclePolicies"):
        given = {"FileSystemId": system_id, "LifecyclePolicies": new.get("LifecyclePolicies", [])}
        call.invoke("efs", "PutLifecycleConfiguration", given)
    if old.get("FileSystemPolicy") != new.get("FileSystemPolicy"):
        if "FileSystemPolicy" in new:
            call.client("efs").put_file_system_policy(
                FileSystemId=system_id, Policy=json.dumps(new["FileSystemPolicy"])
            )
        else:
            call.client("efs").delete_file_system_policy(FileSystemId=system_id)


def _update_file_system(call: Call, system_id: str, old: Properties, new: Properties) -> None:
    _set_policies(call, system_id, old, new)
    throughput = ("ThroughputMode", "ProvisionedThroughputInMibps")
    if any(old.get(key) != new.get(key) for key in throughput):
        given = {key: new[key] for key in throughput if key in new}
        call.invoke("efs", "UpdateFileSystem", {"ThroughputMode": "bursting", **given, "FileSystemId": system_id})
    _retag(call, system_id, old.get("FileSystemTags"), new.get("FileSystemTags"))


def _retag(call: Call, resource_id: str, old: Any, new: Any) -> None:
    added, removed = tags.changes(old, new)
    if removed:
        call.client("efs").untag_resource(ResourceId=resource_id, TagKeys=removed)
    if added:
        call.client("efs").tag_resource(ResourceId=resource_id, Tags=tags.as_list(added))


def _file_system_attributes(call: Call, system_id: str, _properties: Properties) -> dict[str, Any]:
    [found] = call.client("efs").describe_file_systems(FileSystemId=system_id)["FileSystems"]
    return {"Arn": found["FileSystemArn"], "FileSystemId": system_id}


FILE_SYSTEM = ResourceType(
    "AWS::EFS::FileSystem",
    properties=creates("CreateFileSystem", "AvailabilityZoneName", "Encrypted", "KmsKeyId", "PerformanceMode")
    | applies("UpdateFileSystem", "ThroughputMode", "ProvisionedThroughputInMibps")
    | applies("PutLifecycleConfiguration", "LifecyclePolicies")
    | records("the local account makes no backups", "BackupPolicy")
    | applies("PutFileSystemPolicy", "FileSystemPolicy")
    | applies("TagResource", "FileSystemTags"),
    create=_create_file_system,
    update=_update_file_system,
    delete=lambda call, system_id, _properties: call.client("efs").delete_file_system(FileSystemId=system_id),
    attributes=_file_system_attributes,
)

_TARGET = ("FileSystemId", "SubnetId", "IpAddress", "Ipv6Address", "IpAddressType")


def _create_target(call: Call, properties: Properties) -> str:
    made = call.invoke("efs", "CreateMountTarget", properties)
    return call.claim(made["MountTargetId"])


def _update_target(call: Call, target_id: str, _old: Properties, new: Properties) -> None:
    groups = new.get("SecurityGroups", [])
    call.client("efs").modify_mount_target_security_groups(MountTargetId=target_id, SecurityGroups=groups)


def _delete_target(call: Call, target_id: str, _properties: Properties) -> None:
    efs = call.client("efs")
    efs.delete_mount_target(MountTargetId=target_id)

    def gone() -> bool:
        try:
            return not efs.describe_mount_targets(MountTargetId=target_id)["MountTargets"]
        except ClientError as error:
            return is_missing(error)

    call.wait(target_id, gone)


def _target_attributes(call: Call, target_id: str, _properties: Properties) -> dict[str, Any]:
    [found] = call.client("efs").describe_mount_targets(MountTargetId=target_id)["MountTargets"]
    return {"Id": target_id, "IpAddress": found.get("IpAddress", "")}


MOUNT_TARGET = ResourceType(
    "AWS::EFS::MountTarget",
    properties=creates("CreateMountTarget", *_TARGET) | applies("ModifyMountTargetSecurityGroups", "SecurityGroups"),
    create=_create_target,
    update=_update_target,
    delete=_delete_target,
    attributes=_target_attributes,
    required=frozenset({"FileSystemId", "SubnetId", "SecurityGroups"}),
)


def _create_point(call: Call, properties: Properties) -> str:
    given = {key: properties[key] for key in ("FileSystemId", "PosixUser", "RootDirectory") if key in properties}
    given["ClientToken"] = properties.get("ClientToken") or call.generated_name(64)
    given["Tags"] = tags.as_list(properties.get("AccessPointTags"))
    return call.claim(call.invoke("efs", "CreateAccessPoint", given)["AccessPointId"])


def _update_point(call: Call, point_id: str, old: Properties, new: Properties) -> None:
    _retag(call, point_id, old.get("AccessPointTags"), new.get("AccessPointTags"))


def _point_attributes(call: Call, point_id: str, _properties: Properties) -> dict[str, Any]:
    [found] = call.client("efs").describe_access_points(AccessPointId=point_id)["AccessPoints"]
    return {"Arn": found["AccessPointArn"], "AccessPointId": point_id}


ACCESS_POINT = ResourceType(
    "AWS::EFS::AccessPoint",
    properties=creates("CreateAccessPoint", "FileSystemId", "PosixUser", "RootDirectory", "ClientToken")
    | applies("TagResource", "AccessPointTags"),
    create=_create_point,
    update=_update_point,
    delete=lambda call, point_id, _properties: call.client("efs").delete_access_point(AccessPointId=point_id),
    attributes=_point_attributes,
    required=frozenset({"FileSystemId"}),
)

TYPES = (FILE_SYSTEM, MOUNT_TARGET, ACCESS_POINT)
