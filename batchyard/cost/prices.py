"""The prices of what a platform is made of, instances excepted (batchyard/settings/instance_types.csv has those)."""

from __future__ import annotations

from dataclasses import dataclass

#: A month as AWS's price pages count it.
HOURS_A_MONTH = 730

REGION = "us-east-1"

#: When the prices below were read.
READ = "in the first half of 2026"


@dataclass(frozen=True)
class Price:
    """One line of AWS's price lists."""

    name: str
    usd: float
    #: What that much is paid for: "hour", "GB and month".
    unit: str
    page: str


NAT_GATEWAY = Price("NAT gateway", 0.045, "hour", "https://aws.amazon.com/vpc/pricing/")
NAT_TRAFFIC = Price("traffic through a NAT gateway", 0.045, "GB", "https://aws.amazon.com/vpc/pricing/")
PUBLIC_ADDRESS = Price("public IPv4 address", 0.005, "hour", "https://aws.amazon.com/vpc/pricing/")
ENDPOINT = Price("interface endpoint", 0.01, "hour and zone", "https://aws.amazon.com/privatelink/pricing/")
ENDPOINT_TRAFFIC = Price(
    "traffic through an interface endpoint", 0.01, "GB", "https://aws.amazon.com/privatelink/pricing/"
)
BUCKET = Price("S3 Standard", 0.023, "GB and month", "https://aws.amazon.com/s3/pricing/")
REPOSITORY = Price("ECR private repository", 0.10, "GB and month", "https://aws.amazon.com/ecr/pricing/")
LOGS = Price("CloudWatch Logs, stored", 0.03, "GB and month", "https://aws.amazon.com/cloudwatch/pricing/")
LOGS_WRITTEN = Price("CloudWatch Logs, written", 0.50, "GB", "https://aws.amazon.com/cloudwatch/pricing/")
ALARM = Price("CloudWatch alarm", 0.10, "alarm and month", "https://aws.amazon.com/cloudwatch/pricing/")
KEY = Price("KMS key", 1.00, "key and month", "https://aws.amazon.com/kms/pricing/")
SECRET = Price("Secrets Manager secret", 0.40, "secret and month", "https://aws.amazon.com/secrets-manager/pricing/")
FILE_SYSTEM = Price("EFS Standard", 0.30, "GB and month", "https://aws.amazon.com/efs/pricing/")
SNAPSHOT = Price("EBS snapshot", 0.05, "GB and month", "https://aws.amazon.com/ebs/pricing/")
DISK = Price("gp3 disk", 0.08, "GB and month", "https://aws.amazon.com/ebs/pricing/")
DISK_IOPS = Price("gp3 IOPS above 3000", 0.005, "IOPS and month", "https://aws.amazon.com/ebs/pricing/")
DISK_THROUGHPUT = Price("gp3 throughput above 125", 0.04, "MiB/s and month", "https://aws.amazon.com/ebs/pricing/")

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
