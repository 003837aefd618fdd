"""A bucket's lifecycle: the template spells it differently from the API.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-rule.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batchyard.local.cloudformation.errors import ResourceError

_KNOWN = frozenset(
    {
        "Id",
        "Status",
        "Prefix",
        "TagFilters",
        "ObjectSizeGreaterThan",
        "ObjectSizeLessThan",
        "ExpirationDate",
        "ExpirationInDays",
        "ExpiredObjectDeleteMarker",
        "Transition",
        "Transitions",
        "NoncurrentVersionExpiration",
        "NoncurrentVersionExpirationInDays",
        "NoncurrentVersionTransition",
        "NoncurrentVersionTransitions",
        "AbortIncompleteMultipartUpload",
    }
)
_EXPIRATION = {
    "ExpirationDate": "Date",
    "ExpirationInDays": "Days",
    "ExpiredObjectDeleteMarker": "ExpiredObjectDeleteMarker",
}
_TRANSITION = {"TransitionDate": "Date", "TransitionInDays": "Days", "StorageClass": "StorageClass"}
_NONCURRENT_TRANSITION = {
    "TransitionInDays": "NoncurrentDays",
    "StorageClass": "StorageClass",
    "NewerNoncurrentVersions": "NewerNoncurrentVersions",
}


def lifecycle_rules(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """The API's LifecycleConfiguration for a template's."""
    return {"Rules": [_rule(rule) for rule in configuration["Rules"]]}


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(rule) - _KNOWN)
    if unknown:
        raise ResourceError(
            f"The local account does not support LifecycleConfiguration.Rules.{unknown[0]}. "
            f"Supported: {', '.join(sorted(_KNOWN))}."
        )
    made: dict[str, Any] = {"Status": rule["Status"], "Filter": _filter(rule)}
    if "Id" in rule:
        made["ID"] = rule["Id"]
    if expiration := _renamed(rule, _EXPIRATION):
        made["Expiration"] = expiration
    transitions = [*rule.get("Transitions", []), *_one(rule, "Transition")]
    if transitions:
        made["Transitions"] = [_renamed(item, _TRANSITION) for item in transitions]
    noncurrent = [*rule.get("NoncurrentVersionTransitions", []), *_one(rule, "NoncurrentVersionTransition")]
    if noncurrent:
        made["NoncurrentVersionTransitions"] = [_renamed(item, _NONCURRENT_TRANSITION) for item in noncurrent]
    if "NoncurrentVersionExpiration" in rule:
        made["NoncurrentVersionExpiration"] = rule["NoncurrentVersionExpiration"]
    elif "NoncurrentVersionExpirationInDays" in rule:
        made["NoncurrentVersionExpiration"] = {"NoncurrentDays": rule["NoncurrentVersionExpirationInDays"]}
    if "AbortIncompleteMultipartUpload" in rule:
        made["AbortIncompleteMultipartUpload"] = rule["AbortIncompleteMultipartUpload"]
    return made


def _one(rule: Mapping[str, Any], key: str) -> list[Any]:
    return [rule[key]] if key in rule else []


def _renamed(source: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names[key]: value for key, value in source.items() if key in names}


def _filter(rule: Mapping[str, Any]) -> dict[str, Any]:
    sizes = {key: rule[key] for key in ("ObjectSizeGreaterThan", "ObjectSizeLessThan") if key in rule}
    prefix = {"Prefix": rule["Prefix"]} if "Prefix" in rule else {}
    tags = list(rule.get("TagFilters", []))
    if len(tags) + len(prefix) + len(sizes) > 1:
        return {"And": prefix | ({"Tags": tags} if tags else {}) | sizes}
    if tags:
        return {"Tag": tags[0]}
    return sizes or prefix or {"Prefix": ""}
