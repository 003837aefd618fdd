#!/usr/bin/env python3
"""Accept the templates of all deployments as they are now, in tests/golden: docs/review.md.

.venv/bin/python scripts/golden_templates.py [--check]
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from batchyard.toolchain import use_project_node  # noqa: E402 - the checkout is not always installed

os.environ["CDK_VALIDATION"] = "false"  # read once, when aws_cdk is imported
use_project_node()

from tests.support.golden import accept, accepted, all_made, unaccepted  # noqa: E402


def main() -> int:
    """Write or check; exit code 1 where a check finds what nobody accepted."""
    if "--check" in sys.argv[1:]:
        told = unaccepted(accepted(), all_made())
        if told:
            print(told, file=sys.stderr)
        return 1 if told else 0
    for line in accept(all_made()):
        print(line, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
