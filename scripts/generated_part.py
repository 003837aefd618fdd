"""The part of a documentation page that a script makes: between two marks that name the script."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class GeneratedPart:
    """What `script` writes into `page`."""

    page: Path
    script: str
    make: Callable[[], str]

    def remade(self, page: str) -> str:
        """The page with what stands between the marks made anew. Ends the process where it lacks a mark."""
        marks = [f"<!-- {place}: made by {self.script} -->\n" for place in ("begin", "end")]
        before, begin, rest = page.partition(marks[0])
        _, end, after = rest.partition(marks[1])
        if not begin or not end:
            raise SystemExit(
                f"{self.page} lacks the lines {marks[0]!r} and {marks[1]!r}: put them where it should stand."
            )
        return f"{before}{begin}\n{self.make()}\n{end}{after}"

    def main(self) -> int:
        """Write, or with `--check` tell; exit code 1 where a check finds an old part."""
        page = self.page.read_text()
        made = self.remade(page)
        if made == page:
            return 0
        if "--check" in sys.argv[1:]:
            print(f"{self.page} is not what {self.script} makes: run it", file=sys.stderr)
            return 1
        self.page.write_text(made)
        print(f"wrote {self.page}", file=sys.stderr)
        return 0
