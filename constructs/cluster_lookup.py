"""The ECS cluster of a compute environment, found when a stack is deployed (docs/adr/0066)."""

from __future__ import annotations

from aws_cdk import CustomResource, Duration, RemovalPolicy
from aws_cdk import aws_batch as batch
from aws_cdk import aws_logs as logs
from constructs import Construct
from constructs.acknowledged import acknowledge
from constructs.inline_function import InlineFunction

TYPE = "Custom::EcsCluster"
#: How long the function waits for an environment to become VALID.
TIMEOUT = Duration.minutes(5)


class ClusterLookup(Construct):
    """A function that asks Batch: CloudFormation does not return an environment's cluster, and its name is Batch's.

    It runs once for each environment, when that is made; at rest it costs nothing.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self._asking = InlineFunction(
            self,
            "Asking",
            name="cluster_lookup",
            description="Tells CloudFormation the ECS cluster of a compute environment",
            timeout=TIMEOUT,
            log_group=logs.LogGroup(
                self, "Logs", retention=logs.RetentionDays.ONE_MONTH, removal_policy=RemovalPolicy.DESTROY
            ),
        )
        self._asking.allow(["batch:DescribeComputeEnvironments"], ["*"])
        acknowledge(
            self._asking.role,
            "IAM5[Resource::*]",
            "DescribeComputeEnvironments takes no resource (Service Authorization Reference, AWS Batch).",
        )

    def cluster(self, construct_id: str, environment: batch.IComputeEnvironment) -> Cluster:
        """The cluster of an environment of the same stack."""
        resource = CustomResource(
            self,
            construct_id,
            resource_type=TYPE,
            service_token=self._asking.function.function_arn,
            service_timeout=TIMEOUT,
            properties={"ComputeEnvironment": environment.compute_environment_arn},
        )
        # The function's permissions must be there when it is asked.
        resource.node.add_dependency(self._asking.role)
        return Cluster(resource)


class Cluster:
    """An ECS cluster; both values are known when the stack is deployed."""

    def __init__(self, resource: CustomResource) -> None:
        self.arn = resource.get_att_string("ClusterArn")
        self.name = resource.get_att_string("ClusterName")
