"""Checks between the fields of the image: an existing image is neither built nor for other platforms than it is."""

from __future__ import annotations

from collections.abc import Iterator

from batchyard.settings.deployment import Deployment
from batchyard.settings.problems import Path, Problem

SOURCE: Path = ("image", "source")
#: What says how the platform's image is made, and so says nothing about an existing one.
ONLY_WHERE_IT_IS_BUILT = ("build", "base_image", "platforms")


def image(deployment: Deployment) -> Iterator[Problem]:
    """The image is built, or it is there already."""
    settings = deployment.image
    uri: Path = ("image", "uri")
    if settings.source == "platform" and settings.uri is not None:
        yield Problem(
            uri,
            "an image is named, and image.source says that the platform's own is used",
            settings.uri,
            "nothing, or source: external",
            others=(SOURCE,),
        )
    if settings.source == "external":
        if settings.uri is None:
            yield Problem(
                SOURCE, "an external image is used, but image.uri names none", "no uri", "image.uri", others=(uri,)
            )
        for field in ONLY_WHERE_IT_IS_BUILT:
            given = getattr(settings, field)
            if field in settings.model_fields_set and given is not None:
                yield Problem(
                    ("image", field),
                    "an external image is used as it is, not built",
                    _words(given),
                    "nothing, or source: platform",
                    others=(SOURCE,),
                )
    if settings.source == "platform" and settings.build == "codebuild":
        yield Problem(
            ("image", "build"),
            "this version cannot build the image in the account",
            "codebuild",
            "manual: push it with `batchyard image push`",
        )
    if settings.mount_runner:
        yield Problem(
            ("image", "mount_runner"),
            "this version cannot mount the runner into jobs",
            "true",
            "false; an image built on yours (base_image) has the runner in it",
        )


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
