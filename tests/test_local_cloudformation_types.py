"""Resource types: what a template asks for is what the services describe, after creation and after an update."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from batchyard.local.cloudformation.resources.registry import TYPES
from batchyard.toolchain import ROOT
from tests.support.local_account import Account, StackUnderTest, resource

pytest_plugins = ["tests.support.local_account_fixtures"]

TAGS = [{"Key": "team", "Value": "red"}]


def tls_only(bucket: dict[str, Any]) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": {"AWS": "*"},
                "Action": "s3:*",
                "Resource": {"Fn::Sub": ["${Arn}/*", {"Arn": bucket}]},
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }


def test_a_bucket_with_all_its_settings(account: Account, stack: StackUnderTest) -> None:
    s3 = account.client("s3")
    encryption = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    blocks = dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), "true"
    )
    rules = [
        {"Id": "scratch", "Status": "Enabled", "Prefix": "scratch/", "ExpirationInDays": "7"},
        {"Id": "parts", "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
        {
            "Id": "old",
            "Status": "Enabled",
            "TagFilters": [{"Key": "a", "Value": "b"}],
            "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
            "Transitions": [{"StorageClass": "GLACIER", "TransitionInDays": 5}],
        },
    ]
    stack.create(
        {
            "Bucket": resource(
                "S3::Bucket",
                VersioningConfiguration={"Status": "Enabled"},
                BucketEncryption={"ServerSideEncryptionConfiguration": [encryption]},
                PublicAccessBlockConfiguration=blocks,
                OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                LifecycleConfiguration={"Rules": rules},
                Tags=TAGS,
            ),
            "Policy": resource(
                "S3::BucketPolicy",
                Bucket={"Ref": "Bucket"},
                PolicyDocument=tls_only({"Fn::GetAtt": ["Bucket", "Arn"]}),
            ),
        }
    )
    bucket = stack.physical("Bucket")
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    [held] = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert held["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert set(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    [ownership] = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert ownership["ObjectOwnership"] == "BucketOwnerEnforced"
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == TAGS
    lifecycle = {rule["ID"]: rule for rule in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]}
    assert lifecycle["scratch"]["Expiration"] == {"Days": 7}
    assert lifecycle["scratch"]["Filter"] == {"Prefix": "scratch/"}
    assert lifecycle["parts"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert lifecycle["old"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert lifecycle["old"]["Transitions"] == [{"Days": 5, "StorageClass": "GLACIER"}]

    # The policy is held and shown, and does not shut out this account's own http.
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert policy["Statement"][0]["Resource"] == f"arn:aws:s3:::{bucket}/*"
    s3.put_object(Bucket=bucket, Key="scratch/x", Body=b"x")

    stack.update({"Bucket": resource("S3::Bucket", LifecycleConfiguration={"Rules": rules[:1]}, Tags=[])})
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Suspended"
    assert [rule["ID"] for rule in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]] == ["scratch"]
    for gone in (s3.get_public_access_block, s3.get_bucket_policy, s3.get_bucket_tagging):
        with pytest.raises(ClientError):
            gone(Bucket=bucket)


def test_a_bucket_policy_without_condition_is_still_enforced(account: Account, stack: StackUnderTest) -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    policy = resource("S3::BucketPolicy", Bucket={"Ref": "Bucket"}, PolicyDocument=document)
    stack.create({"Bucket": resource("S3::Bucket"), "Policy": policy})
    with pytest.raises(ClientError, match="Forbidden"):
        account.client("s3").put_object(Bucket=stack.physical("Bucket"), Key="x", Body=b"x")


def trust(service: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def allow(action: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}


def test_a_role_with_its_policies_and_profile(account: Account, stack: StackUnderTest) -> None:
    iam = account.client("iam")
    reading, writing = (f"arn:aws:iam::aws:policy/AmazonS3{word}Access" for word in ("ReadOnly", "Full"))

    def resources(service: str, managed: str, action: str, **more: Any) -> dict[str, Any]:
        return {
            "Role": resource(
                "IAM::Role",
                AssumeRolePolicyDocument=trust(service),
                ManagedPolicyArns=[managed, {"Ref": "Managed"}],
                Policies=[{"PolicyName": "inline", "PolicyDocument": allow(action)}],
                Tags=TAGS,
                **more,
            ),
            "Policy": resource("IAM::Policy", PolicyName="own", PolicyDocument=allow(action), Roles=[{"Ref": "Role"}]),
            "Managed": resource("IAM::ManagedPolicy", PolicyDocument=allow(action)),
            "Profile": resource("IAM::InstanceProfile", Roles=[{"Ref": "Role"}]),
        }

    def held() -> dict[str, Any]:
        role = stack.physical("Role")
        described = iam.get_role(RoleName=role)["Role"]
        managed = stack.physical("Managed")
        version = iam.get_policy(PolicyArn=managed)["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=managed, VersionId=version)["PolicyVersion"]["Document"]
        return {
            "trusts": described["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"],
            "description": described.get("Description"),
            "attached": {p["PolicyArn"] for p in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]},
            "inline": {
                name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"][0]["Action"]
                for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
            },
            "managed": document["Statement"][0]["Action"],
        }

    stack.create(resources("ecs-tasks.amazonaws.com", reading, "s3:Get*"))
    managed = stack.physical("Managed")
    assert held() == {
        "trusts": "ecs-tasks.amazonaws.com",
        "description": None,
        "attached": {reading, managed},
        "inline": {"inline": "s3:Get*", "own": "s3:Get*"},
        "managed": "s3:Get*",
    }
    profile = iam.get_instance_profile(InstanceProfileName=stack.physical("Profile"))["InstanceProfile"]
    assert [role["RoleName"] for role in profile["Roles"]] == [stack.physical("Role")]

    stack.update(resources("ec2.amazonaws.com", writing, "s3:Put*", Description="new"))
    assert held() == {
        "trusts": "ec2.amazonaws.com",
        "description": "new",
        "attached": {writing, managed},
        "inline": {"inline": "s3:Put*", "own": "s3:Put*"},
        "managed": "s3:Put*",
    }
    role = stack.physical("Role")
    stack.delete().expect("DELETE_COMPLETE")
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.get_role(RoleName=role)


def test_a_repository(account: Account, stack: StackUnderTest) -> None:
    ecr = account.client("ecr")
    lifecycle = {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 3},
                "action": {"type": "expire"},
            }
        ]
    }
    stack.create(
        {
            "Images": resource(
                "ECR::Repository",
                ImageTagMutability="IMMUTABLE",
                ImageScanningConfiguration={"ScanOnPush": True},
                LifecyclePolicy={"LifecyclePolicyText": json.dumps(lifecycle)},
                Tags=TAGS,
            )
        },
        Outputs={"Uri": {"Value": {"Fn::GetAtt": ["Images", "RepositoryUri"]}}},
    )
    name = stack.physical("Images")
    [held] = ecr.describe_repositories(repositoryNames=[name])["repositories"]
    assert held["imageTagMutability"] == "IMMUTABLE"
    assert held["imageScanningConfiguration"] == {"scanOnPush": True}
    assert stack.outputs()["Uri"] == held["repositoryUri"]
    assert json.loads(ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"]) == lifecycle

    stack.update({"Images": resource("ECR::Repository", ImageScanningConfiguration={"ScanOnPush": False})})
    [held] = ecr.describe_repositories(repositoryNames=[name])["repositories"]
    assert (held["imageTagMutability"], held["imageScanningConfiguration"]) == ("MUTABLE", {"scanOnPush": False})
    assert ecr.list_tags_for_resource(resourceArn=held["repositoryArn"])["tags"] == []
    with pytest.raises(ClientError, match="LifecyclePolicyNotFound"):
        ecr.get_lifecycle_policy(repositoryName=name)


def test_a_log_group(account: Account, stack: StackUnderTest) -> None:
    logs = account.client("logs")
    stack.create({"Logs": resource("Logs::LogGroup", RetentionInDays=30, Tags=TAGS)})
    name = stack.physical("Logs")

    def held() -> dict[str, Any]:
        [group] = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        tags = logs.list_tags_for_resource(resourceArn=group["logGroupArn"])["tags"]
        return {"days": group.get("retentionInDays"), "tags": tags}

    assert held() == {"days": 30, "tags": {"team": "red"}}
    stack.update({"Logs": resource("Logs::LogGroup", RetentionInDays=7)})
    assert held() == {"days": 7, "tags": {}}
    stack.update({"Logs": resource("Logs::LogGroup")})
    assert held()["days"] is None


def test_a_key_and_its_alias(account: Account, stack: StackUnderTest) -> None:
    kms = account.client("kms")
    alias = f"alias/{uuid.uuid4().hex}"
    key = resource("KMS::Key", Description="of the tests", EnableKeyRotation=True, Tags=TAGS)
    stack.create({"Key": key, "Alias": resource("KMS::Alias", AliasName=alias, TargetKeyId={"Ref": "Key"})})
    key_id = stack.physical("Key")
    assert kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"] == key_id
    assert kms.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"] is True
    stack.delete().expect("DELETE_COMPLETE")
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_an_alarm_that_tells_a_topic(account: Account, stack: StackUnderTest) -> None:
    sns, cloudwatch = account.client("sns"), account.client("cloudwatch")

    def resources(threshold: int) -> dict[str, Any]:
        return {
            "Topic": resource("SNS::Topic", DisplayName="jobs", Tags=TAGS),
            "Policy": resource(
                "SNS::TopicPolicy",
                Topics=[{"Ref": "Topic"}],
                PolicyDocument={"Version": "2012-10-17", "Statement": [], "Id": f"of {threshold}"},
            ),
            "Mail": resource(
                "SNS::Subscription", TopicArn={"Ref": "Topic"}, Protocol="email", Endpoint="a@example.com"
            ),
            "Alarm": resource(
                "CloudWatch::Alarm",
                Namespace="Jobs",
                MetricName="Failed",
                Statistic="Sum",
                Period="300",
                EvaluationPeriods=1,
                Threshold=threshold,
                ComparisonOperator="GreaterThanThreshold",
                AlarmActions=[{"Ref": "Topic"}],
            ),
        }

    def held() -> tuple[Any, ...]:
        topic = stack.physical("Topic")
        attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
        [mail] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        [alarm] = cloudwatch.describe_alarms(AlarmNames=[stack.physical("Alarm")])["MetricAlarms"]
        policy = json.loads(attributes["Policy"])["Id"]
        return attributes["DisplayName"], policy, mail["Endpoint"], alarm["Threshold"], alarm["AlarmActions"]

    stack.create(resources(1))
    assert held() == ("jobs", "of 1", "a@example.com", 1.0, [stack.physical("Topic")])
    stack.update(resources(5))
    assert held() == ("jobs", "of 5", "a@example.com", 5.0, [stack.physical("Topic")])
    stack.delete().expect("DELETE_COMPLETE")
    assert not cloudwatch.describe_alarms(AlarmNamePrefix=stack.name)["MetricAlarms"]


def test_a_rule_with_its_targets(account: Account, stack: StackUnderTest) -> None:
    events = account.client("events")

    def rule(targets: list[str], **more: Any) -> dict[str, Any]:
        listed = [{"Id": name, "Arn": "arn:aws:sns:us-east-1:123456789012:topic"} for name in targets]
        return {"Rule": resource("Events::Rule", Targets=listed, **more)}

    def held() -> tuple[Any, ...]:
        name = stack.physical("Rule")
        found = events.describe_rule(Name=name)
        targets = [target["Id"] for target in events.list_targets_by_rule(Rule=name)["Targets"]]
        labels = events.list_tags_for_resource(ResourceARN=found["Arn"])["Tags"]
        return found.get("EventPattern"), found.get("ScheduleExpression"), found["State"], targets, labels

    pattern = {"source": ["aws.batch"]}
    stack.create(rule(["a", "b"], EventPattern=pattern, Tags=TAGS))
    assert held() == (json.dumps(pattern), None, "ENABLED", ["a", "b"], TAGS)
    stack.update(rule(["b"], ScheduleExpression="rate(1 day)", State="DISABLED"))
    assert held() == (None, "rate(1 day)", "DISABLED", ["b"], [])
    stack.delete().expect("DELETE_COMPLETE")
    assert not events.list_rules(NamePrefix=stack.name)["Rules"]


def test_an_image_build_is_recorded_and_its_function_is_not_asked(stack: StackUnderTest) -> None:
    project = {"Type": "AWS::CodeBuild::Project", "Properties": {"TimeoutInMinutes": 45}}
    wanted = {"ServiceToken": "arn:none", "Tag": "0123456789abcdef"}
    image = {"Type": "Custom::ContainerImageBuild", "Properties": wanted}
    outputs = {"Arn": {"Value": {"Fn::GetAtt": ["Project", "Arn"]}}, "Name": {"Value": {"Ref": "Project"}}}
    stack.create({"Project": project, "Image": image}, Outputs=outputs).expect("CREATE_COMPLETE")
    found = stack.outputs()
    assert found["Arn"].endswith(f":project/{found['Name']}")
    wanted["Tag"] = "fedcba9876543210"
    stack.update({"Project": project, "Image": image}, Outputs=outputs).expect("UPDATE_COMPLETE")
    stack.delete()


def test_the_documentation_lists_every_type_with_its_properties() -> None:
    text = (ROOT / "docs" / "local-cloudformation.md").read_text()
    for name, kind in TYPES.items():
        [line] = [line for line in text.splitlines() if line.startswith((f"| `{name}`", f"- `{name}`"))]
        missing = [prop for prop in kind.properties if prop not in line]
        assert not missing, f"{name}: {missing} are not in {line}"
