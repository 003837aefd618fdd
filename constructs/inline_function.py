"""A small Lambda function whose code stands in the template: one file of functions/, as it is."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from batchyard.toolchain import ROOT

FUNCTIONS = ROOT / "functions"


class InlineFunction(Construct):
    """A function with a role of its own, which may do what is allowed here and write to one log group.

    At rest it costs nothing. What invokes it at once depends on `role`, which has its permissions.
    """

    function: lambda_.Function
    role: iam.Role

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        description: str,
        timeout: Duration,
        log_group: logs.ILogGroup,
    ) -> None:
        """`name` is that of the file, without its ending; the file has a function `handler`."""
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            description=f"The function's: {description}",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )
        log_group.grant_write(self.role)
        self.function = lambda_.Function(
            self,
            "Function",
            description=description,
            runtime=lambda_.Runtime.PYTHON_3_14,
            handler="index.handler",
            code=lambda_.Code.from_inline((FUNCTIONS / f"{name}.py").read_text()),
            timeout=timeout,
            memory_size=256,
            role=self.role,
            log_group=log_group,
        )

    def allow(self, actions: Sequence[str], resources: Sequence[str]) -> None:
        """Let it do this with these resources."""
        self.role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=list(resources)))
