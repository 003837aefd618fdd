"""A job definition that runs the platform's image, which fetches a script from S3 and runs it."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import aws_batch as batch
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

SCRATCH_VOLUME = "scratch"

#: A reclaimed Spot instance is nobody's fault; whatever else ends an attempt would end the next one too.
#: (Batch User Guide, "Automated job retries".)
RETRY_ON_RECLAIM_ONLY = [
    {"action": "RETRY", "onStatusReason": "Host EC2*"},
    {"action": "EXIT", "onReason": "*"},
]


class FetchAndRun(Construct):
    """A container job definition on EC2.

    The image's entry point is the runner, so the definition has no command: a submission gives label and arguments.

    The L1 is used (docs/adr/0002): the L2 takes image and log driver from aws_ecs, whose import alone costs a tenth
    of a synthesis, and lacks parts of the resource.
    """

    definition: batch.CfnJobDefinition

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        repository: ecr.IRepository,
        image_tag: str,
        job_role: iam.IRole,
        execution_role: iam.IRole,
        log_group: logs.ILogGroup,
        region: str,
        vcpus: int,
        memory_mib: int,
        environment: Mapping[str, str],
        scratch_on_host: str,
        scratch_in_container: str,
        attempts: int,
        timeout_seconds: int,
    ) -> None:
        """Make the job definition; `name` is what its log streams begin with."""
        super().__init__(scope, construct_id)
        # Batch on EC2 tells a container neither its region nor where there is room for large files.
        variables = {"AWS_DEFAULT_REGION": region, "TMPDIR": scratch_in_container, **environment}
        self.definition = batch.CfnJobDefinition(
            self,
            "Resource",
            type="container",
            platform_capabilities=["EC2"],
            propagate_tags=True,
            # Jobs that wait name a revision: an update must not take it from them.
            resource_retention_policy=batch.CfnJobDefinition.ResourceRetentionPolicyProperty(
                skip_deregister_on_update=True
            ),
            retry_strategy=batch.CfnJobDefinition.RetryStrategyProperty(
                attempts=attempts, evaluate_on_exit=RETRY_ON_RECLAIM_ONLY
            ),
            timeout=batch.CfnJobDefinition.TimeoutProperty(attempt_duration_seconds=timeout_seconds),
            container_properties=batch.CfnJobDefinition.ContainerPropertiesProperty(
                image=repository.repository_uri_for_tag(image_tag),
                job_role_arn=job_role.role_arn,
                execution_role_arn=execution_role.role_arn,
                privileged=False,
                readonly_root_filesystem=False,
                resource_requirements=[
                    {"type": "VCPU", "value": str(vcpus)},
                    {"type": "MEMORY", "value": str(memory_mib)},
                ],
                environment=[{"name": key, "value": value} for key, value in variables.items()],
                volumes=[{"name": SCRATCH_VOLUME, "host": {"sourcePath": scratch_on_host}}],
                mount_points=[
                    {"sourceVolume": SCRATCH_VOLUME, "containerPath": scratch_in_container, "readOnly": False}
                ],
                log_configuration=batch.CfnJobDefinition.LogConfigurationProperty(
                    log_driver="awslogs",
                    options={
                        "awslogs-group": log_group.log_group_name,
                        "awslogs-region": region,
                        "awslogs-stream-prefix": name,
                    },
                ),
            ),
        )
