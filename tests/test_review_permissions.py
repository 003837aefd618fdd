"""Which changes of a template let somebody do more than before, on small templates."""

from __future__ import annotations

from typing import Any

import pytest

from batchyard.review.permissions import widenings


def policy(*statements: dict[str, Any], role: str = "Role") -> dict[str, Any]:
    document = {"Statement": list(statements)}
    return {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": document, "Roles": [{"Ref": role}]}}


def may(actions: Any, resources: Any, condition: dict[str, Any] | None = None, effect: str = "Allow") -> dict[str, Any]:
    given = {"Effect": effect, "Action": actions, "Resource": resources}
    return given if condition is None else {**given, "Condition": condition}


def trust(principal: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": [statement]}}}


def found(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [f"{each.who} {each.what}" for each in widenings(before, after)]


BUCKET_ARN = {"Fn::GetAtt": ["Bucket", "Arn"]}
RESULTS = {"Fn::Join": ["", [BUCKET_ARN, "/results/*"]]}
SCRATCH = {"Fn::Join": ["", [BUCKET_ARN, "/scratch/*"]]}
EVERYTHING_IN_IT = {"Fn::Join": ["", [BUCKET_ARN, "/*"]]}
READ = may("s3:GetObject", RESULTS)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ([READ], [may(["s3:GetObject", "s3:PutObject"], RESULTS)], "may s3:PutObject on ${Bucket.Arn}/results/*"),
        ([READ], [may("s3:GetObject", [RESULTS, SCRATCH])], "may s3:GetObject on ${Bucket.Arn}/scratch/*"),
        ([READ], [may("s3:GetObject", EVERYTHING_IN_IT)], "may s3:GetObject on ${Bucket.Arn}/*"),
        ([READ], [may("s3:*", RESULTS)], "may s3:* on ${Bucket.Arn}/results/*"),
        (
            [READ],
            [{"Effect": "Allow", "NotAction": "iam:*", "Resource": RESULTS}],
            "may everything but iam:* on ${Bucket.Arn}/results/*",
        ),
        (
            [may("s3:GetObject", RESULTS, {"Bool": {"aws:SecureTransport": "true"}})],
            [READ],
            "may s3:GetObject on ${Bucket.Arn}/results/* (before under other conditions)",
        ),
        (
            [may("s3:GetObject", RESULTS, {"StringEquals": {"aws:PrincipalTag/team": ["a"]}})],
            [may("s3:GetObject", RESULTS, {"StringEquals": {"aws:PrincipalTag/team": ["a", "b"]}})],
            "may s3:GetObject on ${Bucket.Arn}/results/* if aws:principaltag/team stringequals a or b "
            "(before under other conditions)",
        ),
        (
            [READ, may("s3:GetObject", SCRATCH, effect="Deny")],
            [READ],
            "no longer denies s3:GetObject on ${Bucket.Arn}/scratch/*",
        ),
    ],
)
def test_more_than_before_is_told(before: list[dict[str, Any]], after: list[dict[str, Any]], said: str) -> None:
    role = trust({"Service": "ecs-tasks.amazonaws.com"})
    changed = found({"Role": role, "Policy": policy(*before)}, {"Role": role, "Policy": policy(*after)})
    assert changed == [f"Role {said}"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([READ], [READ]),
        ([may("s3:GetObject", EVERYTHING_IN_IT)], [READ]),
        ([may("s3:*", RESULTS)], [may(["S3:getobject", "s3:PutObject"], RESULTS)]),
        ([READ, may("s3:PutObject", RESULTS)], [may(["s3:PutObject", "s3:GetObject"], RESULTS)]),
        ([READ], [may("s3:GetObject", RESULTS, {"Bool": {"aws:SecureTransport": "true"}})]),
        ([READ], [READ, may("s3:*", SCRATCH, effect="Deny")]),
        ([READ], []),
    ],
    ids=["the-same", "one-folder", "named", "in-one-statement", "under-a-condition", "a-new-deny", "nothing"],
)
def test_the_same_or_less_is_not_told(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    role = trust({"Service": "ecs-tasks.amazonaws.com"})
    assert found({"Role": role, "Policy": policy(*before)}, {"Role": role, "Policy": policy(*after)}) == []


def test_a_statement_that_moves_to_another_policy_of_the_role_is_not_told() -> None:
    apart = {"Role": trust({"Service": "batch.amazonaws.com"}), "Policy": policy(READ)}
    inline = trust({"Service": "batch.amazonaws.com"})
    inline["Properties"]["Policies"] = [{"PolicyName": "own", "PolicyDocument": {"Statement": [READ]}}]
    assert found(apart, {"Role": inline}) == []


def test_a_statement_that_moves_to_another_role_is_told() -> None:
    roles = {"Role": trust({"Service": "a"}), "Other": trust({"Service": "a"})}
    changed = found({**roles, "Policy": policy(READ)}, {**roles, "Policy": policy(READ, role="Other")})
    assert changed == ["Other may s3:GetObject on ${Bucket.Arn}/results/*"]


def test_trust_in_others_is_told() -> None:
    before = {"Role": trust({"Service": "ec2.amazonaws.com"})}
    assert found(before, {"Role": trust({"AWS": "*"})}) == ["Role lets * sts:AssumeRole"]
    assert found(before, {"Role": trust({"Service": ["ec2.amazonaws.com", "batch.amazonaws.com"]})}) == [
        "Role lets Service batch.amazonaws.com sts:AssumeRole"
    ]
    assert found({"Role": trust({"AWS": "*"})}, before) == []


def test_a_managed_policy_and_a_lost_boundary_are_told() -> None:
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    before, after = trust({"Service": "a"}), trust({"Service": "a"})
    before["Properties"]["PermissionsBoundary"] = "arn:aws:iam::123456789012:policy/team"
    after["Properties"]["ManagedPolicyArns"] = [arn]
    assert found({"Role": before}, {"Role": after}) == [
        f"Role may do all that the managed policy says on {arn}",
        "Role has no longer the permissions boundary arn:aws:iam::123456789012:policy/team",
    ]


def test_a_bucket_that_becomes_public_is_told() -> None:
    closed = dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"PublicAccessBlockConfiguration": closed}}
    opened = {"Type": "AWS::S3::Bucket", "Properties": {}}
    assert len(found({"Bucket": bucket}, {"Bucket": opened})) == 4
    assert found({"Bucket": opened}, {"Bucket": bucket}) == []
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": RESULTS}
    of_bucket = {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": {"Statement": [everybody]}},
    }
    assert found({"Bucket": bucket}, {"Bucket": bucket, "Policy": of_bucket}) == [
        "Bucket lets * s3:GetObject on ${Bucket.Arn}/results/*"
    ]


