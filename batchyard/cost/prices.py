"""The prices of what a platform is made of, instances excepted (batchyard/settings/instance_types.csv has those)."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

#: A month as AWS's price pages count it.
HOURS_A_MONTH = 730

REGION = "us-east-1"


@dataclass(frozen=True)
class PriceList:
    """One service's price list, as AWS publishes it: a file for each region, and a new one when a price changes."""

    service: str
    #: The day of the file's `publicationDate` in which the prices below stand.
    published: datetime.date

    @property
    def url(self) -> str:
        """Where the newest file is (AWS Billing User Guide, "Getting price list files")."""
        return f"https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/{self.service}/current/{REGION}/index.json"


@dataclass(frozen=True)
class Price:
    """One line of a price list."""

    name: str
    usd: float
    #: What that much is paid for: "hour", "GB and month".
    unit: str
    source: PriceList
    #: What explains the price.
    page: str


def _list(service: str, year: int, month: int, day: int) -> PriceList:
    return PriceList(service, datetime.date(year, month, day))


# NAT gateways, disks and snapshots stand in EC2's list, addresses and endpoints in that of VPC.
EC2, VPC = _list("AmazonEC2", 2026, 9, 25), _list("AmazonVPC", 2026, 9, 17)
S3, ECR = _list("AmazonS3", 2026, 8, 31), _list("AmazonECR", 2026, 9, 11)
CLOUDWATCH, EFS = _list("AmazonCloudWatch", 2026, 8, 31), _list("AmazonEFS", 2026, 8, 31)
KMS, SECRETS = _list("awskms", 2026, 8, 31), _list("AWSSecretsManager", 2026, 8, 31)

VPC_PAGE, LINK_PAGE = "https://aws.amazon.com/vpc/pricing/", "https://aws.amazon.com/privatelink/pricing/"
EBS_PAGE, LOGS_PAGE = "https://aws.amazon.com/ebs/pricing/", "https://aws.amazon.com/cloudwatch/pricing/"

NAT_GATEWAY = Price("NAT gateway", 0.045, "hour", EC2, VPC_PAGE)
NAT_TRAFFIC = Price("traffic through a NAT gateway", 0.045, "GB", EC2, VPC_PAGE)
PUBLIC_ADDRESS = Price("public IPv4 address", 0.005, "hour", VPC, VPC_PAGE)
ENDPOINT = Price("interface endpoint", 0.01, "hour and zone", VPC, LINK_PAGE)
ENDPOINT_TRAFFIC = Price("traffic through an interface endpoint", 0.01, "GB", VPC, LINK_PAGE)
BUCKET = Price("S3 Standard", 0.023, "GB and month", S3, "https://aws.amazon.com/s3/pricing/")
REPOSITORY = Price("ECR private repository", 0.10, "GB and month", ECR, "https://aws.amazon.com/ecr/pricing/")
LOGS = Price("CloudWatch Logs, stored", 0.03, "GB and month", CLOUDWATCH, LOGS_PAGE)
LOGS_WRITTEN = Price("CloudWatch Logs, written", 0.50, "GB", CLOUDWATCH, LOGS_PAGE)
ALARM = Price("CloudWatch alarm", 0.10, "alarm and month", CLOUDWATCH, LOGS_PAGE)
KEY = Price("KMS key", 1.00, "key and month", KMS, "https://aws.amazon.com/kms/pricing/")
SECRET = Price(
    "Secrets Manager secret", 0.40, "secret and month", SECRETS, "https://aws.amazon.com/secrets-manager/pricing/"
)
FILE_SYSTEM = Price("EFS Standard", 0.30, "GB and month", EFS, "https://aws.amazon.com/efs/pricing/")
SNAPSHOT = Price("EBS snapshot", 0.05, "GB and month", EC2, EBS_PAGE)
DISK = Price("gp3 disk", 0.08, "GB and month", EC2, EBS_PAGE)
DISK_IOPS = Price("gp3 IOPS above 3000", 0.005, "IOPS and month", EC2, EBS_PAGE)
#: The list says 40.96 for each GiB/s.
DISK_THROUGHPUT = Price("gp3 throughput above 125", 0.04, "MiB/s and month", EC2, EBS_PAGE)

PRICES = (
    NAT_GATEWAY,
    NAT_TRAFFIC,
    PUBLIC_ADDRESS,
    ENDPOINT,
    ENDPOINT_TRAFFIC,
    BUCKET,
    REPOSITORY,
    LOGS,
    LOGS_WRITTEN,
    ALARM,
    KEY,
    SECRET,
    FILE_SYSTEM,
    SNAPSHOT,
    DISK,
    DISK_IOPS,
    DISK_THROUGHPUT,
)

FREE_IOPS, FREE_THROUGHPUT = 3000, 125


def disk_a_month(*, size_gib: int, iops: int = FREE_IOPS, throughput: int = FREE_THROUGHPUT) -> float:
    """USD a month for one gp3 disk; AWS's GB of disks are GiB."""
    return (
        size_gib * DISK.usd
        + max(0, iops - FREE_IOPS) * DISK_IOPS.usd
        + max(0, throughput - FREE_THROUGHPUT) * DISK_THROUGHPUT.usd
    )
