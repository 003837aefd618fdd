"""The client's errors: each message is one that a person can act on, without a traceback."""

from __future__ import annotations


class BatchyardError(Exception):
    """What the user asked for could not be done; the message says what, where and what to do."""


class InvalidInputError(BatchyardError):
    """What the user gave is wrong, and nothing was sent."""


class NotFoundError(BatchyardError):
    """What the user named does not exist in this account and region."""
