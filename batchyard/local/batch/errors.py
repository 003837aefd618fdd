"""The two errors that AWS Batch answers with.

Source: AWS Batch API Reference, "Errors" of every operation: ClientException (400), ServerException (500).
"""


class BatchError(Exception):
    """An answer other than success: `code` is the error's name, `status` the HTTP status."""

    code = "ServerException"
    status = 500


class ClientException(BatchError):  # noqa: N818 - the name AWS gives it
    """The caller asked for something that is not allowed, or named something that is not there."""

    code = "ClientException"
    status = 400


def refuse(message: str) -> ClientException:
    """The error for a request that was understood and cannot be carried out, in the words of the service."""
    return ClientException(f"Error executing request, Exception : {message}")
