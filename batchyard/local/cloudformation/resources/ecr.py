"""AWS::ECR: repositories."""

from __future__ import annotations

import json
from typing import Any

from batchyard.local.cloudformation.resources import tags
from batchyard.local.cloudformation.resources.call import Call
from batchyard.local.cloudformation.resources.table import Properties, ResourceType, applies, creates


def _document(policy: Any) -> str:
    return policy if isinstance(policy, str) else json.dumps(policy)


def _create(call: Call, properties: Properties) -> str:
    name = properties.get("RepositoryName") or call.generated_name(256, lower=True)
    given = {key: properties[key] for key in _AT_CREATION if key in properties}
    call.invoke(
        "ecr",
        "CreateRepository",
        given | {"repositoryName": name, "tags": tags.as_list(properties.get("Tags"))},
    )
    call.claim(name)
    _set_policies(call, name, {}, properties)
    return str(name)


_AT_CREATION = (
    "ImageTagMutability",
    "ImageTagMutabilityExclusionFilters",
    "ImageScanningConfiguration",
    "EncryptionConfiguration",
)


def _lifecycle(properties: Properties) -> str | None:
    text = (properties.get("LifecyclePolicy") or {}).get("LifecyclePolicyText")
    return None if text is None else _document(text)


def _set_policies(call: Call, name: str, old: Properties, new: Properties) -> None:
    ecr = call.client("ecr")
    before, after = _lifecycle(old), _lifecycle(new)
    if after is None and before is not None:
        ecr.delete_lifecycle_policy(repositoryName=name)
    elif after is not None and after != before:
        ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=after)
    was, policy = old.get("RepositoryPolicyText"), new.get("RepositoryPolicyText")
    if policy is None and was is not None:
        ecr.delete_repository_policy(repositoryName=name)
    elif policy is not None and policy != was:
        ecr.set_repository_policy(repositoryName=name, policyText=_document(policy))


def _update(call: Call, name: str, old: Properties, new: Properties) -> None:
    ecr = call.client("ecr")
    mutability = ("ImageTagMutability", "ImageTagMutabilityExclusionFilters")
    if any(old.get(key) != new.get(key) for key in mutability):
        given = {key: new[key] for key in mutability if key in new}
        call.invoke(
            "ecr", "PutImageTagMutability", {"ImageTagMutability": "MUTABLE"} | given | {"repositoryName": name}
        )
    if old.get("ImageScanningConfiguration") != new.get("ImageScanningConfiguration"):
        scanning = new.get("ImageScanningConfiguration", {"scanOnPush": False})
        call.invoke(
            "ecr",
            "PutImageScanningConfiguration",
            {"repositoryName": name, "imageScanningConfiguration": scanning},
        )
    _set_policies(call, name, old, new)
    added, removed = tags.changes(old.get("Tags"), new.get("Tags"))
    arn = _attributes(call, name, new)["Arn"]
    if removed:
        ecr.untag_resource(resourceArn=arn, tagKeys=removed)
    if added:
        ecr.tag_resource(resourceArn=arn, tags=tags.as_list(added))


def _delete(call: Call, name: str, properties: Properties) -> None:
    force = str(properties.get("EmptyOnDelete", "false")).lower() == "true"
    call.client("ecr").delete_repository(repositoryName=name, force=force)


def _attributes(call: Call, name: str, _properties: Properties) -> dict[str, Any]:
    repository = call.client("ecr").describe_repositories(repositoryNames=[name])["repositories"][0]
    return {"Arn": repository["repositoryArn"], "RepositoryUri": repository["repositoryUri"]}


REPOSITORY = ResourceType(
    "AWS::ECR::Repository",
    properties=creates("CreateRepository", "RepositoryName", "EncryptionConfiguration")
    | applies("PutImageTagMutability", "ImageTagMutability", "ImageTagMutabilityExclusionFilters")
    | applies("PutImageScanningConfiguration", "ImageScanningConfiguration")
    | applies("PutLifecyclePolicy", "LifecyclePolicy")
    | applies("SetRepositoryPolicy", "RepositoryPolicyText")
    | applies("TagResource", "Tags")
    | applies("DeleteRepository (force)", "EmptyOnDelete"),
    create=_create,
    update=_update,
    delete=_delete,
    attributes=_attributes,
    named_by="RepositoryName",
    tags="list",
)

TYPES = (REPOSITORY,)
