"""What counts as a fault of a template's permissions; test_deployments_sound.py holds the deployments to it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.permissions import permission_faults

BUCKET = {"Fn::GetAtt": ["Bucket0A1B2C3D", "Arn"]}
RESULTS = {"Fn::Join": ["", [BUCKET, "/results/*"]]}
PARAMETERS = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":ssm:us-east-1:123456789012:parameter/*"]]}
OF_AWS = ["arn:", {"Ref": "AWS::Partition"}, ":iam::aws:policy/"]
JOBS = "ecs-tasks.amazonaws.com"


def faults(kind: str, name: str, **said: Any) -> list[str]:
    """What is wrong with one resource."""
    return permission_faults({"Resources": {f"{name}0A1B2C3D": {"Type": f"AWS::IAM::{kind}", "Properties": said}}})


def document(**statement: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param({"Action": "s3:GetObject", "Resource": RESULTS}, id="a part of a bucket"),
        pytest.param({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::reference/*"}, id="another bucket"),
        pytest.param({"Action": ["s3:ListBucket"], "Resource": [BUCKET]}, id="a bucket"),
        pytest.param({"Action": "ecr:GetAuthorizationToken", "Resource": "*"}, id="what is about no resource"),
        pytest.param({"Action": "s3:*", "Resource": "*", "Effect": "Deny"}, id="a denial"),
    ],
)
def test_what_is_about_named_things_is_no_fault(statement: dict[str, Any]) -> None:
    assert faults("Policy", "JobRoleDefaultPolicy", PolicyDocument=document(**statement)) == []


@pytest.mark.parametrize("kind", ["Policy", "ManagedPolicy", "RolePolicy"])
@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ({"Action": ["s3:GetObject", "ecr:GetAuthorizationToken"], "Resource": "*"}, "s3:GetObject on *"),
        ({"Action": "s3:GetObject", "Resource": [BUCKET, "arn:aws:s3:::*"]}, "s3:GetObject on arn:aws:s3:::*"),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::*/results/*"}, "on arn:aws:s3:::*/results/*"),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::team-*"}, "on arn:aws:s3:::team-*"),
        ({"Action": "ssm:GetParameter", "Resource": PARAMETERS}, "123456789012:parameter/*"),
        ({"Action": "s3:*", "Resource": RESULTS}, "s3:*"),
        ({"NotAction": "iam:CreateUser", "Resource": RESULTS}, "NotAction"),
        ({"Action": "s3:GetObject", "NotResource": RESULTS}, "NotResource"),
    ],
)
def test_what_is_about_everything_is_one(kind: str, statement: dict[str, Any], told: str) -> None:
    (fault,) = faults(kind, "P", PolicyDocument=document(**statement))
    assert fault.endswith(told)


def test_a_policy_that_stands_in_its_role_counts() -> None:
    inline = {"PolicyName": "own", "PolicyDocument": document(Action="s3:GetObject", Resource="*")}
    trust = document(Action="sts:AssumeRole", Principal={"Service": JOBS})
    assert faults("Role", "JobRole", AssumeRolePolicyDocument=trust, Policies=[inline]) == [
        "JobRole0A1B2C3D: s3:GetObject on *"
    ]


@pytest.mark.parametrize("name", ["AdministratorAccess", "AmazonS3FullAccess", "AmazonS3ReadOnlyAccess"])
def test_a_managed_policy_that_is_not_made_for_the_use_is_one(name: str) -> None:
    trust = document(Action="sts:AssumeRole", Principal={"Service": JOBS})
    arn = {"Fn::Join": ["", [*OF_AWS, name]]}
    (fault,) = faults("Role", "JobRole", AssumeRolePolicyDocument=trust, ManagedPolicyArns=[arn])
    assert fault == f"JobRole: the managed policy arn:${{AWS::Partition}}:iam::aws:policy/{name}"


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        pytest.param("JobRole", {"Principal": {"Service": "ec2.amazonaws.com"}}, id="another service"),
        pytest.param("JobRole", {"Principal": {"Service": [JOBS, "ec2.amazonaws.com"]}}, id="a further service"),
        pytest.param("JobRole", {"Principal": {"Service": JOBS, "AWS": "*"}}, id="everybody as well"),
        pytest.param("JobRole", {"Principal": "*"}, id="everybody"),
        pytest.param("JobRole", {"Principal": {"Service": JOBS}, "Action": "sts:*"}, id="another action"),
        pytest.param("SurpriseRole", {"Principal": {"Service": JOBS}}, id="a role that the table does not have"),
    ],
)
def test_a_role_that_others_than_its_service_may_be_is_one(name: str, statement: dict[str, Any]) -> None:
    (fault,) = faults("Role", name, AssumeRolePolicyDocument=document(**{"Action": "sts:AssumeRole", **statement}))
    assert fault.startswith(f"{name}: trusts ")


def test_a_user_is_one() -> None:
    assert faults("User", "Somebody") == [
        "Somebody0A1B2C3D: a deployment has roles for services, and no AWS::IAM::User"
    ]
