"""`batchyard image`: build the platform's image, push it, see where it stands."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from batchyard.cli.connect import (
    DeploymentOption,
    JsonOption,
    LocalOption,
    ProfileOption,
    RegionOption,
    open_account,
    reporting,
)
from batchyard.cli.streams import tell

if TYPE_CHECKING:
    from batchyard.images.building import Image
    from batchyard.images.registry import PushedImage
    from batchyard.images.report import Report, Tag
    from batchyard.settings.image import Image as Settings

app = typer.Typer(
    help="The image that jobs run in: build it, push it to the deployment's repository, see where it stands.",
    no_args_is_help=True,
)

_IMAGE_PANEL = "Which image"
EngineOption = Annotated[
    str | None,
    typer.Option(
        envvar="BATCHYARD_CONTAINER_ENGINE",
        help="docker, podman or finch. Default: the first of them that answers.",
        show_default=False,
    ),
]
BaseImageOption = Annotated[
    str | None,
    typer.Option(
        help="Any Linux image with bash and coreutils. Default: the deployment file's, else Amazon Linux 2023 minimal.",
        rich_help_panel=_IMAGE_PANEL,
        show_default=False,
    ),
]
PlatformOption = Annotated[
    str | None,
    typer.Option(
        help="linux/amd64, linux/arm64, or both with a comma. Default: the deployment file's, else linux/amd64.",
        rich_help_panel=_IMAGE_PANEL,
        show_default=False,
    ),
]


@app.command()
def build(
    base_image: BaseImageOption = None,
    platform: PlatformOption = None,
    engine: EngineOption = None,
    deployment: DeploymentOption = "default",
) -> None:
    """Build the image from container/ on this machine; print its name. It needs no AWS account.

    The tag says what is in the image: container/, and the base image and platforms if they are not the usual ones.

    \b
    Examples:
      batchyard image build
      docker run --rm "$(batchyard image build)"
      batchyard image build --base-image debian:13-slim
      batchyard image build --engine podman --platform linux/amd64,linux/arm64
    """
    with _reporting():
        from batchyard.images import building
        from batchyard.images.context import build_context
        from batchyard.images.engines import find_engine

        settings = _settings_of(deployment)
        _require_built_here(deployment, settings)
        image = _image(base_image, platform, settings)
        reference = f"{building.LOCAL_NAME}:{image.tag}"
        found = find_engine(engine)
        building.require_ability(found, image)
        tell(f"building {reference} for {', '.join(image.platforms)} with {found}")
        with build_context(image.container, image.platforms) as context:
            building.build(found, image, reference, context)
        if len(image.platforms) > 1 and found.name == "docker":
            tell("an image for several platforms stays in Docker's build cache; `batchyard image push` sends it.")
        print(reference)


@app.command()
def push(
    base_image: BaseImageOption = None,
    platform: PlatformOption = None,
    engine: EngineOption = None,
    deployment: DeploymentOption = "default",
    local: LocalOption = False,
    region: RegionOption = None,
    profile: ProfileOption = None,
) -> None:
    """Build the image and push it to the deployment's repository; print its full name.

    Nothing is built or sent if the repository has the tag already. The login comes from your AWS credentials, is for
    this push alone, and leaves your own logins as they are.

    \b
    Examples:
      batchyard image push
      batchyard image push --deployment genomics --profile lab
      batchyard image push --base-image 123456789012.dkr.ecr.eu-central-1.amazonaws.com/tools:7
    """
    with _reporting():
        from batchyard.client.platform_record import read_platform
        from batchyard.images.pushing import difference, push_image
        from batchyard.images.registry import require_own_image

        settings = _settings_of(deployment)
        _require_built_here(deployment, settings)
        image = _image(base_image, platform, settings)
        connection = open_account(local, region, profile)
        record = read_platform(connection, deployment)
        if settings is None:
            require_own_image(record)
        pushed = push_image(connection, record, image, engine, tell)
        done = "is in the repository already; nothing was sent" if pushed.was_there else "is in the repository"
        tell(f"{pushed.reference} {done} ({_facts(pushed.image)}).")
        note = difference(record, image)
        if note:
            tell(f"note: {note}")
        print(pushed.reference)


@app.command()
def status(
    base_image: BaseImageOption = None,
    platform: PlatformOption = None,
    engine: EngineOption = None,
    deployment: DeploymentOption = "default",
    local: LocalOption = False,
    region: RegionOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say which engine there is, which image this working tree makes, which one is deployed, and what is pushed.

    \b
    Examples:
      batchyard image status
      batchyard image status --deployment genomics --json
    """
    with _reporting():
        from batchyard.cli.output import print_json
        from batchyard.client.platform_record import read_platform
        from batchyard.images.pushing import difference
        from batchyard.images.report import make_report

        image = _image(base_image, platform, _settings_of(deployment))
        connection = open_account(local, region, profile)
        record = read_platform(connection, deployment)
        report = make_report(connection, record, image, engine)
        if as_json:
            print_json(_as_dict(report, image))
            return
        _print_report(report)
        note = difference(record, image)
        if note:
            tell(f"note: {note}")
        if local:
            tell("note: the local account pulls no image: its jobs run container/ as it was deployed.")


