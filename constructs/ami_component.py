"""One component of a machine image: a document of EC2 Image Builder."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_imagebuilder as imagebuilder
from constructs import Construct

#: Image Builder counts its builds up: a changed document is the next build of this version (docs/adr/0072).
VERSION = "1.0.0"


class AmiComponent(Construct):
    """A component whose every change is a new build beside the old one, which images that have it still name."""

    component: imagebuilder.CfnComponent

    def __init__(self, scope: Construct, construct_id: str, *, name: str, description: str, document: str) -> None:
        """Make the component; `document` is YAML or JSON, of at most 16,000 characters."""
        super().__init__(scope, construct_id)
        self.component = imagebuilder.CfnComponent(
            self,
            "Component",
            name=name,
            version=VERSION,
            platform="Linux",
            supported_os_versions=["Amazon Linux 2023"],
            description=description,
            data=document,
        )
        self.component.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
