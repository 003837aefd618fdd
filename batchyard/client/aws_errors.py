"""botocore's errors, said in one line with what to do."""

from __future__ import annotations

from botocore import exceptions

from batchyard.client.errors import BatchyardError

_EXPIRED = "The credentials have expired: sign in again (`aws sso login`, or however you get yours)."
_REJECTED = "AWS does not accept these credentials: check AWS_ACCESS_KEY_ID, AWS_PROFILE or --profile."
_THROTTLED = "AWS still refuses after several attempts because of too many requests: try again in a minute."
_DENIED = "Ask whoever runs the platform for this permission."

# Error codes: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-error-codes.html (common errors), and S3's.
_ADVICE_BY_CODE = {
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "RequestExpired": _EXPIRED,
    "InvalidAccessKeyId": _REJECTED,
    "InvalidClientTokenId": _REJECTED,
    "UnrecognizedClientException": _REJECTED,
    "AuthFailure": _REJECTED,
    "SignatureDoesNotMatch": "The secret key does not belong to this access key, or this machine's clock is wrong.",
    "RequestTimeTooSkewed": "This machine's clock is wrong.",
    "AccessDenied": _DENIED,
    "AccessDeniedException": _DENIED,
    "UnauthorizedOperation": _DENIED,
    "403": _DENIED,
    "Throttling": _THROTTLED,
    "ThrottlingException": _THROTTLED,
    "ThrottledException": _THROTTLED,
    "TooManyRequestsException": _THROTTLED,
    "RequestLimitExceeded": _THROTTLED,
    "SlowDown": _THROTTLED,
    "ServiceUnavailable": "Try again in a minute.",
    "NoSuchBucket": "The bucket of the platform record is gone: deploy the platform again.",
    "BadDigest": "The file changed while it was being uploaded: submit it again.",
    "XAmzContentSHA256Mismatch": "The file changed while it was being uploaded: submit it again.",
}

_UNREACHABLE = (
    exceptions.EndpointConnectionError,
    exceptions.ConnectTimeoutError,
    exceptions.ReadTimeoutError,
    exceptions.ConnectionClosedError,
    exceptions.ProxyConnectionError,
    exceptions.SSLError,
    exceptions.HTTPClientError,
)
_NO_CREDENTIALS = (exceptions.NoCredentialsError, exceptions.PartialCredentialsError)
_SIGN_IN = (
    exceptions.CredentialRetrievalError,
    exceptions.SSOError,
    exceptions.TokenRetrievalError,
    exceptions.NoAuthTokenError,
)


def code_of(error: exceptions.ClientError) -> str:
    """The error code of an answer of AWS, such as `ResourceNotFoundException`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def explain(error: exceptions.BotoCoreError | exceptions.ClientError) -> BatchyardError:
    """The same error as one clear line."""
    if isinstance(error, exceptions.ClientError):
        code = code_of(error)
        message = str(error.response.get("Error", {}).get("Message") or "no message").strip().rstrip(".")
        advice = _ADVICE_BY_CODE.get(code, "")
        return BatchyardError(f"{error.operation_name} was refused: {code}: {message}. {advice}".rstrip())
    text = " ".join(str(error).split()).rstrip(".")
    if isinstance(error, _NO_CREDENTIALS):
        return BatchyardError(
            f"{text}. Sign in to AWS (`aws configure`, `aws sso login`), name a --profile, or use --local for the "
            "local account."
        )
    if isinstance(error, _SIGN_IN):
        return BatchyardError(f"{text}. Sign in again (`aws sso login`, or however you get your credentials).")
    if isinstance(error, exceptions.NoRegionError):
        return BatchyardError("No AWS region is set: give --region, or set AWS_REGION or the profile's region.")
    if isinstance(error, exceptions.ProfileNotFound):
        return BatchyardError(f"{text}: `aws configure list-profiles` lists those there are.")
    if isinstance(error, _UNREACHABLE):
        return BatchyardError(
            f"AWS cannot be reached: {text}. Check the network, the region, and AWS_ENDPOINT_URL if it is set."
        )
    return BatchyardError(f"{text}.")