@contextlib.contextmanager
def _reporting() -> Iterator[None]:
    """As other commands report, and with this room's own errors."""
    from batchyard.client.errors import BatchyardError
    from batchyard.image import ContainerFolderError
    from batchyard.images.children import ended_like_interrupted
    from batchyard.settings.problems import DeploymentError

    with reporting(), ended_like_interrupted():
        try:
            yield
        except (ContainerFolderError, DeploymentError) as error:
            raise BatchyardError(str(error)) from error


def _settings_of(deployment: str) -> Settings | None:
    """What the deployment's file says of the image; None where this checkout has no such file."""
    from batchyard.settings.load import deployment_names, load_named

    return load_named(deployment).image if deployment in deployment_names() else None


def _image(base_image: str | None, platform: str | None, settings: Settings | None) -> Image:
    """The image that options and settings choose."""
    from batchyard.images.building import Image, parse_platforms
    from batchyard.settings.image import Image as Defaults

    settings = settings or Defaults()
    platforms = tuple(sorted(settings.platforms)) if platform is None else parse_platforms(platform)
    base = settings.base_image if base_image is None else _base_image(base_image)
    return Image(base_image=base, platforms=platforms)


def _base_image(given: str) -> str:
    """A base image as the deployment file takes it. Raises InvalidInputError."""
    from pydantic import TypeAdapter, ValidationError

    from batchyard.client.errors import InvalidInputError
    from batchyard.settings.image import ImageName

    try:
        return TypeAdapter(ImageName).validate_python(given)
    except ValidationError:
        allowed = TypeAdapter(ImageName).json_schema()["x-allowed"]
        raise InvalidInputError(f"--base-image: {given!r} was given; allowed: {allowed}") from None


def _require_built_here(deployment: str, settings: Settings | None) -> None:
    """Refuse to make an image for a deployment whose file names an existing one. Raises BatchyardError."""
    from batchyard.client.errors import BatchyardError

    if settings is not None and settings.source == "external":
        raise BatchyardError(
            f"The deployment {deployment!r} runs {settings.uri} as it is (`image.source: external` in its file): there "
            "is nothing to build or push. Nothing was done."
        )


def _as_dict(report: Report, image: Image) -> dict[str, Any]:
    """The report for JSON: times are ISO 8601, sizes bytes."""
    from batchyard.images.engines import Silent

    engine = report.engine
    return {
        "engine": None if engine is None else {"name": engine.name, "version": engine.version},
        "silentEngines": {each.name: each.reason for each in report.engines if isinstance(each, Silent)},
        "repository": report.repository_uri,
        "workingTree": {
            **_tag_as_dict(report.here),
            "baseImage": image.base_image,
            "platforms": list(image.platforms),
        },
        "deployed": {
            "image": report.deployed_image,
            **({} if report.deployed is None else _tag_as_dict(report.deployed)),
        },
    }


def _tag_as_dict(tag: Tag) -> dict[str, Any]:
    pushed = tag.pushed
    return {
        "tag": tag.tag,
        "inRepository": pushed is not None,
        "digest": pushed.digest if pushed else None,
        "sizeBytes": pushed.size_bytes if pushed else None,
        "pushedAt": pushed.pushed_at.isoformat() if pushed and pushed.pushed_at else None,
    }


def _print_report(report: Report) -> None:
    from batchyard.images.engines import Silent

    silent = "; ".join(f"{each.name}: {each.reason}" for each in report.engines if isinstance(each, Silent))
    deployed = report.deployed
    print(f"engine        {report.engine or f'none ({silent})'}")
    print(f"repository    {report.repository_uri}")
    print(f"working tree  {_line(report.here)}")
    print(f"deployed      {_line(deployed) if deployed else report.deployed_image}")


def _line(tag: Tag) -> str:
    return f"{tag.tag}  {_facts(tag.pushed) if tag.pushed else 'not in the repository'}"


def _facts(pushed: PushedImage) -> str:
    moment = pushed.pushed_at.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z") if pushed.pushed_at else "at some time"
    return f"pushed {moment}, {pushed.size_bytes / 1e6:.1f} MB"
