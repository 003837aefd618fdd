"""The ECR repository of the image that jobs run in."""

from __future__ import annotations

from pydantic import Field

from batchyard.settings.section import Section


class Repository(Section):
    """The image repository: scanned on push, tags immutable, kept when the deployment is destroyed."""

    keep_images: int = Field(
        default=100,
        ge=1,
        le=100_000,
        description="How many images stay, the newest first. Old revisions of a job definition need the image they "
        "name, so keep more than you have revisions in use.",
    )
    expire_untagged_after_days: int = Field(
        default=7, ge=1, le=36500, description="Images without a tag are deleted after this many days."
    )
