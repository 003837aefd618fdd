"""The CDK app: reads one deployment, makes its stacks. The only place that reads context or environment.

cdk deploy -c deployment=NAME        default: default
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
from importlib import import_module
from pathlib import Path
from typing import Any

from batchyard.toolchain import CONTAINER, ROOT, use_project_node

use_project_node()

# A short process that keeps all it makes: looking for garbage would take a fifth of its time (docs/benchmarks.md).
gc.disable()
# pydantic would read every installed package's metadata in search of plugins.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
_settings_import = threading.Thread(target=import_module, args=("batchyard.settings.load",), daemon=True)


def _import_settings_beside_node(event: str, _: object) -> None:
    """Import the settings while Node loads the CDK; earlier they would take the time of what starts Node."""
    if event == "subprocess.Popen" and _settings_import.ident is None:
        _settings_import.start()


sys.addaudithook(_import_settings_beside_node)

import aws_cdk as cdk  # noqa: E402 - jsii starts its Node when this is imported

USAGE_ERROR = 2

# Set by the CDK CLI, from the credentials that it uses.
ACCOUNT, REGION = "CDK_DEFAULT_ACCOUNT", "CDK_DEFAULT_REGION"


def main() -> int:
    """Synthesize; the exit code is 2 for a deployment that cannot be used, with the reasons on stderr."""
    from batchyard.image import ContainerFolderError, image_tag
    from batchyard.settings.budget_place import require_budget_place
    from batchyard.settings.load import load_named
    from batchyard.settings.lookups import require_account
    from batchyard.settings.problems import DeploymentError

    # No report of which constructs are used, and no tree.json: nothing here reads either.
    app = cdk.App(analytics_reporting=False, tree_metadata=False, context=_flags())
    given = app.node.try_get_context("deployment")
    # Not `or`: `cdk destroy -c deployment=$UNSET` must not mean the default one.
    name = "default" if given is None else str(given)
    try:
        deployment = load_named(name)
        require_account(deployment, os.environ.get(ACCOUNT), os.environ.get(REGION))
        require_budget_place(deployment, os.environ.get(REGION))
        tag = image_tag(CONTAINER, deployment.image.base_image, deployment.image.platforms)
    except (DeploymentError, ContainerFolderError) as error:
        sys.stderr.write(f"{error}\n")
        return USAGE_ERROR
    from constructs.job_network import UnknownZoneError

    from batchyard.client.errors import BatchyardError
    from stacks.deployment import deployment_stacks

    environment = cdk.Environment(account=os.environ.get(ACCOUNT), region=os.environ.get(REGION))
    try:
        deployment_stacks(app, name=name, deployment=deployment, image_tag=tag, s5cmd=_s5cmd, env=environment)
    except (UnknownZoneError, BatchyardError) as error:
        sys.stderr.write(f"deployment {name}: {error}\n")
        return USAGE_ERROR
    app.synth()
    # The interpreter looks for garbage once more when it ends, unless there is nothing to look at.
    gc.freeze()
    return 0


def _s5cmd(architecture: str) -> Path:
    from batchyard.images.s5cmd import obtain

    return obtain(architecture)


def _flags() -> dict[str, Any] | None:
    """The feature flags of cdk.json, unless the CDK CLI passed them on: `python app.py` makes the same template."""
    if "CDK_CONTEXT_JSON" in os.environ:
        return None
    context: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
    return context


if __name__ == "__main__":
    sys.exit(main())
