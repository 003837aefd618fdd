"""Networks, instances' templates and what lies in a VPC: what a template asks for is what EC2 describes."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.local_account import Account, StackUnderTest, resource

pytest_plugins = ["tests.support.local_account_fixtures"]

TAGS = [{"Key": "team", "Value": "red"}]


def network(**group: Any) -> dict[str, Any]:
    vpc = {"VpcId": {"Ref": "Vpc"}}
    return {
        "Vpc": resource("EC2::VPC", CidrBlock="10.0.0.0/16", EnableDnsHostnames=True, Tags=TAGS),
        "Gateway": resource("EC2::InternetGateway", Tags=TAGS),
        "Attachment": resource("EC2::VPCGatewayAttachment", InternetGatewayId={"Ref": "Gateway"}, **vpc),
        "Subnet": resource(
            "EC2::Subnet",
            CidrBlock={"Fn::Select": [0, {"Fn::Cidr": [{"Fn::GetAtt": ["Vpc", "CidrBlock"]}, 1, 8]}]},
            AvailabilityZone={"Fn::Select": [1, {"Fn::GetAZs": ""}]},
            MapPublicIpOnLaunch=True,
            **vpc,
        ),
        "Table": resource("EC2::RouteTable", **vpc),
        "Association": resource(
            "EC2::SubnetRouteTableAssociation", SubnetId={"Ref": "Subnet"}, RouteTableId={"Ref": "Table"}
        ),
        "Route": resource(
            "EC2::Route",
            RouteTableId={"Ref": "Table"},
            DestinationCidrBlock="0.0.0.0/0",
            GatewayId={"Ref": "Gateway"},
        )
        | {"DependsOn": "Attachment"},
        "Endpoint": resource(
            "EC2::VPCEndpoint",
            ServiceName={"Fn::Sub": "com.amazonaws.${AWS::Region}.s3"},
            VpcEndpointType="Gateway",
            RouteTableIds=[{"Ref": "Table"}],
            **vpc,
        ),
        "Group": resource("EC2::SecurityGroup", GroupDescription="of the jobs", **vpc, **group),
        "Inside": resource(
            "EC2::SecurityGroupIngress",
            GroupId={"Fn::GetAtt": ["Group", "GroupId"]},
            IpProtocol="tcp",
            FromPort=2049,
            ToPort=2049,
            SourceSecurityGroupId={"Fn::GetAtt": ["Group", "GroupId"]},
        ),
    }


def test_a_network_and_its_end(account: Account, stack: StackUnderTest) -> None:
    ec2 = account.client("ec2")
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": "443", "CidrIp": "0.0.0.0/0"}
    stack.create(network(SecurityGroupEgress=[https]))
    vpc = stack.physical("Vpc")
    mine = [{"Name": "vpc-id", "Values": [vpc]}]
    names = ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")
    assert names["EnableDnsHostnames"] == {"Value": True}
    [subnet] = ec2.describe_subnets(Filters=mine)["Subnets"]
    assert (subnet["CidrBlock"], subnet["AvailabilityZone"]) == ("10.0.0.0/24", "us-east-1b")
    assert subnet["MapPublicIpOnLaunch"] is True
    [table] = ec2.describe_route_tables(RouteTableIds=[stack.physical("Table")])["RouteTables"]
    assert [entry.get("SubnetId") for entry in table["Associations"]] == [subnet["SubnetId"]]
    gateways = {route.get("DestinationCidrBlock"): route.get("GatewayId") for route in table["Routes"]}
    assert gateways["0.0.0.0/0"] == stack.physical("Gateway")
    [endpoint] = ec2.describe_vpc_endpoints(Filters=mine)["VpcEndpoints"]
    assert endpoint["RouteTableIds"] == [table["RouteTableId"]]

    def out() -> list[tuple[Any, ...]]:
        [group] = ec2.describe_security_groups(GroupIds=[stack.physical("Group")])["SecurityGroups"]
        return [(rule["IpProtocol"], rule.get("FromPort")) for rule in group["IpPermissionsEgress"]]

    [group] = ec2.describe_security_groups(GroupIds=[stack.physical("Group")])["SecurityGroups"]
    assert group["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == group["GroupId"]
    assert out() == [("tcp", 443)]
    stack.update(network())
    assert out() == [("-1", None)]

    stack.delete().expect("DELETE_COMPLETE")
    with pytest.raises(ClientError, match="InvalidVpcID"):
        ec2.describe_vpcs(VpcIds=[vpc])


def test_a_nat_gateway_with_its_address(account: Account, stack: StackUnderTest) -> None:
    ec2 = account.client("ec2")
    needed = {name: entry for name, entry in network().items() if name in ("Vpc", "Subnet")}
    address = resource("EC2::EIP", Domain="vpc", Tags=TAGS)
    allocation = {"Fn::GetAtt": ["Address", "AllocationId"]}
    gateway = resource("EC2::NatGateway", SubnetId={"Ref": "Subnet"}, AllocationId=allocation)
    stack.create(needed | {"Address": address, "Nat": gateway})
    [found] = ec2.describe_nat_gateways(NatGatewayIds=[stack.physical("Nat")])["NatGateways"]
    assert found["SubnetId"] == stack.physical("Subnet")
    assert found["NatGatewayAddresses"][0]["PublicIp"] == stack.physical("Address")
    public = stack.physical("Address")
    stack.delete().expect("DELETE_COMPLETE")
    assert public not in [held["PublicIp"] for held in ec2.describe_addresses()["Addresses"]]


def test_a_launch_templates_change_is_a_new_version_that_its_users_follow(
    account: Account, stack: StackUnderTest
) -> None:
    ec2 = account.client("ec2")
    name = f"/test/{uuid.uuid4().hex}"

    def resources(size: int) -> dict[str, Any]:
        disk = {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": str(size), "VolumeType": "gp3", "Encrypted": True}}
        return {
            "Template": resource(
                "EC2::LaunchTemplate",
                LaunchTemplateData={"BlockDeviceMappings": [disk], "MetadataOptions": {"HttpTokens": "required"}},
            ),
            "Version": resource(
                "SSM::Parameter",
                Name=name,
                Type="String",
                Value={"Fn::GetAtt": ["Template", "LatestVersionNumber"]},
            ),
        }

    def latest() -> tuple[int, int, str]:
        template = stack.physical("Template")
        [found] = ec2.describe_launch_template_versions(LaunchTemplateId=template, Versions=["$Latest"])[
            "LaunchTemplateVersions"
        ]
        disk = found["LaunchTemplateData"]["BlockDeviceMappings"][0]["Ebs"]
        stored = account.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
        return found["VersionNumber"], disk["VolumeSize"], stored

    stack.create(resources(100))
    assert latest() == (1, 100, "1")
    stack.update(resources(200))
    assert latest() == (2, 200, "2")


def test_a_file_system_with_its_targets(account: Account, stack: StackUnderTest) -> None:
    efs = account.client("efs")

    def resources(days: str, group: str) -> dict[str, Any]:
        needed = {name: entry for name, entry in network().items() if name in ("Vpc", "Subnet", "Group")}
        other = resource("EC2::SecurityGroup", GroupDescription="other", VpcId={"Ref": "Vpc"})
        return needed | {
            "Other": other,
            "Files": resource(
                "EFS::FileSystem",
                Encrypted=True,
                LifecyclePolicies=[{"TransitionToIA": days}],
                FileSystemTags=TAGS,
            ),
            "Target": resource(
                "EFS::MountTarget",
                FileSystemId={"Ref": "Files"},
                SubnetId={"Ref": "Subnet"},
                SecurityGroups=[{"Fn::GetAtt": [group, "GroupId"]}],
            ),
            "Point": resource(
                "EFS::AccessPoint",
                FileSystemId={"Ref": "Files"},
                PosixUser={"Uid": "1000", "Gid": "1000"},
            ),
        }

    def held() -> tuple[Any, ...]:
        files, target = stack.physical("Files"), stack.physical("Target")
        [system] = efs.describe_file_systems(FileSystemId=files)["FileSystems"]
        lifecycle = efs.describe_lifecycle_configuration(FileSystemId=files)["LifecyclePolicies"]
        groups = efs.describe_mount_target_security_groups(MountTargetId=target)["SecurityGroups"]
        [point] = efs.describe_access_points(AccessPointId=stack.physical("Point"))["AccessPoints"]
        return system["Encrypted"], system["Tags"], lifecycle, groups, point["PosixUser"]["Uid"]

    stack.create(resources("AFTER_7_DAYS", "Group"))
    group = stack.physical("Group")
    assert held() == (True, TAGS, [{"TransitionToIA": "AFTER_7_DAYS"}], [group], 1000)
    stack.update(resources("AFTER_30_DAYS", "Other"))
    assert held() == (True, TAGS, [{"TransitionToIA": "AFTER_30_DAYS"}], [stack.physical("Other")], 1000)
    files = stack.physical("Files")
    stack.delete().expect("DELETE_COMPLETE")
    with pytest.raises(ClientError, match="FileSystemNotFound"):
        efs.describe_file_systems(FileSystemId=files)
