"""Tags: on everything that can have them, but a tag that may change on nothing that it would replace (ADR 0071)."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Tags
from constructs import IConstruct

from batchyard.settings.tags import DEPLOYMENT_TAG

#: A change of a tag makes CloudFormation replace these (the resource reference, "Tags: Update requires: Replacement").
REPLACED_BY_TAGS = [
    "AWS::Batch::ComputeEnvironment",
    "AWS::Batch::JobDefinition",
    "AWS::Batch::JobQueue",
    "AWS::Batch::SchedulingPolicy",
    "AWS::EC2::PlacementGroup",
    "AWS::ImageBuilder::Component",
    "AWS::ImageBuilder::Image",
    "AWS::ImageBuilder::ImageRecipe",
]


def tag(scope: IConstruct, *, deployment_name: str, tags: Mapping[str, str]) -> None:
    """Tag what lies in `scope` with the deployment's name, which never changes, and with these tags, which may."""
    Tags.of(scope).add(DEPLOYMENT_TAG, deployment_name)
    for key, value in tags.items():
        Tags.of(scope).add(key, value, exclude_resource_types=REPLACED_BY_TAGS)
