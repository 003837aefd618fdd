"""The image for real: built by a Docker engine, pushed with ECR's login, pulled again, and jobs run from it."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import io
import json
import os
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from batchyard.image import image_tag
from batchyard.images.context import build_context
from batchyard.local import state
from batchyard.platform import PlatformRecord, parameter_name
from batchyard.toolchain import CONTAINER
from tests.support.command import Command, Done
from tests.support.container_registry import EcrStandIn, Registry, running_ecr, running_registry
from tests.support.docker_engine import DockerEngine, base_image, base_with_apk, base_without_bash, docker_engine
from tests.support.docker_engine import Done as DockerDone
from tests.support.platform import REGION, Platform
from tests.support.synthesis import properties, template

__all__ = ["base_image", "base_with_apk", "base_without_bash", "docker_engine"]

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

DEPLOYMENT = "with-registry"
NAME = "batchyard/images"
MOST_OVER_THE_BASE = 25_000_000
# As a user's own would be: a push must neither use it nor leave anything in it.
OWN_CONFIGURATION = {"auths": {"registry.example.com": {"auth": base64.b64encode(b"me:mine").decode()}}}


@dataclass(frozen=True)
class Room:
    """Everything a push needs: an engine, a registry, an account whose record names it."""

    engine: DockerEngine
    registry: Registry
    ecr: EcrStandIn
    platform: Platform
    record: PlatformRecord
    base: str
    folder: Path

    @property
    def reference(self) -> str:
        return f"{self.record.repository_uri}:{image_tag(CONTAINER, self.base)}"

    @property
    def configuration(self) -> Path:
        return self.folder / "docker"

    def image(self, *arguments: str, **environment: str) -> Done:
        """`batchyard image …` in the account, with the engine."""
        given = {
            **self.engine.environment(self.configuration),
            "BATCHYARD_STATE": str(self.folder / "state"),
            "BATCHYARD_DEPLOYMENT": DEPLOYMENT,
            "AWS_ENDPOINT_URL_ECR": self.ecr.endpoint,
            **environment,
        }
        return Command(self.folder, {**self.platform.environment(), **given})(*("image", *arguments))

    def push(self, **environment: str) -> Done:
        return self.image("push", "--base-image", self.base, **environment)

    def status(self) -> dict[str, object]:
        done = self.image("status", "--base-image", self.base, "--json")
        assert done.code == 0, done
        found: dict[str, object] = json.loads(done.out)
        return found


@pytest.fixture(scope="module")
def room(
    docker_engine: DockerEngine, base_image: str, platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("image")
    with running_registry(folder) as registry, running_ecr(registry, NAME) as ecr:
        repository = f"{registry.host}/{NAME}"
        record = dataclasses.replace(
            platform.record,
            deployment=DEPLOYMENT,
            repository_uri=repository,
            image=f"{repository}:{image_tag(CONTAINER, base_image)}",
        )
        parameters = platform.connection.ssm
        parameters.put_parameter(Name=parameter_name(DEPLOYMENT), Value=record.to_json(), Type="String")
        made = Room(docker_engine, registry, ecr, platform, record, base_image, folder)
        made.configuration.mkdir()
        (made.configuration / "config.json").write_text(json.dumps(OWN_CONFIGURATION))
        yield made
        parameters.delete_parameter(Name=parameter_name(DEPLOYMENT))


@dataclass(frozen=True)
class FirstPush:
    """The first push, and what `status` said before it."""

    before: dict[str, object]
    done: Done


@pytest.fixture(scope="module")
def first_push(room: Room) -> FirstPush:
    before = room.status()
    done = room.push()
    assert done.code == 0, done
    return FirstPush(before, done)


@pytest.fixture(scope="module")
def pulled(room: Room, first_push: FirstPush) -> str:
    """The image, out of the registry: the one that was built is removed first."""
    reference = first_push.done.out.strip()
    room.engine.docker("image", "rm", "--force", reference).ok()
    assert not room.engine.has(reference)
    refused = room.engine.docker("pull", reference)
    assert refused.code != 0, "the registry must ask for a login"
    assert "no basic auth credentials" in refused.err
    configuration = room.folder / "puller"
    login = ("login", "--username", "AWS", "--password-stdin", room.registry.host)
    room.engine.docker(*login, stdin=room.registry.password.encode(), configuration=configuration).ok()
    room.engine.docker("pull", reference, configuration=configuration).ok()
    return reference


def test_a_push_builds_logs_in_and_sends_under_the_contents_tag(room: Room, first_push: FirstPush) -> None:
    assert first_push.done.out == f"{room.reference}\n"
    assert room.registry.manifest(NAME, image_tag(CONTAINER, room.base)) is not None
    assert {"GetAuthorizationToken", "DescribeImages"} <= set(room.ecr.requests)
    # The record names this very tag, so there is nothing to warn of.
    assert "note:" not in first_push.done.err
    assert room.registry.password not in first_push.done.err


def test_a_push_leaves_the_users_own_logins_alone_and_nothing_behind(room: Room, first_push: FirstPush) -> None:
    assert first_push.done.code == 0
    assert [file.name for file in room.configuration.iterdir()] == ["config.json"]
    assert json.loads((room.configuration / "config.json").read_text()) == OWN_CONFIGURATION
    assert list((room.folder / "state" / "images").iterdir()) == []


def test_status_tells_what_is_pushed(room: Room, first_push: FirstPush) -> None:
    after = room.status()
    found = room.registry.manifest(NAME, image_tag(CONTAINER, room.base))
    assert found is not None
    for status, there in ((first_push.before, False), (after, True)):
        tree, deployed = status["workingTree"], status["deployed"]
        assert isinstance(tree, dict)
        assert isinstance(deployed, dict)
        assert (tree["tag"], tree["inRepository"]) == (image_tag(CONTAINER, room.base), there)
        assert (deployed["image"], deployed["inRepository"]) == (room.reference, there)
        assert (tree["digest"] == found[0]) is there
        assert (tree["pushedAt"] is not None) is there
    assert room.image("status").out.splitlines()[0].startswith("engine        docker ")


def test_a_second_push_needs_no_engine_and_sends_nothing(room: Room, first_push: FirstPush) -> None:
    seen = len(room.ecr.requests)
    again = room.push(DOCKER_HOST=f"unix://{room.folder}/nothing.sock")
    assert (again.code, again.out) == (0, first_push.done.out)
    assert "already; nothing was sent" in again.err
    assert room.ecr.requests[seen:] == ["DescribeImages"]


def test_another_working_tree_than_the_deployed_one_is_told(room: Room, first_push: FirstPush) -> None:
    deployed = first_push.done.out.strip()
    other = room.image("status", "--base-image", "debian:13-slim")
    assert other.code == 0, other
    assert "this is not what is deployed" in other.err
    assert deployed.rpartition(":")[2] in other.err


def test_a_wrong_password_is_told_and_nothing_is_pushed(room: Room, docker_engine: DockerEngine) -> None:
    tag = image_tag(CONTAINER, "local/other-name:1")
    docker_engine.docker("tag", room.base, "local/other-name:1").ok()
    with running_ecr(room.registry, NAME, password="of somebody else") as ecr:
        refused = room.image("push", "--base-image", "local/other-name:1", AWS_ENDPOINT_URL_ECR=ecr.endpoint)
    assert (refused.code, refused.out) == (1, "")
    assert f"could not log in to {room.registry.host} as AWS" in refused.err
    assert "401 Unauthorized" in refused.err
    assert "Nothing was pushed" in refused.err
    assert "of somebody else" not in refused.err
    assert "Traceback" not in refused.err
    assert room.registry.manifest(NAME, tag) is None


def test_a_base_without_bash_is_refused_by_the_build(room: Room, base_without_bash: str) -> None:
    refused = room.image("build", "--base-image", base_without_bash)
    assert (refused.code, refused.out) == (1, "")
    assert f"{base_without_bash} has no /bin/bash, which the runner needs" in refused.err
    assert "what it said stands above" in refused.err


def test_a_build_with_another_s5cmd_stops(room: Room, tmp_path: Path) -> None:
    (tmp_path / "s5cmd").write_text("#!/bin/sh\n")
    with build_context(CONTAINER, ["linux/amd64"], lambda _: tmp_path / "s5cmd") as context:
        arguments = ("--build-arg", "TARGETARCH=amd64", "--build-arg", f"BASE_IMAGE={room.base}", str(context))
        refused = room.engine.docker("build", *arguments)
    assert refused.code != 0
    assert "s5cmd/linux-amd64 is not the binary that container/s5cmd.sha256 pins" in refused.out + refused.err


def test_unzip_of_busybox_is_replaced_where_there_is_a_package_manager(room: Room, base_with_apk: str) -> None:
    # It cannot list names alone, which the runner needs. Alpine's is that one.
    built = room.image("build", "--base-image", base_with_apk)
    assert built.code == 0, built
    assert "apk add --no-cache unzip\n" in built.err


def test_the_image_is_small(room: Room, pulled: str, measured: Callable[[str], None]) -> None:
    base, image = room.engine.size(room.base), room.engine.size(pulled)
    measured(f"image: {(image - base) / 1e6:.1f} MB over its base (at most 25), {image / 1e6:.1f} MB in all")
    assert image - base <= MOST_OVER_THE_BASE


def test_the_image_says_what_it_is_and_is_nobody_important(room: Room, pulled: str) -> None:
    (image,) = json.loads(room.engine.docker("image", "inspect", pulled).ok().out)
    labels = image["Config"]["Labels"]
    assert labels["org.opencontainers.image.base.name"] == room.base
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert labels["org.opencontainers.image.version"] != "unknown"
    assert image["Config"]["User"] not in {"", "0", "root", "0:0"}
    assert image["Architecture"] == "amd64"


def run_job(room: Room, image: str, key: str, content: bytes, *arguments: str, **variables: str) -> DockerDone:
    """Put a job in the local account's bucket, and run it as Batch would: read-only, with a scratch folder."""
    bucket = room.record.bucket
    room.platform.connection.s3.put_object(Bucket=bucket, Key=key, Body=content)
    environment = {
        "BATCH_FILE_S3_URL": f"s3://{bucket}/{key}",
        "BATCH_FILE_SHA256": hashlib.sha256(content).hexdigest(),
        "AWS_ENDPOINT_URL": room.platform.endpoint,
        "AWS_ACCESS_KEY_ID": state.ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": state.SECRET_ACCESS_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "TMPDIR": "/scratch",
        **variables,
    }
    given = [part for name, value in environment.items() for part in ("--env", f"{name}={value}")]
    run = ("run", "--rm", "--network", "host", "--read-only", "--tmpfs", "/scratch:rw,exec,mode=1777")
    return room.engine.docker(*run, *given, image, *arguments)


