"""Our folder constructs/ and the PyPI package constructs share a name: what must hold so that both are found."""

from __future__ import annotations

from pathlib import Path

import constructs

from batchyard.toolchain import ROOT


def test_our_folder_has_no_init_file() -> None:
    assert not (ROOT / "constructs" / "__init__.py").exists()


def test_the_package_is_the_one_from_pypi() -> None:
    assert ROOT / "constructs" not in Path(str(constructs.__file__)).resolve().parents
    assert constructs.Construct is not None


def test_our_folder_is_a_portion_of_the_package() -> None:
    assert str(ROOT / "constructs") in [str(Path(part).resolve()) for part in constructs.__path__]


def test_no_other_folder_has_the_name() -> None:
    skipped = {".venv", "node_modules", ".git", ".batchyard"}
    found = [
        folder
        for folder in ROOT.rglob("constructs")
        if folder.is_dir() and not skipped.intersection(folder.relative_to(ROOT).parts)
    ]
    assert found == [ROOT / "constructs"]
