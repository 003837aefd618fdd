"""The deployment's image repository, as Amazon ECR describes it."""

from __future__ import annotations

import base64
import datetime
import ipaddress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from batchyard.client.aws_errors import code_of
from batchyard.client.connection import Connection
from batchyard.client.errors import BatchyardError, NotFoundError
from batchyard.platform import PlatformRecord


@dataclass(frozen=True)
class Repository:
    """A repository: HOST/NAME."""

    host: str
    """With the port, where there is one."""
    name: str

    def reference(self, tag: str) -> str:
        """An image's full name."""
        return f"{self.host}/{self.name}:{tag}"


@dataclass(frozen=True)
class PushedImage:
    """An image that is in the repository."""

    tag: str
    digest: str
    size_bytes: int
    """Of its compressed layers, which is what the repository stores."""
    pushed_at: datetime.datetime | None


@dataclass(frozen=True)
class Login:
    """What an engine needs to log in to a registry."""

    host: str
    user: str
    password: str = field(repr=False)


def repository_of(record: PlatformRecord) -> Repository:
    """The deployment's own repository. Raises BatchyardError where it has none."""
    host, _, name = record.repository_uri.partition("/")
    if not host or not name:
        raise BatchyardError(
            f"The deployment {record.deployment!r} has no image repository of its own: its jobs run {record.image}, "
            "which is not built here."
        )
    return Repository(host, name)


def wanted_tag(record: PlatformRecord) -> str | None:
    """The tag that the deployed job definition runs; None where its image is not from the deployment's repository."""
    prefix = f"{record.repository_uri}:"
    return record.image[len(prefix) :] if record.image.startswith(prefix) else None


def require_own_image(record: PlatformRecord) -> None:
    """Refuse a deployment whose jobs run an image that is not from its repository. Raises BatchyardError."""
    if wanted_tag(record) is None:
        raise BatchyardError(
            f"The jobs of the deployment {record.deployment!r} run {record.image}, which is not from its own "
            "repository (`image.source: external` in its file): there is nothing to build or push. Nothing was done."
        )


def find_image(connection: Connection, repository: Repository, tag: str) -> PushedImage | None:
    """The image with this tag, or None. Raises NotFoundError where the repository is gone, botocore's errors.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html
    """
    try:
        answer = connection.ecr.describe_images(repositoryName=repository.name, imageIds=[{"imageTag": tag}])
    except ClientError as error:
        if code_of(error) == "ImageNotFoundException":
            return None
        if code_of(error) == "RepositoryNotFoundException":
            raise NotFoundError(
                f"The repository {repository.name} of the platform record is not in {connection}: deploy the platform "
                "again."
            ) from error
        raise
    for found in answer["imageDetails"]:
        return PushedImage(
            tag, found.get("imageDigest", ""), int(found.get("imageSizeInBytes", 0)), found.get("imagePushedAt")
        )
    return None


def login_for(connection: Connection, repository: Repository) -> Login:
    """Credentials for the repository's registry, good for 12 hours. Raises BatchyardError, botocore's errors.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
    """
    answer = connection.ecr.get_authorization_token()["authorizationData"][0]
    host = urlsplit(answer["proxyEndpoint"]).netloc
    if host != repository.host:
        raise BatchyardError(
            f"{connection} gives a login for the registry {host}, and the deployment's repository is in "
            f"{repository.host}: use the account and region that the deployment is in."
        )
    user, _, password = base64.b64decode(answer["authorizationToken"]).decode().partition(":")
    return Login(host, user, password)


def require_registry(connection: Connection, repository: Repository) -> None:
    """Refuse what would go to AWS with an emulator's credentials. Raises BatchyardError."""
    if connection.is_loopback and not _is_loopback(repository.host):
        raise BatchyardError(
            f"The account at {connection.custom_endpoint} has no image registry, and needs none: its jobs run "
            f"container/ as it was deployed. Nothing was sent to {repository.host}."
        )


def _is_loopback(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
