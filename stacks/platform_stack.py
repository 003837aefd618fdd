"""The platform: which constructs, in which order, with which outputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aws_cdk import CfnOutput, CfnResource, Environment, Stack
from aws_cdk import aws_batch as batch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct
from constructs.consumable_resource import ConsumableResource
from constructs.container_job import ContainerJob
from constructs.execution_role import ExecutionRole
from constructs.fair_share_policy import FairShare
from constructs.image_repository import ImageRepository
from constructs.job_bucket import JobBucket
from constructs.job_log_group import JobLogGroup
from constructs.job_role import JobRole
from constructs.platform_parameter import PlatformParameter
from constructs.prioritized_queue import PrioritizedQueue, RunnableLimits

from batchyard.platform import PlatformRecord
from batchyard.settings.containers import all_containers, containers_of
from batchyard.settings.deployment import Deployment
from batchyard.settings.fair_share import FairShare as FairShareSettings
from batchyard.settings.job_definition import JobDefinition
from batchyard.settings.job_role import JobRole as JobRoleSettings
from batchyard.settings.mounted_runner import mounted_runners, own_commands
from batchyard.settings.names import pascal_case
from batchyard.toolchain import CONTAINER
from stacks.environments import environments
from stacks.job_definitions import grant_mounts, repository_arns, retries_of, runs_of, secrets_of
from stacks.network import job_network

#: What the output of the image says of it, by its source and who builds it.
IMAGE_IS = {
    ("platform", "manual"): "The image that jobs run. Build it from container/ and push it under this very tag; "
    "until then jobs cannot start",
    ("platform", "codebuild"): "The image that jobs run, built from container/ when the stack was deployed",
    ("external", "manual"): "The image that jobs run, as it is",
}


class PlatformStack(Stack):
    """One deployment's platform."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment_name: str,
        deployment: Deployment,
        image_tag: str,
        s5cmd: Callable[[str], Path],
        env: Environment | None = None,
    ) -> None:
        """Make the platform. `s5cmd` finds the S3 client of an architecture, for instances and builds that need it."""
        super().__init__(
            scope,
            construct_id,
            env=env,
            description=f"Batchyard: the AWS Batch platform of the deployment {deployment_name}",
        )
        self.deployment = deployment
        self.s5cmd = s5cmd
        self.bucket = JobBucket(
            self,
            "Storage",
            scratch_days=deployment.storage.scratch_prefixes,
            abort_uploads_after_days=deployment.storage.abort_uploads_after_days,
        ).bucket
        self.repository = ImageRepository(
            self,
            "Images",
            keep_images=deployment.repository.keep_images,
            expire_untagged_after_days=deployment.repository.expire_untagged_after_days,
        ).repository
        # The repository stays with an external image too: jobs that wait may need what is in it.
        self.image = deployment.image.uri or self.repository.repository_uri_for_tag(image_tag)
        self.log_group = JobLogGroup(self, "Logs", retention_days=deployment.logs.retention_days).log_group
        self.built = self._built(image_tag)
        self.job_role = self._job_role("JobRole", deployment.job_role)
        self.network = job_network(self, "Network", deployment=deployment)
        self.environments = environments(
            self, deployment_name=deployment_name, deployment=deployment, network=self.network, s5cmd=s5cmd
        )
        self.queues = self._queues()
        self.consumables = self._consumables()
        self.definitions = self._definitions()
        self.record = self._record(deployment_name)
        self.parameter = PlatformParameter(self, "Platform", record=self.record).parameter
        self._outputs()
        if deployment.budget is not None:
            from stacks.budget import monthly_budget  # aws_budgets, which most deployments do without

            monthly_budget(self, deployment_name=deployment_name, settings=deployment.budget)

    def _built(self, image_tag: str) -> CfnResource | None:
        """What is there when the image is; None where nothing in the stack builds it."""
        settings = self.deployment.image
        if settings.build != "codebuild":
            return None
        # Only here: a deployment that builds nothing need not load CodeBuild and Lambda.
        from importlib import metadata

        from constructs.image_build import ImageBuild

        from batchyard.images.context import build_context

        with build_context(CONTAINER, settings.platforms, self.s5cmd) as context:
            return ImageBuild(
                self,
                "ImageBuild",
                repository=self.repository,
                tag=image_tag,
                platforms=settings.platforms,
                base_image=settings.base_image,
                context=context,
                version=metadata.version("batchyard"),
                retention_days=self.deployment.logs.retention_days,
            ).built

    def _job_role(self, construct_id: str, settings: JobRoleSettings) -> JobRole:
        role = JobRole(self, construct_id)
        storage = self.deployment.storage
        writable = [storage.results_prefix, *storage.scratch_prefixes]
        role.grant_read(self.bucket, [storage.scripts_prefix, *writable])
        role.grant_write(self.bucket, writable)
        for name, access in settings.buckets.items():
            bucket = s3.Bucket.from_bucket_name(role, f"Bucket-{name}", name)
            if access.read:
                role.grant_read(bucket, access.read)
            if access.write:
                role.grant_write(bucket, access.write)
        return role

    def _queues(self) -> dict[str, batch.JobQueue]:
        return {
            name: PrioritizedQueue(
                self,
                f"{pascal_case(name)}Queue",
                priority=queue.priority,
                compute_environments=[self.environments[each] for each in queue.compute_environments],
                limits=RunnableLimits(
                    insufficient_capacity=queue.runnable_limits.insufficient_capacity_seconds,
                    environment_maximum=queue.runnable_limits.environment_maximum_seconds,
                    job_resource_requirement=queue.runnable_limits.job_resource_requirement_seconds,
                ),
                fair_share=None if queue.fair_share is None else _fair_share(queue.fair_share),
                enabled=queue.enabled,
            ).queue
            for name, queue in self.deployment.queues.items()
        }

    def _consumables(self) -> dict[str, batch.CfnConsumableResource]:
        return {
            name: ConsumableResource(
                self, f"{pascal_case(name)}Consumable", kind=each.type, quantity=each.quantity
            ).resource
            for name, each in self.deployment.consumable_resources.items()
        }

    def _definitions(self) -> dict[str, batch.CfnJobDefinition]:
        execution = ExecutionRole(self, "ExecutionRole", repository=self.repository, log_group=self.log_group)
        definitions = self.deployment.job_definitions
        containers = [container for _, container in all_containers(self.deployment)]
        execution.grant_secrets(arn for each in containers for arn in secrets_of(each))
        existing = [self.deployment.image.uri, *(each.image for each in containers)]
        execution.grant_pull(arn for image in existing for arn in repository_arns(self, image))
        return {name: self._definition(name, each, execution.role) for name, each in definitions.items()}

    def _definition(self, name: str, definition: JobDefinition, execution_role: iam.IRole) -> batch.CfnJobDefinition:
        role = self.job_role
        if definition.job_role is not None:
            role = self._job_role(f"{pascal_case(name)}JobRole", definition.job_role)
        grant_mounts(self, role, definition)
        made = ContainerJob(
            self,
            f"{pascal_case(name)}Definition",
            name=name,
            runs=runs_of(self.deployment, definition, image=self.image, region=self.region),
            parameters=definition.parameters,
            job_role=role.role,
            execution_role=execution_role,
            log_group=self.log_group,
            region=self.region,
            retries=retries_of(definition),
            timeout_seconds=definition.timeout_seconds,
            scheduling_priority=definition.scheduling_priority,
            consumes={self.consumables[each].ref: quantity for each, quantity in definition.consumes.items()},
        ).definition
        if self.built is not None and any(each.image is None for each in containers_of(definition).values()):
            made.node.add_dependency(self.built)
        return made

    def _record(self, deployment_name: str) -> PlatformRecord:
        return PlatformRecord(
            deployment=deployment_name,
            account=self.account,
            region=self.region,
            bucket=self.bucket.bucket_name,
            scripts_prefix=self.deployment.storage.scripts_prefix,
            results_prefix=self.deployment.storage.results_prefix,
            repository_uri=self.repository.repository_uri,
            image=self.image,
            log_group=self.log_group.log_group_name,
            job_role_arn=self.job_role.role.role_arn,
            default_queue=self.deployment.default_queue,
            default_job_definition=self.deployment.default_job_definition,
            job_queues={name: queue.job_queue_arn for name, queue in self.queues.items()},
            job_definitions={name: each.ref for name, each in self.definitions.items()},
            compute_environments={
                name: environment.compute_environment_arn for name, environment in self.environments.items()
            },
            fair_share_queues=[name for name, queue in self.deployment.queues.items() if queue.fair_share],
            mounted_runners=mounted_runners(self.deployment),
            own_commands=own_commands(self.deployment),
        )

    def _outputs(self) -> None:
        record = self.record
        outputs = {
            "JobBucket": (record.bucket, "The job bucket: scripts, results, scratch"),
            "RepositoryUri": (record.repository_uri, "The repository of the image that jobs run in"),
            "Image": (record.image, IMAGE_IS[self.deployment.image.source, self.deployment.image.build]),
            "LogGroup": (record.log_group, "The log group of the jobs"),
            "JobRoleArn": (record.job_role_arn, "The role of the jobs"),
            "PlatformParameter": (self.parameter.parameter_name, "The platform record, which clients read"),
            # Who mounts a file system needs both, before any job definition names it.
            "Vpc": (self.network.vpc.vpc_id, "The VPC of the instances"),
            "InstancesSecurityGroup": (
                self.network.security_group.security_group_id,
                "The security group of the instances: what they mount must let it in",
            ),
        }
        # Nothing that can change stands in a description: a changed priority is one change in a diff, not two.
        for name, arn in record.job_queues.items():
            outputs[f"{pascal_case(name)}QueueArn"] = (arn, f"The job queue {name}")
        for name, arn in record.job_definitions.items():
            outputs[f"{pascal_case(name)}JobDefinitionArn"] = (arn, f"The job definition {name}, latest revision")
        for name, resource in self.consumables.items():
            outputs[f"{pascal_case(name)}ConsumableArn"] = (resource.ref, f"The consumable resource {name}")
        build = self.deployment.ami.build
        if build is not None and build.aws_cli_prefix is not None:
            outputs["AwsCliPath"] = (
                f"{build.aws_cli_prefix}/bin/aws",
                "The AWS CLI on the instances: Nextflow's aws.batch.cliPath",
            )
        for output_id, (value, description) in outputs.items():
            CfnOutput(self, output_id, value=value, description=description)


def _fair_share(settings: FairShareSettings) -> FairShare:
    return FairShare(
        decay_seconds=settings.share_decay_seconds,
        reservation=settings.compute_reservation,
        weights=settings.shares,
    )
