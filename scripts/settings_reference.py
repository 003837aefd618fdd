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
from scripts.generated_part import GeneratedPart  # noqa: E402

PART = GeneratedPart(page=ROOT / "docs" / "deployment.md", script="scripts/settings_reference.py", make=reference)

if __name__ == "__main__":
    sys.exit(PART.main())
