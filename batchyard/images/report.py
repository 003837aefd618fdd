"""Where the image stands: engines, the working tree's tag, the deployed one, and which of them the repository has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from batchyard.client.connection import Connection
from batchyard.images.building import Image
from batchyard.images.engines import Engine, Silent, survey
from batchyard.images.registry import PushedImage, find_image, repository_of, wanted_tag
from batchyard.platform import PlatformRecord


@dataclass(frozen=True)
class Tag:
    """A tag, and the image that the repository has under it, if it has one."""

    tag: str
    pushed: PushedImage | None


@dataclass(frozen=True)
class Report:
    """Where the image stands."""

    engines: Sequence[Engine | Silent]
    repository_uri: str
    here: Tag
    """What this working tree makes."""
    deployed_image: str
    """What the deployed job definition runs."""
    deployed: Tag | None
    """None where that image is not from the deployment's own repository."""

    @property
    def engine(self) -> Engine | None:
        """The engine that `build` and `push` take."""
        return next((each for each in self.engines if isinstance(each, Engine)), None)


def make_report(connection: Connection, record: PlatformRecord, image: Image, engine_name: str | None) -> Report:
    """Ask engines and repository. Raises BatchyardError, ContainerFolderError, botocore's errors."""
    repository = repository_of(record)

    def looked_up(tag: str) -> Tag:
        return Tag(tag, find_image(connection, repository, tag))

    here, wanted = looked_up(image.tag), wanted_tag(record)
    return Report(
        engines=list(survey(engine_name)),
        repository_uri=record.repository_uri,
        here=here,
        deployed_image=record.image,
        deployed=None if wanted is None else here if wanted == here.tag else looked_up(wanted),
    )
