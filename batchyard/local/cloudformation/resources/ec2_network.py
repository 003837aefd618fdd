"""AWS::EC2: VPCs, subnets, gateways and routes."""

from __future__ import annotations

from typing import Any

from batchyard.local.cloudformation.resources.call import Call
from batchyard.local.cloudformation.resources.ec2 import and_retag, creation, retag, truth
from batchyard.local.cloudformation.resources.table import (
    Properties,
    ResourceType,
    applies,
    creates,
    records,
)

# -- VPC -------------------------------------------------------------------------------------------------

_DNS = {"EnableDnsSupport": True, "EnableDnsHostnames": False}


def _create_vpc(call: Call, properties: Properties) -> str:
    vpc = creation(call, "CreateVpc", "vpc", properties, "CidrBlock", "InstanceTenancy")["Vpc"]
    vpc_id = call.claim(vpc["VpcId"])
    _set_dns(call, vpc_id, _DNS, properties)
    return vpc_id


def _set_dns(call: Call, vpc_id: str, old: Properties, new: Properties) -> None:
    for name, default in _DNS.items():
        wanted = truth(new.get(name, default))
        if wanted != truth(old.get(name, default)):
            call.client("ec2").modify_vpc_attribute(VpcId=vpc_id, **{name: {"Value": wanted}})


def _vpc_attributes(call: Call, vpc_id: str, _properties: Properties) -> dict[str, Any]:
    ec2 = call.client("ec2")
    mine = [{"Name": "vpc-id", "Values": [vpc_id]}]
    vpc = ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"][0]
    groups = ec2.describe_security_groups(Filters=[*mine, {"Name": "group-name", "Values": ["default"]}])
    acls = ec2.describe_network_acls(Filters=[*mine, {"Name": "default", "Values": ["true"]}])["NetworkAcls"]
    return {
        "VpcId": vpc_id,
        "CidrBlock": vpc["CidrBlock"],
        "CidrBlockAssociations": [entry["AssociationId"] for entry in vpc.get("CidrBlockAssociationSet", [])],
        "DefaultSecurityGroup": groups["SecurityGroups"][0]["GroupId"],
        "DefaultNetworkAcl": acls[0]["NetworkAclId"] if acls else "",
    }


VPC = ResourceType(
    "AWS::EC2::VPC",
    properties=creates("CreateVpc", "CidrBlock", "InstanceTenancy")
    | applies("ModifyVpcAttribute", *_DNS)
    | applies("CreateTags", "Tags"),
    create=_create_vpc,
    update=and_retag(_set_dns),
    delete=lambda call, vpc_id, _properties: call.client("ec2").delete_vpc(VpcId=vpc_id),
    attributes=_vpc_attributes,
    tags="list",
    required=frozenset({"CidrBlock"}),
)

# -- internet gateway ------------------------------------------------------------------------------------


def _create_gateway(call: Call, properties: Properties) -> str:
    made = creation(call, "CreateInternetGateway", "internet-gateway", properties)
    return call.claim(made["InternetGateway"]["InternetGatewayId"])


INTERNET_GATEWAY = ResourceType(
    "AWS::EC2::InternetGateway",
    properties=applies("CreateTags", "Tags"),
    create=_create_gateway,
    update=retag,
    delete=lambda call, gateway_id, _properties: call.client("ec2").delete_internet_gateway(
        InternetGatewayId=gateway_id
    ),
    attributes=lambda _call, gateway_id, _properties: {"InternetGatewayId": gateway_id},
    tags="list",
)


def _attach(call: Call, properties: Properties) -> str:
    gateway_id, vpc_id = properties["InternetGatewayId"], properties["VpcId"]
    call.client("ec2").attach_internet_gateway(InternetGatewayId=gateway_id, VpcId=vpc_id)
    return call.claim(f"IGW|{vpc_id}")


def _detach(call: Call, _physical_id: str, properties: Properties) -> None:
    call.client("ec2").detach_internet_gateway(
        InternetGatewayId=properties["InternetGatewayId"], VpcId=properties["VpcId"]
    )


def _attach_other(call: Call, physical_id: str, old: Properties, new: Properties) -> str:
    _detach(call, physical_id, old)
    return _attach(call, new)


GATEWAY_ATTACHMENT = ResourceType(
    "AWS::EC2::VPCGatewayAttachment",
    properties=creates("AttachInternetGateway", "VpcId") | applies("AttachInternetGateway", "InternetGatewayId"),
    create=_attach,
    update=_attach_other,
    delete=_detach,
    attributes=lambda _call, _physical_id, _properties: {"AttachmentType": "IGW"},
    required=frozenset({"VpcId", "InternetGatewayId"}),
)

# -- subnet ----------------------------------------------------------------------------------------------

_SUBNET = ("VpcId", "CidrBlock", "AvailabilityZone", "AvailabilityZoneId")


def _create_subnet(call: Call, properties: Properties) -> str:
    subnet = creation(call, "CreateSubnet", "subnet", properties, *_SUBNET)["Subnet"]
    subnet_id = call.claim(subnet["SubnetId"])
    _set_public(call, subnet_id, {}, properties)
    return subnet_id


