"""Find and read deployments: by name in deployments/, or by path."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from batchyard.settings.deployment import Deployment
from batchyard.settings.names import DEPLOYMENT_NAME, DEPLOYMENT_NAME_RULE
from batchyard.settings.problems import DeploymentError, shown
from batchyard.settings.validation import validated
from batchyard.settings.yaml_file import read
from batchyard.toolchain import DEPLOYMENTS


def deployment_names(folder: Path = DEPLOYMENTS) -> list[str]:
    """The deployments that exist, in alphabetical order."""
    return sorted(file.stem for file in folder.glob("*.yaml") if DEPLOYMENT_NAME.fullmatch(file.stem))


def deployment_file(name: str, folder: Path = DEPLOYMENTS) -> Path:
    """The file of the deployment `name`. Raises DeploymentError, naming those that exist."""
    if not DEPLOYMENT_NAME.fullmatch(name):
        raise DeploymentError(
            f"a deployment cannot be called {shown(name)}; allowed: {DEPLOYMENT_NAME_RULE}\n{_known(folder)}"
        )
    file = folder / f"{name}.yaml"
    # Not is_file: on a file system that ignores case, Default would be another stack of the same file.
    if name not in deployment_names(folder):
        close = get_close_matches(name, deployment_names(folder), n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise DeploymentError(f"there is no deployment {name!r}: {file} does not exist{hint}\n{_known(folder)}")
    return file


def load(file: Path) -> Deployment:
    """The deployment that `file` describes. Raises DeploymentError with everything that is wrong."""
    return validated(read(file), str(file))


def load_named(name: str, folder: Path = DEPLOYMENTS) -> Deployment:
    """The deployment `name`. Raises DeploymentError with everything that is wrong."""
    return load(deployment_file(name, folder))


def _known(folder: Path) -> str:
    names = deployment_names(folder)
    listed = ", ".join(names) if names else "none"
    return f"deployments that exist: {listed} (in {folder})"
