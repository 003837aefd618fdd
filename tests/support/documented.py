"""Examples in the documentation: the code blocks of a page, in their order."""

from __future__ import annotations

import re

from batchyard.toolchain import ROOT

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of `docs/PAGE` in a language."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return [content for kind, content in _BLOCK.findall(text) if kind == language]