def _set_public(call: Call, subnet_id: str, old: Properties, new: Properties) -> None:
    wanted = truth(new.get("MapPublicIpOnLaunch", False))
    if wanted != truth(old.get("MapPublicIpOnLaunch", False)):
        call.client("ec2").modify_subnet_attribute(SubnetId=subnet_id, MapPublicIpOnLaunch={"Value": wanted})


def _subnet_attributes(call: Call, subnet_id: str, _properties: Properties) -> dict[str, Any]:
    subnet = call.client("ec2").describe_subnets(SubnetIds=[subnet_id])["Subnets"][0]
    shown = ("SubnetId", "VpcId", "CidrBlock", "AvailabilityZone", "AvailabilityZoneId")
    return {name: subnet[name] for name in shown if name in subnet}


SUBNET = ResourceType(
    "AWS::EC2::Subnet",
    properties=creates("CreateSubnet", *_SUBNET)
    | applies("ModifySubnetAttribute", "MapPublicIpOnLaunch")
    | applies("CreateTags", "Tags")
    | records("the local account starts no instances that would ask for names", "PrivateDnsNameOptionsOnLaunch"),
    create=_create_subnet,
    update=and_retag(_set_public),
    delete=lambda call, subnet_id, _properties: call.client("ec2").delete_subnet(SubnetId=subnet_id),
    attributes=_subnet_attributes,
    tags="list",
    required=frozenset({"VpcId"}),
)

# -- routes ----------------------------------------------------------------------------------------------


def _create_table(call: Call, properties: Properties) -> str:
    made = creation(call, "CreateRouteTable", "route-table", properties, "VpcId")
    return call.claim(made["RouteTable"]["RouteTableId"])


ROUTE_TABLE = ResourceType(
    "AWS::EC2::RouteTable",
    properties=creates("CreateRouteTable", "VpcId") | applies("CreateTags", "Tags"),
    create=_create_table,
    update=retag,
    delete=lambda call, table_id, _properties: call.client("ec2").delete_route_table(RouteTableId=table_id),
    attributes=lambda _call, table_id, _properties: {"RouteTableId": table_id},
    tags="list",
    required=frozenset({"VpcId"}),
)


def _associate(call: Call, properties: Properties) -> str:
    made = call.client("ec2").associate_route_table(
        RouteTableId=properties["RouteTableId"], SubnetId=properties["SubnetId"]
    )
    return call.claim(made["AssociationId"])


def _associate_other(call: Call, association_id: str, _old: Properties, new: Properties) -> str:
    made = call.client("ec2").replace_route_table_association(
        AssociationId=association_id, RouteTableId=new["RouteTableId"]
    )
    return str(made["NewAssociationId"])


def _disassociate(call: Call, association_id: str, _properties: Properties) -> None:
    call.client("ec2").disassociate_route_table(AssociationId=association_id)


ASSOCIATION = ResourceType(
    "AWS::EC2::SubnetRouteTableAssociation",
    properties=creates("AssociateRouteTable", "SubnetId") | applies("ReplaceRouteTableAssociation", "RouteTableId"),
    create=_associate,
    update=_associate_other,
    delete=_disassociate,
    attributes=lambda _call, association_id, _properties: {"Id": association_id},
    moving=frozenset({"Ref", "Id"}),
    required=frozenset({"SubnetId", "RouteTableId"}),
)

_DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
_TARGETS = (
    "GatewayId",
    "NatGatewayId",
    "InstanceId",
    "NetworkInterfaceId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "EgressOnlyInternetGatewayId",
)


def _destination(properties: Properties) -> dict[str, Any]:
    given = {name: properties[name] for name in _DESTINATIONS if name in properties}
    return {"RouteTableId": properties["RouteTableId"], **given}


def _create_route(call: Call, properties: Properties) -> str:
    call.invoke("ec2", "CreateRoute", properties)
    table, *destination = _destination(properties).values()
    return call.claim(f"{table}|{''.join(destination)}")


def _replace_route(call: Call, _physical_id: str, _old: Properties, new: Properties) -> None:
    call.invoke("ec2", "ReplaceRoute", new)


def _delete_route(call: Call, _physical_id: str, properties: Properties) -> None:
    call.invoke("ec2", "DeleteRoute", _destination(properties))


ROUTE = ResourceType(
    "AWS::EC2::Route",
    properties=creates("CreateRoute", "RouteTableId", *_DESTINATIONS) | applies("ReplaceRoute", *_TARGETS),
    create=_create_route,
    update=_replace_route,
    delete=_delete_route,
    attributes=lambda _call, _physical_id, properties: {"CidrBlock": properties.get("DestinationCidrBlock", "")},
    required=frozenset({"RouteTableId"}),
)

TYPES = (VPC, INTERNET_GATEWAY, GATEWAY_ATTACHMENT, SUBNET, ROUTE_TABLE, ASSOCIATION, ROUTE)
