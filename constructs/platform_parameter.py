"""The platform record in SSM: how clients find everything else."""

from __future__ import annotations

from aws_cdk import Fn, Stack
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from batchyard.platform import PlatformRecord, parameter_name


class PlatformParameter(Construct):
    """The one resource with a physical name: clients know it without asking."""

    parameter: ssm.StringParameter

    def __init__(self, scope: Construct, construct_id: str, *, record: PlatformRecord) -> None:
        super().__init__(scope, construct_id)
        self.parameter = ssm.StringParameter(
            self,
            "Parameter",
            parameter_name=parameter_name(record.deployment),
            description="Queues, job definitions, bucket and repository of a Batchyard platform",
            string_value=Stack.of(self).to_json_string(
                record.to_fields(shortened=lambda arn: Fn.select(1, Fn.split("/", arn)))
            ),
            # A record above 4 KB, with many queues, needs the advanced tier; smaller ones stay free.
            tier=ssm.ParameterTier.INTELLIGENT_TIERING,
        )
