"""One AWS account and region to talk to, and the clients that do so."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


@dataclass(frozen=True)
class Connection:
    """An account as AWS itself names it (sts:GetCallerIdentity), with one client a service."""

    session: boto3.Session
    endpoint_url: str | None = None
    """Every service's endpoint; None leaves the choice to AWS's SDK (AWS_ENDPOINT_URL included)."""

    def _options(self) -> dict[str, Any]:
        return {
            "endpoint_url": self.endpoint_url,
            "config": Config(
                connect_timeout=5,
                read_timeout=30,
                retries={"mode": "standard", "total_max_attempts": 5},
                user_agent_extra="batchyard",
                # A loopback endpoint is never behind a proxy; None leaves the environment's own rules.
                proxies={} if self.endpoint_url else None,
                # Bucket names as host names exist on AWS only.
                s3={"addressing_style": "path"} if self.endpoint_url or _endpoint_is_set() else None,
            ),
        }

    @cached_property
    def batch(self) -> BatchClient:
        """AWS Batch."""
        return self.session.client("batch", **self._options())

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        """CloudWatch Logs."""
        return self.session.client("logs", **self._options())

    @cached_property
    def s3(self) -> S3Client:
        """S3."""
        return self.session.client("s3", **self._options())

    @cached_property
    def ssm(self) -> SSMClient:
        """Systems Manager, which keeps the platform record."""
        return self.session.client("ssm", **self._options())

    @cached_property
    def ecr(self) -> ECRClient:
        """ECR, which keeps the platform's image."""
        return self.session.client("ecr", **self._options())

    @cached_property
    def account(self) -> str:
        """The twelve digits of the account that the credentials belong to."""
        sts: STSClient = self.session.client("sts", **self._options())
        return str(sts.get_caller_identity()["Account"])

    @property
    def region(self) -> str:
        """The region, such as `eu-central-1`."""
        return str(self.batch.meta.region_name)

    @property
    def custom_endpoint(self) -> str | None:
        """The endpoint in use where it is not one of AWS's own."""
        url = self.batch.meta.endpoint_url
        return None if (urlsplit(url).hostname or "").endswith(_AWS_DOMAINS) else url

    @property
    def is_loopback(self) -> bool:
        """Whether the other side runs on this very machine: it may be asked more often."""
        host = urlsplit(self.custom_endpoint or "").hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    def __str__(self) -> str:
        # The region first: without one there is nobody to ask for the account.
        region = self.region
        place = f"account {self.account}, region {region}"
        return f"{place}, endpoint {self.custom_endpoint}" if self.custom_endpoint else place


def connect(*, region: str | None = None, profile: str | None = None) -> Connection:
    """Connect as every AWS tool does: environment, profile, instance role.

    Raises botocore's ProfileNotFound; a missing region or missing credentials show at the first request.
    """
    # boto3 knows AWS_DEFAULT_REGION only; every other AWS tool takes AWS_REGION first
    # (https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html).
    region = region or os.environ.get("AWS_REGION") or None
    return Connection(boto3.Session(region_name=region, profile_name=profile))


def connect_to_endpoint(endpoint_url: str, *, region: str, access_key_id: str, secret_access_key: str) -> Connection:
    """Connect to one endpoint with these keys, whatever the user's own profile and environment say."""
    core = botocore.session.Session(
        # (name in the configuration file, environment variable, default, conversion): no file, no variable.
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    session = boto3.Session(
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        region_name=region,
        botocore_session=core,
    )
    return Connection(session, endpoint_url)


def _endpoint_is_set() -> bool:
    return any(os.environ.get(name) for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"))
