"""The arrows between the rooms run one way: docs/architecture.md."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from batchyard.toolchain import ROOT

CDK = ("aws_cdk", "constructs", "stacks", "jsii", "cdk_nag")
# Room: what no file in it may import.
FORBIDDEN = {
    "batchyard/settings": (*CDK, "boto3", "moto", "typer", "batchyard.client", "batchyard.local", "batchyard.cli"),
    "batchyard/client": (
        *CDK,
        "moto",
        "typer",
        "rich",
        "pydantic",
        "batchyard.local",
        "batchyard.cli",
        "batchyard.settings",
    ),
    "batchyard/local": (*CDK, "typer", "rich", "batchyard.client", "batchyard.cli", "batchyard.settings"),
    # Their code runs in Lambda, which has nothing of ours.
    "functions": (*CDK, "batchyard", "pydantic", "typer", "moto"),
    "batchyard/local/batch": ("batchyard.local.cloudformation", "batchyard.local.functions"),
    "batchyard/local/cloudformation": (
        *("batchyard.local.batch", "batchyard.local.scheduler", "batchyard.local.runners"),
        "batchyard.local.functions",
    ),
    "batchyard/local/functions": ("batchyard.local.batch", "batchyard.local.cloudformation"),
    "batchyard/local/scheduler": (
        *("boto3", "botocore", "moto", "threading", "time", "datetime", "random", "subprocess", "os", "socket"),
        *("batchyard.local.batch", "batchyard.local.runners", "batchyard.local.cloudformation"),
    ),
    "constructs": ("batchyard.client", "batchyard.local", "batchyard.cli", "boto3", "stacks"),
    "stacks": ("batchyard.client", "batchyard.local", "batchyard.cli", "boto3"),
    "batchyard/cli": CDK,
    "batchyard/cost": (*CDK, "boto3", "moto", "typer", "batchyard.client", "batchyard.local", "batchyard.cli"),
    "batchyard/review": (*CDK, "boto3", "moto", "typer", "batchyard.client", "batchyard.cli", "batchyard.settings"),
}


def imported(file: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it; names imported from a package count as modules too."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_imports_only_what_lies_before_it(room: str) -> None:
    files = sorted((ROOT / room).rglob("*.py"))
    assert files, f"{room} is empty: the table above is stale"
    wrong = {
        f"{file.relative_to(ROOT)} imports {module}"
        for file in files
        for module in imported(file)
        if any(module == name or module.startswith(f"{name}.") for name in FORBIDDEN[room])
        and not (room == "constructs" and module.startswith("constructs"))
    }
    assert not wrong
