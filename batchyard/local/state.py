"""Where the local account is: a file that the server writes once it listens, and the environment that leads there."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit

from batchyard.toolchain import STATE

FOLDER = STATE / "local"
STATE_FILE = FOLDER / "account.json"
LOG_FILE = FOLDER / "server.log"
PING_PATH = "/_batchyard/ping"

# The local account takes any signature. These are no secret, and say so to whoever finds them.
ACCESS_KEY_ID = "local-account"
SECRET_ACCESS_KEY = "not-a-secret"  # noqa: S105 - the local account checks no signature
UNSET = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_CA_BUNDLE")


@dataclass(frozen=True)
class State:
    """A local account that was started: `instance` tells it from another one on the same port."""

    instance: str
    endpoint: str
    region: str
    pid: int
    port: int
    host_images: bool
    max_jobs: int
    started_at: float
    """Seconds since the epoch."""

    def answers(self, timeout: float = 2.0) -> bool:
        """Whether this very account answers at its endpoint, within so many seconds."""
        return ping(self.endpoint, timeout) == self.instance


def ping(endpoint: str, timeout: float) -> str | None:
    """The instance of the local account at this endpoint; None where there is none."""
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=timeout)
    try:
        connection.request("GET", PING_PATH)
        response = connection.getresponse()
        body = response.read()
        return str(json.loads(body)["instance"]) if response.status == 200 else None
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None
    finally:
        connection.close()


def load(path: Path = STATE_FILE) -> State | None:
    """The state file's content, whether or not the account still runs; None if missing or not a state file."""
    try:
        content = json.loads(path.read_text())
        return State(**{field.name: content[field.name] for field in fields(State)})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read(path: Path = STATE_FILE) -> State | None:
    """The local account that runs now; None where none does, also when a stale state file says otherwise."""
    state = load(path)
    return state if state is not None and state.answers() else None


def write(state: State, path: Path = STATE_FILE) -> None:
    """Write the state file in one step, readable by its user only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(asdict(state), indent=2) + "\n")
    draft.replace(path)


def remove(instance: str, path: Path = STATE_FILE) -> None:
    """Remove the state file, unless another account has written its own by now."""
    state = load(path)
    if state is not None and state.instance == instance:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()


def environment(state: State) -> dict[str, str]:
    """The variables that point every AWS tool at the local account, and keep it from the user's own credentials."""
    return {
        "AWS_ENDPOINT_URL": state.endpoint,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_REGION": state.region,
        "AWS_DEFAULT_REGION": state.region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # The CLI remembers which account an access key belongs to: not in the user's own memory.
        "CDK_HOME": str(FOLDER / "cdk-home"),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }
