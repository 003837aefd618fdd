"""What a stack costs a month while no job runs, resource by resource, from its template."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from batchyard.cost import prices
from batchyard.cost.prices import HOURS_A_MONTH, disk_a_month
from batchyard.settings.instance_types import meant

Template = Mapping[str, Any]
Properties = Mapping[str, Any]

#: What is stored where a template cannot say how much: an idle platform with a few images and a month of logs.
GB_OF_OBJECTS, GB_OF_IMAGES, GB_OF_LOGS, GB_OF_FILES, GB_OF_SNAPSHOT = 1, 1, 1, 1, 10

ASSUMPTIONS = (
    f"{GB_OF_OBJECTS} GB of objects in a bucket; S3 keeps what jobs wrote until it is deleted.",
    f"{GB_OF_IMAGES} GB of images in a repository.",
    f"{GB_OF_LOGS} GB of logs, compressed, in a log group.",
    f"{GB_OF_FILES} GB of files in an EFS file system.",
    f"{GB_OF_SNAPSHOT} GB of used blocks in the snapshot of an AMI that a pipeline built.",
    "The platform record is below 4 KB, where an SSM parameter is free.",
    "No traffic, no requests, no builds; no free tier is used.",
)


@dataclass(frozen=True)
class Line:
    """What one resource costs."""

    logical_id: str
    kind: str
    #: How much of what: "730 hours, 2 zones".
    quantity: str
    usd_a_month: float


class UnpricedTypeError(Exception):
    """A resource type that is neither in the table of costs nor in that of what is free."""


def idle(template: Template) -> list[Line]:
    """All that costs something, in the order of logical ids. Raises UnpricedTypeError."""
    return [line for name, each in sorted(template["Resources"].items()) for line in _lines(template, name, each)]


def _lines(template: Template, name: str, resource: Mapping[str, Any]) -> Iterator[Line]:
    kind = str(resource["Type"])
    if kind in FREE or kind.startswith("Custom::"):
        return
    if kind not in COSTS:
        raise UnpricedTypeError(
            f"{name} is an {kind}, and nobody has said what that costs: add it to COSTS or FREE in {__name__}"
        )
    for quantity, usd in COSTS[kind](template, resource.get("Properties", {})):
        yield Line(name, kind, quantity, usd)


Costs = Iterator[tuple[str, float]]


def _hours(price: prices.Price) -> Callable[[Template, Properties], Costs]:
    return lambda _template, _properties: iter([(f"{HOURS_A_MONTH} hours", HOURS_A_MONTH * price.usd)])


def _stored(price: prices.Price, gigabytes: int) -> Callable[[Template, Properties], Costs]:
    return lambda _template, _properties: iter([(f"{gigabytes} GB", gigabytes * price.usd)])


def _each(price: prices.Price, what: str) -> Callable[[Template, Properties], Costs]:
    return lambda _template, _properties: iter([(what, price.usd)])


def _endpoint(_template: Template, properties: Properties) -> Costs:
    if properties.get("VpcEndpointType", "Gateway") == "Interface":
        zones = len(properties["SubnetIds"])
        quantity = f"{HOURS_A_MONTH} hours, {zones} {'zone' if zones == 1 else 'zones'}"
        yield quantity, HOURS_A_MONTH * zones * prices.ENDPOINT.usd


def _environment(template: Template, properties: Properties) -> Costs:
    """Instances that a managed environment keeps running: at most its dearest ones, at the on-demand price."""
    compute = properties.get("ComputeResources", {})
    vcpus = int(compute.get("MinvCpus", 0))
    if not vcpus:
        return
    types = [each for word in compute["InstanceTypes"] for each in meant(word) if each.usd_per_hour is not None]
    if not types:
        raise UnpricedTypeError(f"none of {', '.join(compute['InstanceTypes'])} has a known price")
    besides = _disks(template, compute.get("LaunchTemplate", {})) + prices.PUBLIC_ADDRESS.usd * HOURS_A_MONTH
    dearest = max(((each.usd_per_hour or 0) * HOURS_A_MONTH + besides) / each.vcpus for each in types)
    yield f"{vcpus} vCPUs, {HOURS_A_MONTH} hours, with disks and addresses", dearest * vcpus


def _group(template: Template, properties: Properties) -> Costs:
    """Instances of an Auto Scaling group, as many as it is made with."""
    number = int(properties.get("DesiredCapacity", properties["MinSize"]))
    if not number:
        return
    mixed = properties.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
    source = properties.get("LaunchTemplate") or mixed.get("LaunchTemplateSpecification", {})
    names = [each["InstanceType"] for each in mixed.get("Overrides", ())]
    names = names or [_launch_data(template, source).get("InstanceType", "")]
    found = [each.usd_per_hour for name in names for each in meant(name) if each.usd_per_hour is not None]
    if not found:
        raise UnpricedTypeError(f"none of {', '.join(names)} has a known price")
    hourly = max(found) + prices.PUBLIC_ADDRESS.usd
    quantity = f"{number} of {' or '.join(names)}, {HOURS_A_MONTH} hours, with disks and addresses"
    yield quantity, number * (hourly * HOURS_A_MONTH + _disks(template, source))


def _launch_data(template: Template, reference: Mapping[str, Any]) -> Mapping[str, Any]:
    """The data of the launch template that an environment or a group names by a Ref."""
    name = reference.get("LaunchTemplateId", {}).get("Ref", "")
    resource = template["Resources"].get(name, {})
    data: Mapping[str, Any] = resource.get("Properties", {}).get("LaunchTemplateData", {})
    return data


def _disks(template: Template, reference: Mapping[str, Any]) -> float:
    """USD a month for the disks of one instance."""
    disks = [each["Ebs"] for each in _launch_data(template, reference).get("BlockDeviceMappings", ()) if "Ebs" in each]
    return sum(
        disk_a_month(
            size_gib=each["VolumeSize"],
            iops=each.get("Iops", prices.FREE_IOPS),
            throughput=each.get("Throughput", prices.FREE_THROUGHPUT),
        )
        for each in disks
    )


COSTS: Mapping[str, Callable[[Template, Properties], Costs]] = {
    "AWS::AutoScaling::AutoScalingGroup": _group,
    "AWS::Batch::ComputeEnvironment": _environment,
    "AWS::CloudWatch::Alarm": _each(prices.ALARM, "1 alarm"),
    "AWS::EC2::EIP": _hours(prices.PUBLIC_ADDRESS),
    "AWS::EC2::NatGateway": _hours(prices.NAT_GATEWAY),
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::ECR::Repository": _stored(prices.REPOSITORY, GB_OF_IMAGES),
    "AWS::EFS::FileSystem": _stored(prices.FILE_SYSTEM, GB_OF_FILES),
    "AWS::ImageBuilder::ImagePipeline": _stored(prices.SNAPSHOT, GB_OF_SNAPSHOT),
    "AWS::KMS::Key": _each(prices.KEY, "1 key"),
    "AWS::Logs::LogGroup": _stored(prices.LOGS, GB_OF_LOGS),
    "AWS::S3::Bucket": _stored(prices.BUCKET, GB_OF_OBJECTS),
    "AWS::SecretsManager::Secret": _each(prices.SECRET, "1 secret"),
}

#: What costs nothing by being there; some of it costs when it is used.
FREE = frozenset(
    {
        "AWS::Batch::ConsumableResource",
        "AWS::Batch::JobDefinition",
        "AWS::Batch::JobQueue",
        "AWS::Batch::SchedulingPolicy",
        # Without actions: 0.00 a day since 2020-10-01 (price list AWSBudgets, usage type BudgetsUsage).
        "AWS::Budgets::Budget",
        "AWS::CDK::Metadata",
        "AWS::CloudFormation::CustomResource",
        "AWS::CodeBuild::Project",
        "AWS::EC2::InternetGateway",
        "AWS::EC2::LaunchTemplate",
        "AWS::EC2::Route",
        "AWS::EC2::RouteTable",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::SecurityGroupEgress",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::EC2::Subnet",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPC",
        "AWS::EC2::VPCGatewayAttachment",
        "AWS::Events::Rule",
        "AWS::IAM::InstanceProfile",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::ImageBuilder::Component",
        "AWS::ImageBuilder::DistributionConfiguration",
        "AWS::ImageBuilder::Image",
        "AWS::ImageBuilder::ImageRecipe",
        "AWS::ImageBuilder::InfrastructureConfiguration",
        "AWS::ImageBuilder::LifecyclePolicy",
        "AWS::ImageBuilder::Workflow",
        "AWS::KMS::Alias",
        "AWS::Lambda::Function",
        "AWS::Lambda::Permission",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::Subscription",
        "AWS::SNS::Topic",
        "AWS::SNS::TopicPolicy",
        "AWS::SSM::Parameter",
    }
)
