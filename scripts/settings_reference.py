#!/usr/bin/env python3
"""Write the reference of all fields into docs/deployment.md, from the schema; `--check` only tells whether it is there.

.venv/bin/python scripts/settings_reference.py [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from batchyard.settings.reference import reference  # noqa: E402 - the checkout is not always installed

PAGE = ROOT / "docs" / "deployment.md"
BEGIN = "<!-- begin: made by scripts/settings_reference.py -->\n"
END = "<!-- end: made by scripts/settings_reference.py -->\n"


def with_reference(page: str) -> str:
    """The page with the reference between its two marks made anew."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PAGE} lacks the lines {BEGIN!r} and {END!r}: put them where the reference should stand.")
    return f"{before}{BEGIN}\n{reference()}\n{END}{after}"


def main() -> int:
    """Write or check; exit code 1 where a check finds an old reference."""
    page = PAGE.read_text()
    made = with_reference(page)
    if made == page:
        return 0
    if "--check" in sys.argv[1:]:
        print(f"{PAGE} is not what the schema says: run scripts/settings_reference.py", file=sys.stderr)
        return 1
    PAGE.write_text(made)
    print(f"wrote {PAGE}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
