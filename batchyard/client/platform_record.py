"""Reads what a deployment tells its users: one SSM parameter, one call."""

from __future__ import annotations

import re

from botocore.exceptions import ClientError

from batchyard.client.aws_errors import code_of
from batchyard.client.connection import Connection
from batchyard.client.errors import BatchyardError, InvalidInputError, NotFoundError
from batchyard.platform import PlatformRecord, PlatformRecordError, parameter_name

_DEPLOYMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def read_platform(connection: Connection, deployment: str) -> PlatformRecord:
    """The platform record of a deployment in the connection's account and region.

    Raises InvalidInputError for a name that no deployment can have, NotFoundError where the deployment is not
    installed, BatchyardError where its record cannot be understood.
    """
    if not _DEPLOYMENT.fullmatch(deployment):
        raise InvalidInputError(f"deployment {deployment!r}: letters, digits, - and _ only")
    parameter = parameter_name(deployment)
    try:
        answer = connection.ssm.get_parameter(Name=parameter)
    except ClientError as error:
        if code_of(error) != "ParameterNotFound":
            raise
        raise NotFoundError(
            f"There is no deployment {deployment!r} in {connection}: the SSM parameter {parameter} is missing. "
            f"Deploy it (`cdk deploy -c deployment={deployment}`; `batchyard local up --deployment "
            f"{deployment}` for the local account), or "
            "name another --deployment, --region or --profile."
        ) from error
    try:
        return PlatformRecord.from_json(answer["Parameter"].get("Value", ""))
    except PlatformRecordError as error:
        raise BatchyardError(f"The SSM parameter {parameter} in {connection}: {error}") from error
