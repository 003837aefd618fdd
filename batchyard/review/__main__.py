"""`python -m batchyard.review BASE`, which is what scripts/review_diff runs."""

from __future__ import annotations

import sys

from batchyard.review.command import main

sys.exit(main())
