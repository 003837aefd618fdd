"""A job definition that runs the platform's image, which fetches a script from S3 and runs it."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration, Size
from aws_cdk import aws_batch as batch
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

SCRATCH_VOLUME = "scratch"


class FetchAndRun(Construct):
    """A container job definition on EC2.

    The image's entry point is the runner, so the definition has no command: a submission gives label and arguments.
    """

    definition: batch.EcsJobDefinition

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
        container = batch.EcsEc2ContainerDefinition(
            self,
            "Container",
            image=ecs.ContainerImage.from_ecr_repository(repository, image_tag),
            cpu=vcpus,
            memory=Size.mebibytes(memory_mib),
            # Batch on EC2 tells a container neither its region nor where there is room for large files.
            environment={"AWS_DEFAULT_REGION": region, "TMPDIR": scratch_in_container, **environment},
            job_role=job_role,
            execution_role=execution_role,
            logging=ecs.LogDriver.aws_logs(stream_prefix=name, log_group=log_group),
            privileged=False,
            volumes=[
                batch.EcsVolume.host(
                    name=SCRATCH_VOLUME,
                    host_path=scratch_on_host,
                    container_path=scratch_in_container,
                    readonly=False,
                )
            ],
        )
        self.definition = batch.EcsJobDefinition(
            self,
            "Definition",
            container=container,
            propagate_tags=True,
            retry_attempts=attempts,
            retry_strategies=[
                batch.RetryStrategy.of(batch.Action.RETRY, batch.Reason.SPOT_INSTANCE_RECLAIMED),
                batch.RetryStrategy.of(batch.Action.EXIT, batch.Reason.custom(on_reason="*")),
            ],
            timeout=Duration.seconds(timeout_seconds),
            # Jobs that wait name a revision: an update must not take it from them.
            skip_deregister_on_update=True,
        )