def test_an_endpoint_that_loses_its_policy_is_told_and_a_new_one_without_is_not() -> None:
    endpoint = {"Type": "AWS::EC2::VPCEndpoint", "Properties": {"PolicyDocument": {"Statement": [READ]}}}
    opened = {"Type": "AWS::EC2::VPCEndpoint", "Properties": {}}
    assert found({"Endpoint": endpoint}, {"Endpoint": opened}) == ["Endpoint lets * * on *"]
    assert found({}, {"Endpoint": opened}) == []


def group(*ingress: dict[str, Any]) -> dict[str, Any]:
    nothing = {"CidrIp": "255.255.255.255/32", "IpProtocol": "icmp", "FromPort": 252, "ToPort": 86}
    said = {"SecurityGroupIngress": list(ingress), "SecurityGroupEgress": [nothing]}
    return {"Type": "AWS::EC2::SecurityGroup", "Properties": said}


def port(low: int, high: int, source: str) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": low, "ToPort": high, "CidrIp": source}


def test_a_firewall_that_opens_is_told_and_one_that_closes_is_not() -> None:
    narrow, wide = {"Group": group(port(443, 443, "10.0.0.0/24"))}, {"Group": group(port(400, 500, "10.0.0.0/16"))}
    assert found(narrow, wide) == ["Group lets in tcp port 400-500 from 10.0.0.0/16"]
    assert found(wide, narrow) == []
    without_egress = {"Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {}}}
    assert found({"Group": group()}, without_egress) == ["Group lets out everything to 0.0.0.0/0"]


def test_a_new_group_that_lets_nothing_out_opens_nothing() -> None:
    assert found({}, {"Group": group()}) == []
    assert found({}, {"Group": group(port(443, 443, "10.0.0.0/16"))}) == ["Group lets in tcp port 443 from 10.0.0.0/16"]
    ping = {"CidrIp": "10.0.0.1/32", "IpProtocol": "icmp", "FromPort": 8, "ToPort": -1}
    pinging = {"Type": "AWS::EC2::SecurityGroup", "Properties": {"SecurityGroupEgress": [ping]}}
    assert found({}, {"Group": pinging}) == ["Group lets out icmp port 8--1 to 10.0.0.1/32"]


def test_a_policy_written_as_text_counts() -> None:
    def domain(actions: str) -> dict[str, Any]:
        text = f'{{"Statement": [{{"Effect": "Allow", "Principal": "*", "Action": "{actions}", "Resource": "*"}}]}}'
        return {"Thing": {"Type": "Company::Own::Thing", "Properties": {"Policy": text}}}

    assert found(domain("a:Get"), domain("a:*")) == ["Thing lets * a:* on *"]
