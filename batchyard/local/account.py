"""The one account that the local account is, and the ARNs that lie in it."""

#: moto's default account: what every service of the local account says the caller is.
ACCOUNT_ID = "123456789012"

#: The only partition the local account knows.
PARTITION = "aws"


def arn(service: str, region: str, resource: str) -> str:
    """The ARN of `resource` (for example `job-queue/high`) of `service` in this account."""
    return f"arn:{PARTITION}:{service}:{region}:{ACCOUNT_ID}:{resource}"


def registry(region: str) -> str:
    """The host name of this account's ECR registry in `region`."""
    return f"{ACCOUNT_ID}.dkr.ecr.{region}.amazonaws.com"