def test_a_job_runs_from_the_pulled_image(room: Room, pulled: str) -> None:
    script = b'#!/bin/bash\necho "uid $(id -u), $# arguments: $*"\ntouch /stamp 2>/dev/null || echo read-only\nexit 7\n'
    done = run_job(room, pulled, "scripts/job.sh", script, "job.sh", "one", "two words", BATCH_FILE_TYPE="script")
    assert (done.code, done.out) == (7, "uid 1000, 2 arguments: one two words\nread-only\n"), done.err


def test_a_job_from_an_archive_runs_from_the_pulled_image(room: Room, pulled: str) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, text, mode in (("main.sh", "#!/bin/bash\ncat data.txt\n", 0o755), ("data.txt", "hello\n", 0o644)):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(text), mode
            archive.addfile(member, io.BytesIO(text.encode()))
    done = run_job(room, pulled, "scripts/job.tar.gz", content.getvalue(), "main.sh", BATCH_FILE_TYPE="tar")
    assert (done.code, done.out) == (0, "hello\n"), done.err


def test_a_job_that_is_not_what_was_submitted_does_not_run(room: Room, pulled: str) -> None:
    script = b"#!/bin/bash\necho ran\n"
    wrong = {"BATCH_FILE_TYPE": "script", "BATCH_FILE_SHA256": hashlib.sha256(b"another").hexdigest()}
    done = run_job(room, pulled, "scripts/wrong.sh", script, "job.sh", **wrong)
    assert (done.code, done.out) == (65, "")


