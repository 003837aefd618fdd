"""Every resource type that the local account knows."""

from __future__ import annotations

from collections.abc import Mapping

from batchyard.local.cloudformation.errors import validation_error
from batchyard.local.cloudformation.resources import (
    batch,
    batch_compute,
    cloudwatch,
    ec2_endpoint,
    ec2_launch_template,
    ec2_network,
    ec2_security,
    ecr,
    efs,
    iam,
    kms,
    logs,
    recorded,
    s3,
    sns,
    ssm,
)
from batchyard.local.cloudformation.resources.table import ResourceType

_MODULES = (
    batch,
    batch_compute,
    cloudwatch,
    ec2_endpoint,
    ec2_launch_template,
    ec2_network,
    ec2_security,
    ecr,
    efs,
    iam,
    kms,
    logs,
    recorded,
    s3,
    sns,
    ssm,
)

TYPES: Mapping[str, ResourceType] = {kind.name: kind for module in _MODULES for kind in module.TYPES}


def resource_type(name: str) -> ResourceType:
    """The type of this name; a ValidationError in CloudFormation's words if the local account has none."""
    if name not in TYPES:
        raise validation_error(f"Template format error: Unrecognized resource types: [{name}]")
    return TYPES[name]
