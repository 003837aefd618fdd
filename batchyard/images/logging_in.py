"""Log an engine in to a registry for one push, without touching what the user's own logins are kept in."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from batchyard.client.errors import BatchyardError
from batchyard.images.children import ask
from batchyard.images.engines import Engine
from batchyard.images.registry import Login
from batchyard.images.scratch import temporary_folder


@contextmanager
def logged_in(engine: Engine, login: Login) -> Iterator[Mapping[str, str]]:
    """An environment in which the engine is logged in; afterwards the login is gone.

    The password goes to the engine's stdin. Raises BatchyardError where the registry refuses it.
    """
    with temporary_folder("login-") as folder:
        private = _PRIVATE[engine.name](folder, login.host)
        environment = {**os.environ, **private}
        _log_in(engine, login, environment)
        try:
            yield environment
        finally:
            # A login in the folder goes with it.
            if not private:
                ask([engine.program, "logout", login.host], environment)


def _log_in(engine: Engine, login: Login, environment: Mapping[str, str]) -> None:
    command = [engine.program, "login", "--username", login.user, "--password-stdin", login.host]
    answer = ask(command, environment, stdin=login.password)
    if answer.code != 0:
        words = answer.last_words.replace(login.password, "***")
        raise BatchyardError(
            f"{engine} could not log in to {login.host} as {login.user}: {words}. Nothing was pushed. Check that the "
            f"engine reaches {login.host} (network, proxy), and that these credentials may push there."
        )


def _docker_environment(folder: Path, host: str) -> dict[str, str]:
    """A copy of the user's configuration in which this registry's login is a plain file of ours.

    The rest of it stays in force, because it also says which engine is meant (contexts) and how others' registries
    are reached. https://docs.docker.com/reference/cli/docker/#docker-cli-configuration-file-configjson-properties
    """
    own = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    try:
        configuration = json.loads((own / "config.json").read_text())
    except FileNotFoundError:
        configuration = {}
    except (OSError, ValueError) as error:
        raise BatchyardError(f"{own / 'config.json'} cannot be read: {error}") from None
    if not isinstance(configuration, dict):
        raise BatchyardError(f"{own / 'config.json'} is not a JSON object: Docker could not read it either.")
    # No helper for this registry: the login goes into the file, and never into the user's key chain.
    configuration["credHelpers"] = {**configuration.get("credHelpers", {}), host: ""}
    file = folder / "config.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(configuration))
    for other in own.glob("*"):
        if other.name != file.name:
            (folder / other.name).symlink_to(other.absolute())
    return {"DOCKER_CONFIG": str(folder)}


def _podman_environment(folder: Path, _host: str) -> dict[str, str]:
    """https://docs.podman.io/en/latest/markdown/podman-login.1.html."""
    return {"REGISTRY_AUTH_FILE": str(folder / "auth.json")}


def _finch_environment(_folder: Path, _host: str) -> dict[str, str]:
    """Its engine is in a virtual machine whose configuration cannot be moved: log in there, log out afterwards."""
    return {}


_PRIVATE = {"docker": _docker_environment, "podman": _podman_environment, "finch": _finch_environment}
