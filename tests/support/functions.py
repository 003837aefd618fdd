"""The code of functions/ in this process, where a test says what AWS answers to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from batchyard.toolchain import ROOT

FUNCTIONS = ROOT / "functions"
#: Where the functions of the local account find cfnresponse.
LAYER = ROOT / "batchyard" / "local" / "functions" / "layer"


@contextmanager
def function(name: str, *services: str) -> Iterator[tuple[ModuleType, list[Stubber]]]:
    """The module of functions/NAME.py and a stub of each of these services; it can call no others.

    At the end every answer must have been asked for.
    """
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
    clients: dict[str, Any] = {service: session.client(service) for service in services}  # type: ignore[call-overload]
    module = _module(name)
    module.boto3 = SimpleNamespace(client=clients.__getitem__)  # type: ignore[attr-defined]
    with ExitStack() as stubbed:
        stubs = [stubbed.enter_context(Stubber(client)) for client in clients.values()]
        yield module, stubs
        for stub in stubs:
            stub.assert_no_pending_responses()


def _module(name: str) -> ModuleType:
    # Lambda calls the module of inline code so.
    specification = spec_from_file_location("index", FUNCTIONS / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    module = module_from_spec(specification)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(LAYER)
        specification.loader.exec_module(module)
    return module
