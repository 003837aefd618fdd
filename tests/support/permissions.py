"""What no template may give away, whichever deployment it is of: data or power over everything, and roles to others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from batchyard.review.words import readable

Template = dict[str, Any]

#: Actions that AWS lets nobody restrict to a resource (Service Authorization Reference), and that read no data.
NO_RESOURCE = re.compile(
    r"ecr:GetAuthorizationToken|(ec2|ecs|autoscaling|imagebuilder|batch):Describe\w+|ssmmessages:\w+|ecs:DiscoverPollEndpoint"
)
#: A resource that is a part of one bucket, however large: a bucket's ARN is all before the first slash.
IN_ONE_BUCKET = re.compile(r"(arn:[^*/]+:s3:::[^*/]+|\$\{\w*\.Arn\})/.*")

#: The one service that may be each role, by the role's logical id without its hash. A role that is not here is a fault.
TRUSTED = {
    "*JobRole": "ecs-tasks",
    "ExecutionRole": "ecs-tasks",
    "InstanceRole": "ec2",
    "BatchServiceRole": "batch",
    "ClusterLookupAskingRole": "lambda",
    "ImageBuildFunctionInlineRole": "lambda",
    "ImageBuildBuildersRole": "codebuild",
    "MachineRole": "ec2",
    "LifecycleRole": "imagebuilder",
}
#: Policies of AWS's own that roles have: made for this very use, and none has data of a user's in it.
MANAGED = frozenset(
    f"arn:${{AWS::Partition}}:iam::aws:policy/{name}"
    for name in (
        "service-role/AmazonEC2ContainerServiceforEC2Role",
        "service-role/AWSBatchServiceRole",
        "service-role/EC2ImageBuilderLifecycleExecutionPolicy",
        "EC2InstanceProfileForImageBuilder",
        "AmazonSSMManagedInstanceCore",
    )
)
#: How long the hash is that the CDK ends a logical id with.
HASH = 8


def permission_faults(made: Template) -> list[str]:
    """All that is wrong with the permissions of a template, in words; empty where nothing is."""
    return [*_too_wide(made), *_managed(made), *_trusting(made)]


def statements(made: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    """What identities may do: every allowing statement of the policies of a template's roles, by logical id."""
    for name, resource in made["Resources"].items():
        said = resource.get("Properties", {})
        documents = [each["PolicyDocument"] for each in listed(said.get("Policies", [])) if "PolicyDocument" in each]
        if resource["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"):
            documents.append(said["PolicyDocument"])
        yield from (
            (name, each)
            for document in documents
            for each in listed(document["Statement"])
            if each["Effect"] == "Allow"
        )


def roles(made: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every role's logical id without its hash, and its properties."""
    for name, resource in made["Resources"].items():
        if resource["Type"] == "AWS::IAM::Role":
            yield name[:-HASH], resource["Properties"]


def listed(value: Any) -> list[Any]:
    """A value that may be a list of them."""
    return value if isinstance(value, list) else [value]


def _too_wide(made: Template) -> Iterator[str]:
    """Actions on more than named resources that could be on some, and statements about all but what they name."""
    for name, statement in statements(made):
        for key in ("NotAction", "NotResource"):
            if key in statement:
                yield f"{name}: {key}"
        wide = [each for each in map(readable, listed(statement.get("Resource", []))) if _everything(each)]
        for action in listed(statement.get("Action", [])):
            if "*" in action:
                yield f"{name}: {action}"
            elif wide and not NO_RESOURCE.fullmatch(action):
                yield f"{name}: {action} on {', '.join(wide)}"


def _everything(resource: str) -> bool:
    return "*" in resource and not IN_ONE_BUCKET.fullmatch(resource)


def _managed(made: Template) -> Iterator[str]:
    for name, role in roles(made):
        for arn in map(readable, listed(role.get("ManagedPolicyArns", []))):
            if arn not in MANAGED:
                yield f"{name}: the managed policy {arn}"


def _trusting(made: Template) -> Iterator[str]:
    """Roles that others than their one service may be."""
    for name, role in roles(made):
        services = [service for pattern, service in TRUSTED.items() if fnmatchcase(name, pattern)]
        wanted = ({"Service": f"{service}.amazonaws.com"} for service in services)
        trusts = listed(role["AssumeRolePolicyDocument"]["Statement"])
        if [(each["Principal"], each["Action"]) for each in trusts] != [(each, "sts:AssumeRole") for each in wanted]:
            yield f"{name}: trusts {trusts}"
    for name, resource in made["Resources"].items():
        if resource["Type"] in ("AWS::IAM::User", "AWS::IAM::Group", "AWS::IAM::AccessKey"):
            yield f"{name}: a deployment has roles for services, and no {resource['Type']}"
