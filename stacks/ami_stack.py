"""The machine images that a deployment builds: components, a machine to build on, a pipeline for each kind."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from aws_cdk import CfnOutput, Environment, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct
from constructs.acknowledged import acknowledge
from constructs.ami_build_machine import AmiBuildMachine
from constructs.ami_component import AmiComponent
from constructs.ami_pipeline import AmiPipeline, Ingredient

from batchyard.settings.built_images import KINDS, parameter_name
from batchyard.settings.image_build import ImageBuild
from batchyard.settings.names import pascal_case
from batchyard.toolchain import CONTAINER, MACHINE_IMAGE

RUNNER = CONTAINER / "fetch_and_run.sh"


class AmiStack(Stack):
    """The images of one deployment. To deploy it is to build them: it takes as long as a build, half an hour or so."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment_name: str,
        build: ImageBuild,
        kinds: list[str],
        root_device: str,
        root_gib: int,
        image_tags: Mapping[str, str],
        env: Environment | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            env=env,
            description=f"Batchyard: the machine images of the deployment {deployment_name}",
        )
        self._prefix = f"batchyard-{deployment_name}"
        machine = AmiBuildMachine(self, "Machine", subnet_id=build.subnet_id, security_group_id=build.security_group_id)
        ingredients = self._ingredients(build, machine)
        lifecycle_role = self._lifecycle_role()
        for kind in kinds:
            name = parameter_name(deployment_name, kind)
            pipeline = AmiPipeline(
                self,
                f"{pascal_case(kind)}Image",
                name=f"{self._prefix}-{kind}",
                base_parameter=KINDS[kind].base_parameter,
                ingredients=ingredients,
                root_device=root_device,
                root_gib=root_gib,
                machine=machine,
                instance_types=KINDS[kind].instance_types,
                parameter_name=name,
                tags=image_tags,
                schedule=build.schedule,
                keep_images=build.keep_images,
                lifecycle_role=lifecycle_role,
            )
            CfnOutput(
                self,
                f"{pascal_case(kind)}ImageId",
                value=pipeline.image.attr_image_id,
                description=f"The machine image that this deployment built; the newest is in the parameter {name}",
            )

    def _ingredients(self, build: ImageBuild, machine: AmiBuildMachine) -> list[Ingredient]:
        found: list[Ingredient] = []
        if build.aws_cli_prefix is not None:
            parameters = {"prefix": build.aws_cli_prefix, "version": build.aws_cli_version or "latest"}
            found.append(self._ingredient("aws-cli", "The AWS CLI, to be mounted into jobs", parameters))
        if build.runner:
            found.append(self._ingredient("runner", "The fetch-and-run runner and s5cmd", self._runner(machine.role)))
        found += [Ingredient(arn) for arn in build.components]
        if build.commands:
            document = json.dumps(_document_of(build.commands), indent=1)
            found.append(self._component("commands", "The deployment's own commands", document))
        # Last, for it takes away what the others left behind.
        found.append(
            self._ingredient(
                "container-instance", "Proves Docker, the ECS agent and the disk", {"free_gib": str(build.free_gib)}
            )
        )
        return found

    def _ingredient(self, name: str, description: str, parameters: Mapping[str, str]) -> Ingredient:
        document = (MACHINE_IMAGE / f"{name.replace('-', '_')}.yaml").read_text()
        return self._component(name, description, document, parameters)

    def _component(
        self, name: str, description: str, document: str, parameters: Mapping[str, str] | None = None
    ) -> Ingredient:
        construct_id = f"{pascal_case(name)}Component"
        made = AmiComponent(
            self, construct_id, name=f"{self._prefix}-{name}", description=description, document=document
        )
        return Ingredient(made.component.attr_arn, parameters or {})

    def _runner(self, role: iam.Role) -> dict[str, str]:
        """Where instances fetch the runner from, and its hash; `role` may read this one object."""
        asset = s3_assets.Asset(self, "Runner", path=str(RUNNER))
        role.add_to_policy(
            iam.PolicyStatement(actions=["s3:GetObject"], resources=[asset.bucket.arn_for_objects(asset.s3_object_key)])
        )
        return {"source": asset.s3_object_url, "sha256": hashlib.sha256(RUNNER.read_bytes()).hexdigest()}

    def _lifecycle_role(self) -> iam.Role:
        policy = "service-role/EC2ImageBuilderLifecycleExecutionPolicy"
        role = iam.Role(
            self,
            "LifecycleRole",
            description="What Image Builder may do to delete old machine images",
            assumed_by=iam.ServicePrincipal("imagebuilder.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(policy)],
        )
        acknowledge(
            role,
            f"IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{policy}]",
            "It is bound to images that Image Builder made, by their tag, and AWS keeps it in step with the service.",
        )
        return role


def _document_of(commands: tuple[str, ...]) -> dict[str, object]:
    """A component document that runs these commands, a step each."""
    steps = [
        {"name": f"Command{number}", "action": "ExecuteBash", "inputs": {"commands": [f"set -eo pipefail\n{command}"]}}
        for number, command in enumerate(commands, start=1)
    ]
    return {"name": "commands", "schemaVersion": 1.0, "phases": [{"name": "build", "steps": steps}]}
