"""The network: how instances reach AWS, what is there for it, and what no change of it moves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from constructs.job_network import UnknownZoneError

from tests.support.synthesis import ACCOUNT, REGION, ZONES, default_template, platform, properties, resources, template

PRIVATE = ["private-endpoints", "private-nat", "private-nat-per-zone"]
#: What instances of AWS Batch on ECS call (AWS Batch and Amazon ECS guides on VPC endpoints).
NEEDED = {"ecs", "ecs-agent", "ecs-telemetry", "ecr.api", "ecr.dkr", "logs"}


def network(kind: str, **more: Any) -> dict[str, Any]:
    return template({"network": {"type": kind, **more}})


def count(made: dict[str, Any], kind: str) -> int:
    return len(resources(made, f"AWS::EC2::{kind}"))


def blocks(made: dict[str, Any]) -> dict[str, str]:
    return {name: each["Properties"]["CidrBlock"] for name, each in resources(made, "AWS::EC2::Subnet").items()}


def services(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The interface endpoints by the service that they reach."""
    found = [each["Properties"] for each in resources(made, "AWS::EC2::VPCEndpoint").values()]
    prefix = f"com.amazonaws.{REGION}."
    return {each["ServiceName"].removeprefix(prefix): each for each in found if each["VpcEndpointType"] == "Interface"}


@pytest.mark.parametrize("kind", PRIVATE)
def test_instances_of_a_private_network_have_no_public_address(kind: str) -> None:
    made = network(kind)
    subnets = resources(made, "AWS::EC2::Subnet")
    for environment in resources(made, "AWS::Batch::ComputeEnvironment").values():
        used = [each["Ref"] for each in environment["Properties"]["ComputeResources"]["Subnets"]]
        assert used
        assert {subnets[each]["Properties"]["MapPublicIpOnLaunch"] for each in used} == {False}


def test_one_nat_gateway_serves_private_subnets_in_every_zone() -> None:
    made = network("private-nat")
    assert (count(made, "NatGateway"), count(made, "EIP"), count(made, "Subnet")) == (1, 1, 2 * len(ZONES))
    routes = [each["Properties"] for each in resources(made, "AWS::EC2::Route").values()]
    assert len([each for each in routes if "NatGatewayId" in each]) == len(ZONES)


def test_a_nat_gateway_per_zone_serves_its_own_zone() -> None:
    made = network("private-nat-per-zone", zones=3)
    assert (count(made, "NatGateway"), count(made, "EIP"), count(made, "Subnet")) == (3, 3, 6)
    routes = [each["Properties"] for each in resources(made, "AWS::EC2::Route").values()]
    assert len({each["NatGatewayId"]["Ref"] for each in routes if "NatGatewayId" in each}) == 3


def test_without_a_way_out_there_is_no_gateway_but_the_one_to_s3() -> None:
    made = network("private-endpoints")
    assert [count(made, kind) for kind in ("NatGateway", "EIP", "InternetGateway", "Route")] == [0, 0, 0, 0]
    gateways = [
        each["Properties"]
        for each in resources(made, "AWS::EC2::VPCEndpoint").values()
        if each["Properties"]["VpcEndpointType"] == "Gateway"
    ]
    assert len(gateways) == 1
    assert len(gateways[0]["RouteTableIds"]) == 2


def test_the_endpoints_are_what_batch_needs_and_let_in_the_instances_only() -> None:
    made = network("private-endpoints")
    found = services(made)
    assert set(found) == NEEDED
    (group,) = {json.dumps(each["SecurityGroupIds"]) for each in found.values()}
    rule = properties(made, "AWS::EC2::SecurityGroupIngress")
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 443, 443)
    assert [rule["GroupId"]] == json.loads(group)
    environment = properties(made, "AWS::Batch::ComputeEnvironment", "Spot")["ComputeResources"]
    assert environment["SecurityGroupIds"] == [rule["SourceSecurityGroupId"]]
    groups = resources(made, "AWS::EC2::SecurityGroup")
    endpoints = groups[rule["GroupId"]["Fn::GetAtt"][0]]["Properties"]
    assert "SecurityGroupIngress" not in endpoints
    # CloudFormation would open the way out of a group without a rule; this one leads nowhere.
    assert [each["CidrIp"] for each in endpoints["SecurityGroupEgress"]] == ["255.255.255.255/32"]
    assert all(each["PrivateDnsEnabled"] is True for each in found.values())
    assert all(len(each["SubnetIds"]) == 2 for each in found.values())


def test_endpoints_for_what_jobs_call_and_for_their_secrets() -> None:
    region = f"{REGION}:{ACCOUNT}"
    made = template(
        {
            "network": {"type": "private-endpoints", "endpoints": ["sts", "batch", "logs"], "zones": 1},
            "job_definitions": {
                "fetch-and-run": {
                    "secrets": {
                        "TOKEN": f"arn:aws:secretsmanager:{region}:secret:token-AbCdEf",
                        "LEVEL": f"arn:aws:ssm:{region}:parameter/level",
                    }
                }
            },
        }
    )
    assert set(services(made)) == NEEDED | {"sts", "batch", "secretsmanager", "ssm"}


def test_environments_come_after_the_endpoints_and_go_before_them() -> None:
    made = network("private-endpoints")
    endpoints = {
        name
        for name, each in resources(made, "AWS::EC2::VPCEndpoint").items()
        if each["Properties"]["VpcEndpointType"] == "Interface"
    }
    for each in resources(made, "AWS::Batch::ComputeEnvironment").values():
        assert set(each["DependsOn"]) >= endpoints


@pytest.mark.parametrize("kind", PRIVATE)
def test_no_subnet_moves_when_the_type_or_the_number_of_zones_changes(kind: str) -> None:
    few, many, public = (blocks(each) for each in (network(kind, zones=2), network(kind, zones=5), default_template()))
    assert few.items() <= many.items()
    # What both have is the same subnet; what only one has shares no address with the other's.
    both = {**public, **many}
    assert len(set(both.values())) == len(both)
    assert {name: many[name] for name in public.keys() & many.keys()} == {
        name: public[name] for name in public.keys() & many.keys()
    }


def test_both_private_kinds_share_their_subnets() -> None:
    assert blocks(network("private-endpoints")).items() < blocks(network("private-nat")).items()


def test_a_public_network_in_fewer_zones() -> None:
    assert blocks(network("public", zones=2)).items() < blocks(default_template()).items()


def test_an_environment_chooses_among_the_zones_that_the_network_has() -> None:
    def spot(zone: str) -> dict[str, Any]:
        return {
            "network": {"type": "private-endpoints"},
            "compute_environments": {"spot": {"type": "SPOT", "availability_zones": [zone]}, "on-demand": {}},
        }

    compute = properties(template(spot("us-east-1b")), "AWS::Batch::ComputeEnvironment", "Spot")["ComputeResources"]
    assert len(compute["Subnets"]) == 1
    with pytest.raises(UnknownZoneError, match=r"names us-east-1c, .* allowed: us-east-1a, us-east-1b$"):
        platform(spot("us-east-1c"))
