"""AWS::EC2: VPC endpoints, NAT gateways and their addresses."""

from __future__ import annotations

import json
from typing import Any

from batchyard.local.cloudformation.resources.call import Call
from batchyard.local.cloudformation.resources.ec2 import and_retag, creation, retag
from batchyard.local.cloudformation.resources.table import Properties, ResourceType, applies, creates

# -- endpoint --------------------------------------------------------------------------------------------

_ENDPOINT = (
    "VpcId",
    "ServiceName",
    "VpcEndpointType",
    "RouteTableIds",
    "SubnetIds",
    "SecurityGroupIds",
    "PrivateDnsEnabled",
    "PolicyDocument",
)
_MEMBERSHIPS = ("RouteTableIds", "SubnetIds", "SecurityGroupIds")


def _create_endpoint(call: Call, properties: Properties) -> str:
    given = _with_policy_text(properties)
    made = creation(call, "CreateVpcEndpoint", "vpc-endpoint", given, *_ENDPOINT)["VpcEndpoint"]
    return call.claim(made["VpcEndpointId"])


def _with_policy_text(properties: Properties) -> Properties:
    policy = properties.get("PolicyDocument")
    if policy is None or isinstance(policy, str):
        return properties
    return {**properties, "PolicyDocument": json.dumps(policy)}


def _update_endpoint(call: Call, endpoint_id: str, old: Properties, new: Properties) -> None:
    given: dict[str, Any] = {"VpcEndpointId": endpoint_id}
    for name in _MEMBERSHIPS:
        before, after = old.get(name, []), new.get(name, [])
        if added := [item for item in after if item not in before]:
            given[f"Add{name}"] = added
        if removed := [item for item in before if item not in after]:
            given[f"Remove{name}"] = removed
    if old.get("PolicyDocument") != new.get("PolicyDocument"):
        policy = _with_policy_text(new).get("PolicyDocument")
        given |= {"ResetPolicy": True} if policy is None else {"PolicyDocument": policy}
    if old.get("PrivateDnsEnabled") != new.get("PrivateDnsEnabled"):
        given["PrivateDnsEnabled"] = new.get("PrivateDnsEnabled", False)
    if len(given) > 1:
        call.invoke("ec2", "ModifyVpcEndpoint", given)


def _endpoint_attributes(call: Call, endpoint_id: str, _properties: Properties) -> dict[str, Any]:
    found = call.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"][0]
    return {
        "Id": endpoint_id,
        "CreationTimestamp": str(found.get("CreationTimestamp", "")),
        "DnsEntries": [
            f"{entry.get('HostedZoneId', '')}:{entry.get('DnsName', '')}" for entry in found.get("DnsEntries", [])
        ],
        "NetworkInterfaceIds": found.get("NetworkInterfaceIds", []),
    }


ENDPOINT = ResourceType(
    "AWS::EC2::VPCEndpoint",
    properties=creates("CreateVpcEndpoint", "VpcId", "ServiceName", "VpcEndpointType")
    | applies("ModifyVpcEndpoint", *_MEMBERSHIPS, "PrivateDnsEnabled", "PolicyDocument")
    | applies("CreateTags", "Tags"),
    create=_create_endpoint,
    update=and_retag(_update_endpoint),
    delete=lambda call, endpoint_id, _properties: call.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[endpoint_id]),
    attributes=_endpoint_attributes,
    tags="list",
    required=frozenset({"VpcId", "ServiceName"}),
)

# -- NAT -------------------------------------------------------------------------------------------------


def _create_address(call: Call, properties: Properties) -> str:
    made = creation(call, "AllocateAddress", "elastic-ip", properties, "Domain")
    return call.claim(made["PublicIp"])


def _allocation(call: Call, address: str) -> str:
    [found] = call.client("ec2").describe_addresses(PublicIps=[address])["Addresses"]
    return str(found["AllocationId"])


def _retag_address(call: Call, address: str, old: Properties, new: Properties) -> None:
    retag(call, _allocation(call, address), old, new)


def _release_address(call: Call, address: str, _properties: Properties) -> None:
    call.client("ec2").release_address(AllocationId=_allocation(call, address))


ADDRESS = ResourceType(
    "AWS::EC2::EIP",
    properties=creates("AllocateAddress", "Domain") | applies("CreateTags", "Tags"),
    create=_create_address,
    update=_retag_address,
    delete=_release_address,
    attributes=lambda call, address, _properties: {"AllocationId": _allocation(call, address), "PublicIp": address},
    tags="list",
)


def _create_nat(call: Call, properties: Properties) -> str:
    names = ("SubnetId", "AllocationId", "ConnectivityType")
    made = creation(call, "CreateNatGateway", "natgateway", properties, *names)["NatGateway"]
    return call.claim(made["NatGatewayId"])


def _delete_nat(call: Call, nat_id: str, _properties: Properties) -> None:
    ec2 = call.client("ec2")
    ec2.delete_nat_gateway(NatGatewayId=nat_id)

    def gone() -> bool:
        found = ec2.describe_nat_gateways(NatGatewayIds=[nat_id])["NatGateways"]
        return all(gateway["State"] == "deleted" for gateway in found)

    call.wait(nat_id, gone)


NAT_GATEWAY = ResourceType(
    "AWS::EC2::NatGateway",
    properties=creates("CreateNatGateway", "SubnetId", "AllocationId", "ConnectivityType")
    | applies("CreateTags", "Tags"),
    create=_create_nat,
    update=retag,
    delete=_delete_nat,
    attributes=lambda _call, nat_id, _properties: {"NatGatewayId": nat_id},
    tags="list",
    required=frozenset({"SubnetId"}),
)

TYPES = (ENDPOINT, ADDRESS, NAT_GATEWAY)
