"""Push the image of this working tree to the deployment's repository, once."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from batchyard.client.connection import Connection
from batchyard.client.errors import BatchyardError
from batchyard.images.building import Image, build, require_ability, send
from batchyard.images.context import build_context
from batchyard.images.engines import find_engine
from batchyard.images.logging_in import logged_in
from batchyard.images.registry import (
    PushedImage,
    Repository,
    find_image,
    login_for,
    repository_of,
    require_registry,
    wanted_tag,
)
from batchyard.platform import PlatformRecord

#: Within this time an image that was pushed must be there.
THERE_SECONDS = 20.0


@dataclass(frozen=True)
class Pushed:
    """How a push ended."""

    reference: str
    image: PushedImage
    was_there: bool


def push_image(
    connection: Connection, record: PlatformRecord, image: Image, engine_name: str | None, tell: Callable[[str], None]
) -> Pushed:
    """Build and push the image under the tag that its contents have, unless it is in the repository already.

    `tell` hears what goes on. Raises NoEngineError, BatchyardError, ContainerFolderError, botocore's errors.
    """
    repository = repository_of(record)
    require_registry(connection, repository)
    tag = image.tag
    reference = repository.reference(tag)
    there = find_image(connection, repository, tag)
    if there is not None:
        return Pushed(reference, there, was_there=True)
    engine = find_engine(engine_name)
    require_ability(engine, image)
    with build_context(image.container, image.platforms) as context:
        tell(f"building {reference} for {', '.join(image.platforms)} with {engine}")
        build(engine, image, reference, context)
        login = login_for(connection, repository)
        with logged_in(engine, login) as environment:
            tell(f"pushing it to {repository.host}")
            try:
                send(engine, image, reference, context, environment)
            except BatchyardError:
                # Tags are immutable: somebody else may have pushed the same contents meanwhile.
                there = find_image(connection, repository, tag)
                if there is None:
                    raise
                return Pushed(reference, there, was_there=True)
    return Pushed(reference, _verified(connection, repository, tag), was_there=False)


def difference(record: PlatformRecord, image: Image) -> str | None:
    """What to know where the deployed job definition runs another image than this working tree makes; or None."""
    wanted, tag = wanted_tag(record), image.tag
    if wanted == tag:
        return None
    if wanted is None:
        return (
            f"the jobs of the deployment {record.deployment!r} run {record.image}, which is not from its own "
            "repository (`image.source` in the deployment file)."
        )
    return (
        f"this is not what is deployed: container/, base image and platforms here make the tag {tag}, and the job "
        f"definition of the deployment {record.deployment!r} runs {wanted}. Jobs use the one from here after the next "
        f"`cdk deploy -c deployment={record.deployment}`; for the deployed one, use the commit, --base-image and "
        "--platform that were deployed."
    )


def _verified(connection: Connection, repository: Repository, tag: str) -> PushedImage:
    deadline = time.monotonic() + THERE_SECONDS
    while True:
        found = find_image(connection, repository, tag)
        if found is not None:
            return found
        if time.monotonic() > deadline:
            raise BatchyardError(
                f"The push ended well, but {THERE_SECONDS:.0f} s later {repository.reference(tag)} is not in the "
                "repository by its own word: run `batchyard image push` again."
            )
        time.sleep(0.5)
