"""Errors as the CloudFormation API words them."""

from __future__ import annotations


class CloudFormationError(Exception):
    """An API call is refused: `code` and `message` go to the caller, with HTTP status `status`."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class ResourceError(Exception):
    """A resource could not be created, updated or deleted; the text becomes its status reason."""


def validation_error(message: str) -> CloudFormationError:
    """The code that CloudFormation gives for every fault of a template or of a request."""
    return CloudFormationError("ValidationError", message)


def stack_not_found(name: str) -> CloudFormationError:
    """A stack that is not there is a ValidationError, not a 404: SDK waiters rely on it."""
    return validation_error(f"Stack with id {name} does not exist")
