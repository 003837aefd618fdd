"""Findings of the security checks that stay, each with its reason beside the construct that it is about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct

PACK = "AwsSolutions::AwsSolutions-"


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Keep the finding of cdk-nag's AwsSolutions rule `rule` about a construct and what lies in it."""
    Validations.of(construct).acknowledge(Acknowledgment(id=PACK + rule, reason=reason))


def acknowledge_resources(construct: IConstruct, arns: Iterable[str], reason: str) -> None:
    """Keep the finding that a policy's resources end in a wildcard (IAM5), for these ARNs and no others."""
    stack = Stack.of(construct)
    for arn in arns:
        acknowledge(construct, f"IAM5[Resource::{_as_nag_writes(stack.resolve(arn))}]", reason)


def acknowledge_warning(construct: IConstruct, warning: str, reason: str) -> None:
    """Leave a warning of the CDK's own unsaid: `aws-ec2:noSubnetRouteTableId`."""
    Validations.of(construct).acknowledge(Acknowledgment(id=f"Annotation::@aws-cdk/{warning}", reason=reason))


def _as_nag_writes(value: Any) -> str:
    """An unresolved ARN the way cdk-nag names it in a finding: `<LogicalId.Arn>/prefix/*`."""
    if isinstance(value, str):
        return value
    ((function, argument),) = value.items()
    if function == "Fn::Join":
        separator, parts = argument
        return str(separator).join(_as_nag_writes(part) for part in parts)
    return f"<{argument if function == 'Ref' else '.'.join(argument)}>"