def test_codebuilds_commands_build_an_image_that_runs_and_push_it(room: Room) -> None:
    made = template({"image": {"build": "codebuild", "base_image": room.base}})
    project = properties(made, "AWS::CodeBuild::Project")
    variables = {each["Name"]: each["Value"] for each in project["Environment"]["EnvironmentVariables"]}
    repository = f"{room.registry.host}/{NAME}"
    # A STAND-IN for the AWS CLI: it tells the registry's password, as ECR's command does.
    programs = room.folder / "codebuild"
    programs.mkdir()
    (programs / "aws").write_text('#!/bin/sh\necho "$PASSWORD"\n')
    (programs / "aws").chmod(0o755)
    environment = {
        **{**variables, "REPOSITORY": repository, "PASSWORD": room.registry.password},
        **room.engine.environment(room.folder / "codebuild-docker"),
    }
    environment["PATH"] = f"{programs}{os.pathsep}{environment.get('PATH', os.environ['PATH'])}"
    with build_context(CONTAINER, ["linux/amd64"]) as context:
        for command in json.loads(project["Source"]["BuildSpec"])["phases"]["build"]["commands"]:
            done = subprocess.run(
                ["/bin/sh", "-c", command], cwd=context, env=environment, capture_output=True, check=False, timeout=300
            )
            assert done.returncode == 0, (command, done.stderr.decode()[-2000:])
    assert room.registry.manifest(NAME, variables["TAG"]) is not None
    reference = f"{repository}:{variables['TAG']}"
    room.engine.docker("run", "--rm", "--entrypoint", "/usr/local/bin/s5cmd", reference, "version").ok()
