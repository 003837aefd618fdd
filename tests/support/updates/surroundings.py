"""Changes of what is around jobs: the network, the bucket, logs, the repository, permissions, tags, the budget."""

from __future__ import annotations

from typing import Any

from tests.support.updates.update import (
    ADDED,
    BOTH_BY_TEMPLATE,
    BOTH_ENVIRONMENTS,
    IN_PLACE,
    RECORD,
    REMOVED,
    REPLACED,
    Settings,
    Update,
)

GREEN: Settings = {"tags": {"team": "green"}}
RED: Settings = {"tags": {"team": "red"}}
TAGGED = {
    "StorageBucket": IN_PLACE,
    "ImagesRepository": IN_PLACE,
    "LogsLogGroup": IN_PLACE,
    "JobRole": IN_PLACE,
    "InstanceRole": IN_PLACE,
    "ExecutionRole": IN_PLACE,
    "NetworkVpc*": IN_PLACE,
    "NetworkSecurityGroup": IN_PLACE,
    **BOTH_BY_TEMPLATE,
    **RECORD,
}
ENDPOINTS: Settings = {"network": {"type": "private-endpoints"}}
NAT: Settings = {"network": {"type": "private-nat"}}
NEW_SUBNETS = "The VPC stays. Batch replaces the instances, by the environments' update policy."


def budget(**more: Any) -> Settings:
    """A deployment with a monthly budget."""
    return {"budget": {"monthly_usd": 500, "emails": ["me@example.com"], **more}}


UPDATES = (
    Update("a new tag", GREEN, TAGGED, note="Compute environments, queues and job definitions have no such tags."),
    Update("another value of a tag", RED, TAGGED, before=GREEN),
    Update("a tag taken away", {}, TAGGED, before=GREEN),
    Update("how long logs are kept", {"logs": {"retention_days": 365}}, {"LogsLogGroup": IN_PLACE}),
    Update(
        "scratch prefixes and their lifetime",
        {"storage": {"scratch_prefixes": {"scratch/": 30, "tmp/": 1}}},
        {"StorageBucket": IN_PLACE, "JobRoleDefaultPolicy": IN_PLACE},
    ),
    Update(
        "the prefix of results",
        {"storage": {"results_prefix": "out/"}},
        {"JobRoleDefaultPolicy": IN_PLACE, **RECORD},
        note="What lies under the old prefix stays there; jobs can no longer reach it.",
    ),
    Update("how many images are kept", {"repository": {"keep_images": 5}}, {"ImagesRepository": IN_PLACE}),
    Update(
        "what jobs may reach",
        {"job_role": {"buckets": {"reference-data": {"read": ["genomes/"]}}}},
        {"JobRoleDefaultPolicy": IN_PLACE},
    ),
    Update("a monthly budget", budget(), {"MonthlyBudget": ADDED}),
    Update("the amount of the budget", budget(monthly_usd=900), {"MonthlyBudget": IN_PLACE}, before=budget()),
    Update(
        "whom the budget tells, or when",
        budget(emails=["you@example.com"], actual_percent=[50, 100]),
        {"MonthlyBudget": REPLACED},
        before=budget(),
        note="The new one counts the whole month too, and may tell again what the old one has told.",
    ),
    Update("the budget taken away", {}, {"MonthlyBudget": REMOVED}, before=budget()),
    Update(
        "the network's address range",
        {"network": {"cidr": "172.20.0.0/16"}},
        {
            "NetworkVpc": REPLACED,
            "NetworkVpc*": REPLACED,
            "NetworkSecurityGroup": REPLACED,
            **BOTH_ENVIRONMENTS,
        },
        note="Nothing else moves the network of a stack that stands: choose the range before the first deployment.",
    ),
    Update(
        "the network from public to private-endpoints",
        ENDPOINTS,
        {
            "NetworkVpcPublic*": REMOVED,
            "NetworkVpcIGW": REMOVED,
            "NetworkVpcVPCGW": REMOVED,
            "NetworkVpcPrivate*": ADDED,
            "NetworkEndpoints*": ADDED,
            "NetworkVpcS3Endpoint": IN_PLACE,
            **BOTH_ENVIRONMENTS,
        },
        note=NEW_SUBNETS,
    ),
    Update(
        "the network from public to private-nat",
        NAT,
        {
            "NetworkVpcPublicSubnet1EIP": ADDED,
            "NetworkVpcPublicSubnet1NATGateway": ADDED,
            "NetworkVpcPrivate*": ADDED,
            "NetworkVpcS3Endpoint": IN_PLACE,
            **BOTH_ENVIRONMENTS,
        },
        note=NEW_SUBNETS,
    ),
    Update(
        "the network from private-endpoints to private-nat in as many zones",
        {"network": {"type": "private-nat", "zones": 2}},
        {
            "NetworkEndpoints*": REMOVED,
            "NetworkVpcPublic*": ADDED,
            "NetworkVpcIGW": ADDED,
            "NetworkVpcVPCGW": ADDED,
            "NetworkVpcPrivateSubnet?Subnet": IN_PLACE,
            "NetworkVpcPrivateSubnet?DefaultRoute": ADDED,
            "NetworkVpcS3Endpoint": IN_PLACE,
        },
        before=ENDPOINTS,
        note="The subnets stay, their routes change.",
    ),
    Update(
        "one more zone for the network",
        {"network": {"type": "private-endpoints", "zones": 3}},
        {
            "NetworkVpcPrivateSubnet3*": ADDED,
            "NetworkEndpoints*": IN_PLACE,
            "NetworkVpcS3Endpoint": IN_PLACE,
            **BOTH_ENVIRONMENTS,
        },
        before=ENDPOINTS,
    ),
    Update(
        "one more service with an endpoint",
        {"network": {"type": "private-endpoints", "endpoints": ["sts"]}},
        {"NetworkEndpointsSts": ADDED},
        before=ENDPOINTS,
    ),
)
