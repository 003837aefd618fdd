"""Every resource type that the local account knows."""

from __future__ import annotations

from collections.abc import Mapping

from batchyard.local.cloudformation.errors import validation_error
from batchyard.local.cloudformation.resources import (
    autoscaling,
    batch,
    batch_compute,
    budgets,
    cloudwatch,
    custom,
    ec2_endpoint,
    ec2_launch_template,
    ec2_network,
    ec2_security,
    ecr,
    efs,
    events,
    iam,
    image_builder,
    kms,
    lambda_function,
    logs,
    recorded,
    s3,
    sns,
    ssm,
)
from batchyard.local.cloudformation.resources.table import ResourceType

_MODULES = (
    autoscaling,
    batch,
    batch_compute,
    budgets,
    cloudwatch,
    custom,
    ec2_endpoint,
    ec2_launch_template,
    ec2_network,
    ec2_security,
    ecr,
    efs,
    events,
    iam,
    image_builder,
    kms,
    lambda_function,
    logs,
    recorded,
    s3,
    sns,
    ssm,
)

TYPES: Mapping[str, ResourceType] = {kind.name: kind for module in _MODULES for kind in module.TYPES}


def is_known(name: str) -> bool:
    """Whether the local account has the type: by an entry of the table, or as a custom resource of any name."""
    return name in TYPES or name.startswith(custom.PREFIX)


def resource_type(name: str) -> ResourceType:
    """The type of this name; a ValidationError in CloudFormation's words if the local account has none.

    An entry of the table comes first, so that a `Custom::` type may be only recorded.
    """
    if name not in TYPES and is_known(name):
        return custom.custom_type(name)
    if name not in TYPES:
        raise validation_error(f"Template format error: Unrecognized resource types: [{name}]")
    return TYPES[name]
