"""Names of images in private ECR repositories. Standard library only."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ECR_IMAGE = re.compile(
    r"(?P<registry>(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[a-z.]+)/(?P<repository>[^:@]+)"
)


@dataclass(frozen=True)
class EcrImage:
    """Where an image lies: its registry is ACCOUNT.dkr.ecr.REGION.amazonaws.com."""

    registry: str
    account: str
    region: str
    repository: str

    def repository_arn(self, partition: str) -> str:
        """The ARN of its repository."""
        return f"arn:{partition}:ecr:{self.region}:{self.account}:repository/{self.repository}"


def ecr_image(name: str | None) -> EcrImage | None:
    """Where the image of this name lies; None for one that is not in a private ECR repository."""
    found = _ECR_IMAGE.match(name or "")
    return EcrImage(**found.groupdict()) if found else None
