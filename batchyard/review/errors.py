"""What keeps two revisions from being compared."""

from __future__ import annotations


class ReviewError(Exception):
    """Nothing can be compared: what is wrong, and what to do."""
