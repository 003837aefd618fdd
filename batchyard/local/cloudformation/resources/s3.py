"""AWS::S3: buckets and their policies."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from batchyard.local.cloudformation.errors import ResourceError
from batchyard.local.cloudformation.resources import tags
from batchyard.local.cloudformation.resources.call import Call
from batchyard.local.cloudformation.resources.s3_lifecycle import lifecycle_rules
from batchyard.local.cloudformation.resources.table import (
    Properties,
    ResourceType,
    applies,
    creates,
    records,
)


@dataclass(frozen=True)
class Setting:
    """A bucket property with calls of its own to put it and to take it away."""

    put: str
    member: str
    """The argument of `put` that holds the value."""
    value: Callable[[Any], Any]
    remove: str | None = None
    absent: Any = None
    """What is put when the property goes and there is no call to remove it."""


def _ownership(value: Any) -> Any:
    return {"Rules": value["Rules"]}


def _cors(value: Any) -> Any:
    names = {"Id": "ID", "MaxAge": "MaxAgeSeconds", "ExposedHeaders": "ExposeHeaders"}
    return {"CORSRules": [{names.get(key, key): item for key, item in rule.items()} for rule in value["CorsRules"]]}


def _encryption(value: Any) -> Any:
    names = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}
    return {
        "Rules": [
            {names.get(key, key): item for key, item in rule.items()}
            for rule in value["ServerSideEncryptionConfiguration"]
        ]
    }


def _logging(value: Any) -> Any:
    target = {
        "TargetBucket": value.get("DestinationBucketName"),
        "TargetPrefix": value.get("LogFilePrefix", ""),
    }
    return {"LoggingEnabled": target}


SETTINGS: Mapping[str, Setting] = {
    "VersioningConfiguration": Setting(
        "PutBucketVersioning", "VersioningConfiguration", dict, absent={"Status": "Suspended"}
    ),
    "BucketEncryption": Setting(
        "PutBucketEncryption", "ServerSideEncryptionConfiguration", _encryption, "DeleteBucketEncryption"
    ),
    "PublicAccessBlockConfiguration": Setting(
        "PutPublicAccessBlock", "PublicAccessBlockConfiguration", dict, "DeletePublicAccessBlock"
    ),
    "OwnershipControls": Setting(
        "PutBucketOwnershipControls", "OwnershipControls", _ownership, "DeleteBucketOwnershipControls"
    ),
    "LifecycleConfiguration": Setting(
        "PutBucketLifecycleConfiguration", "LifecycleConfiguration", lifecycle_rules, "DeleteBucketLifecycle"
    ),
    "CorsConfiguration": Setting("PutBucketCors", "CORSConfiguration", _cors, "DeleteBucketCors"),
    "LoggingConfiguration": Setting("PutBucketLogging", "BucketLoggingStatus", _logging, absent={}),
    "Tags": Setting(
        "PutBucketTagging", "Tagging", lambda value: {"TagSet": tags.as_list(value)}, "DeleteBucketTagging"
    ),
}


def _create_bucket(call: Call, properties: Properties) -> str:
    name = str(properties.get("BucketName") or call.generated_name(63, lower=True))
    s3 = call.client("s3")
    if any(bucket["Name"] == name for bucket in s3.list_buckets()["Buckets"]):
        raise ResourceError(f"{name} already exists")
    arguments: dict[str, Any] = {"Bucket": name}
    if call.region != "us-east-1":
        arguments["CreateBucketConfiguration"] = {"LocationConstraint": call.region}
    if str(properties.get("ObjectLockEnabled", "false")).lower() == "true":
        arguments["ObjectLockEnabledForBucket"] = True
    s3.create_bucket(**arguments)
    call.claim(name)
    _apply_settings(call, name, {}, properties)
    return name


def _apply_settings(call: Call, name: str, old: Properties, new: Properties) -> None:
    for key, setting in SETTINGS.items():
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if after is not None:
            call.invoke("s3", setting.put, {"Bucket": name, setting.member: setting.value(after)})
        elif setting.remove:
            call.invoke("s3", setting.remove, {"Bucket": name})
        else:
            call.invoke("s3", setting.put, {"Bucket": name, setting.member: setting.absent})


def _bucket_attributes(call: Call, name: str, _properties: Properties) -> dict[str, Any]:
    return {
        "Arn": f"arn:aws:s3:::{name}",
        "DomainName": f"{name}.s3.amazonaws.com",
        "DualStackDomainName": f"{name}.s3.dualstack.{call.region}.amazonaws.com",
        "RegionalDomainName": f"{name}.s3.{call.region}.amazonaws.com",
        "WebsiteURL": f"http://{name}.s3-website-{call.region}.amazonaws.com",
    }


BUCKET = ResourceType(
    "AWS::S3::Bucket",
    properties=creates("CreateBucket", "BucketName", "ObjectLockEnabled")
    | {name: entry for key, setting in SETTINGS.items() for name, entry in applies(setting.put, key).items()}
    | records("the local account does not enforce object ACLs", "AccessControl")
    | records("the local account sends no bucket events", "NotificationConfiguration"),
    create=_create_bucket,
    update=_apply_settings,
    delete=lambda call, name, _properties: call.client("s3").delete_bucket(Bucket=name),
    attributes=_bucket_attributes,
    named_by="BucketName",
    tags="list",
)


def _put_policy(call: Call, properties: Properties) -> str:
    bucket = str(properties["Bucket"])
    call.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(properties["PolicyDocument"]))
    return bucket


def _update_policy(call: Call, _bucket: str, _old: Properties, new: Properties) -> None:
    _put_policy(call, new)


BUCKET_POLICY = ResourceType(
    "AWS::S3::BucketPolicy",
    properties=creates("PutBucketPolicy", "Bucket") | applies("PutBucketPolicy", "PolicyDocument"),
    create=_put_policy,
    update=_update_policy,
    delete=lambda call, bucket, _properties: call.client("s3").delete_bucket_policy(Bucket=bucket),
    attributes=lambda _call, _bucket, _properties: {},
    required=frozenset({"Bucket", "PolicyDocument"}),
)

TYPES = (BUCKET, BUCKET_POLICY)
