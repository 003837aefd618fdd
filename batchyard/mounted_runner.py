"""Where instances keep the runner that they mount into jobs (`image.mount_runner`): the same path on both sides.

Standard library only: the deployment's constructs, its checks and the local account all name it.
"""

from __future__ import annotations

RUNNER_FOLDER = "/opt/batchyard/bin"
RUNNER_NAME = "fetch_and_run.sh"
RUNNER = f"{RUNNER_FOLDER}/{RUNNER_NAME}"
