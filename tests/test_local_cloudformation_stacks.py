"""Stacks over HTTP: made, changed, replaced, rolled back, deleted; proven by the services, not by CloudFormation."""

from __future__ import annotations

import json
import urllib.request
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.support.local_account import Account, StackUnderTest

pytest_plugins = ["tests.support.local_account_fixtures"]


def parameter(value: Any, **more: Any) -> dict[str, Any]:
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value, **more}}


def broken(*needs: str) -> dict[str, Any]:
    """A resource that no service takes: its VPC does not exist."""
    return {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": "vpc-00000000"}, "DependsOn": list(needs)}


def stored(account: Account, name: str) -> str | None:
    """What the parameter store holds."""
    found = account.client("ssm").get_parameters(Names=[name])["Parameters"]
    return found[0]["Value"] if found else None


def name(logical_id: str) -> str:
    return f"/test/{logical_id}/{uuid.uuid4().hex}"


def change_set(stack: StackUnderTest, resources: dict[str, Any], kind: str, **more: Any) -> dict[str, Any]:
    """A change set, made and described."""
    stack.api.create_change_set(
        StackName=stack.name,
        ChangeSetName="change",
        ChangeSetType=kind,
        TemplateBody=json.dumps({"Resources": resources}),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    found: dict[str, Any] = stack.api.describe_change_set(StackName=stack.name, ChangeSetName="change", **more)
    return found


def refused(call: Any, **arguments: Any) -> dict[str, str]:
    """The error of a call that must fail."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return {key: str(value) for key, value in caught.value.response["Error"].items()}


# -- creation --------------------------------------------------------------------------------------------


def test_a_stack_is_made_in_the_order_of_its_references(account: Account, stack: StackUnderTest) -> None:
    first = name("first")
    stack.create(
        {
            "Second": parameter({"Fn::Sub": "${First} holds ${First.Value}"}),
            "First": parameter("one", Name=first),
        },
        Outputs={"Second": {"Value": {"Ref": "Second"}, "Description": "its name"}},
    )
    assert stored(account, first) == "one"
    assert stored(account, stack.outputs()["Second"]) == f"{first} holds one"
    made = [logical_id for logical_id, status in stack.events() if status == "CREATE_COMPLETE"]
    assert made == ["First", "Second", stack.name]


def test_generated_names_have_cloudformations_form(stack: StackUnderTest) -> None:
    stack.create({"Group": {"Type": "AWS::Logs::LogGroup"}, "Bucket": {"Type": "AWS::S3::Bucket"}})
    prefix, _, suffix = stack.physical("Group").rpartition("-")
    assert (prefix, len(suffix)) == (f"{stack.name}-Group", 12)
    assert stack.physical("Bucket").startswith(f"{stack.name}-bucket-")
    assert stack.physical("Bucket").islower()


def test_a_failed_creation_is_rolled_back_and_leaves_nothing(account: Account, stack: StackUnderTest) -> None:
    first = name("first")
    stack.try_create({"First": parameter("one", Name=first), "Broken": broken("First")})
    stack.expect("ROLLBACK_COMPLETE")
    assert stored(account, first) is None
    assert ("First", "DELETE_COMPLETE") in stack.events()
    assert any(reason.startswith("Broken CREATE_FAILED: Resource handler returned") for reason in stack.failures())
    rolled_back = [
        event["ResourceStatusReason"]
        for event in stack.api.describe_stack_events(StackName=stack.name)["StackEvents"]
        if event["ResourceStatus"] == "ROLLBACK_IN_PROGRESS"
    ]
    assert rolled_back == ["The following resource(s) failed to create: [Broken]. Rollback requested by user."]
    with pytest.raises(WaiterError, match="ROLLBACK_COMPLETE"):
        stack.api.get_waiter("stack_create_complete").wait(StackName=stack.name, WaiterConfig={"Delay": 1})


def test_deleting_a_rolled_back_stack_leaves_alone_what_took_its_names(account: Account, stack: StackUnderTest) -> None:
    first = name("first")
    stack.try_create({"First": parameter("one", Name=first), "Broken": broken("First")}).expect("ROLLBACK_COMPLETE")
    account.client("ssm").put_parameter(Name=first, Value="somebody else's", Type="String")
    stack.delete().expect("DELETE_COMPLETE")
    assert stored(account, first) == "somebody else's"


def test_a_resource_that_fails_half_way_is_deleted_too(account: Account, stack: StackUnderTest) -> None:
    role = f"role-{uuid.uuid4().hex[:8]}"
    trust = {"Version": "2012-10-17", "Statement": []}
    properties = {
        "RoleName": role,
        "AssumeRolePolicyDocument": trust,
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/NoSuchPolicy"],
    }
    stack.try_create({"Role": {"Type": "AWS::IAM::Role", "Properties": properties}}).expect("ROLLBACK_COMPLETE")
    assert refused(account.client("iam").get_role, RoleName=role)["Code"] == "NoSuchEntity"


def test_without_rollback_what_was_made_stays_and_the_stack_can_be_mended(
    account: Account, stack: StackUnderTest
) -> None:
    first = name("first")
    resources = {"First": parameter("one", Name=first), "Broken": broken("First")}
    stack.try_create(resources, DisableRollback=True).expect("CREATE_FAILED")
    assert stored(account, first) == "one"
    stack.update({"First": parameter("two", Name=first)})
    assert stored(account, first) == "two"


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ({"A": {"Type": "AWS::Nothing::Here"}}, "Unrecognized resource types: [AWS::Nothing::Here]"),
        ({"A": parameter({"Ref": "Nobody"})}, "Unresolved resource dependencies [Nobody] in the Resources block"),
        (
            {"A": parameter({"Ref": "B"}), "B": parameter({"Ref": "A"})},
            "Circular dependency between resources: [A, B]",
        ),
        (
            {"A": parameter("x", Colour="red")},
            "The local account does not support property Colour of A (AWS::SSM::Parameter). Supported: AllowedPattern",
        ),
        ({"A": {"Type": "AWS::SSM::Parameter", "Properties": {}}}, "missing Type, Value"),
    ],
)
def test_what_cannot_be_deployed_is_refused_before_anything_is_made(
    stack: StackUnderTest, resources: dict[str, Any], message: str
) -> None:
    body = json.dumps({"Resources": resources})
    error = refused(stack.api.create_stack, StackName=stack.name, TemplateBody=body)
    assert error["Code"] == "ValidationError"
    assert message in error["Message"]


def test_a_role_needs_the_capability(stack: StackUnderTest) -> None:
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}
    body = json.dumps({"Resources": {"Role": role}})
    error = refused(stack.api.create_stack, StackName=stack.name, TemplateBody=body)
    assert error == {
        "Type": "Sender",
        "Code": "InsufficientCapabilitiesException",
        "Message": "Requires capabilities : [CAPABILITY_IAM]",
    }


def test_parameters_conditions_and_dynamic_references_meet_the_account(account: Account, stack: StackUnderTest) -> None:
    source = name("source")
    account.client("ssm").put_parameter(Name=source, Value="from the store", Type="String")
    declared = {
        "Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": source},
        "Wanted": {"Type": "String", "AllowedValues": ["yes", "no"]},
    }
    resources = {
        "A": parameter({"Ref": "Stored"}),
        "B": parameter(f"{{{{resolve:ssm:{source}}}}}") | {"Condition": "IsWanted"},
    }
    more: dict[str, Any] = {
        "Declared": declared,
        "Conditions": {"IsWanted": {"Fn::Equals": [{"Ref": "Wanted"}, "yes"]}},
    }
    stack.create(resources, Parameters=[{"ParameterKey": "Wanted", "ParameterValue": "no"}], **more)
    assert stored(account, stack.physical("A")) == "from the store"
    assert refused(stack.api.describe_stack_resource, StackName=stack.name, LogicalResourceId="B")

    account.client("ssm").put_parameter(Name=source, Value="changed", Type="String", Overwrite=True)
    kept = {"ParameterKey": "Stored", "UsePreviousValue": True}
    stack.update(resources, Parameters=[kept, {"ParameterKey": "Wanted", "ParameterValue": "yes"}], **more)
    assert stored(account, stack.physical("A")) == "changed"
    assert stored(account, stack.physical("B")) == "changed"


# -- update ----------------------------------------------------------------------------------------------


def test_an_update_touches_only_what_changed(account: Account, stack: StackUnderTest) -> None:
    first, second = name("first"), name("second")
    stack.create({"First": parameter("one", Name=first), "Second": parameter("one", Name=second)})
    stack.update({"First": parameter("two", Name=first), "Second": parameter("one", Name=second)})
    versions = {
        found["Name"]: (found["Value"], found["Version"])
        for found in account.client("ssm").get_parameters(Names=[first, second])["Parameters"]
    }
    assert versions == {first: ("two", 2), second: ("one", 1)}


def test_the_same_template_again_is_no_update(stack: StackUnderTest) -> None:
    resources = {"First": parameter("one")}
    stack.create(resources)
    error = refused(stack.try_update, resources=resources)
    assert error["Message"] == "No updates are to be performed."
    described = change_set(stack, resources, "UPDATE")
    assert described["Status"] == "FAILED"
    assert described["StatusReason"].startswith("The submitted information didn't contain changes.")


def test_a_replacement_is_made_before_the_old_one_goes_and_its_users_follow(
    account: Account, stack: StackUnderTest
) -> None:
    old, new, user = name("old"), name("new"), name("user")

    def resources(used: str) -> dict[str, Any]:
        return {"Used": parameter("x", Name=used), "User": parameter({"Ref": "Used"}, Name=user)}

    stack.create(resources(old))
    described = change_set(stack, resources(new), "UPDATE", IncludePropertyValues=True)
    changes = {entry["ResourceChange"]["LogicalResourceId"]: entry["ResourceChange"] for entry in described["Changes"]}
    assert (changes["Used"]["Action"], changes["Used"]["Replacement"]) == ("Modify", "True")
    assert changes["Used"]["Details"][0]["Target"] == {
        "Attribute": "Properties",
        "Name": "Name",
        "RequiresRecreation": "Always",
        "Path": "/Properties/Name",
        "AttributeChangeType": "Modify",
        "BeforeValue": old,
        "AfterValue": new,
    }
    assert (changes["User"]["Replacement"], changes["User"]["Details"][0]["Evaluation"]) == ("False", "Dynamic")
    assert changes["User"]["Details"][0]["CausingEntity"] == "Used"

    stack.update(resources(new))
    assert (stored(account, old), stored(account, new), stored(account, user)) == (None, "x", new)
    events = stack.events()
    assert events.index(("User", "UPDATE_COMPLETE")) < events.index(("Used", "DELETE_COMPLETE"))


def test_a_custom_named_resource_is_not_replaced_under_its_own_name(account: Account, stack: StackUnderTest) -> None:
    group = name("group")

    def resources(kind: str) -> dict[str, Any]:
        return {"Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": group, "LogGroupClass": kind}}}

    stack.create(resources("STANDARD"))
    stack.try_update(resources("INFREQUENT_ACCESS")).expect("UPDATE_ROLLBACK_COMPLETE")
    assert f"Rename {group} and update the stack again." in stack.failures()[0]
    assert account.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]


def test_a_failed_update_restores_everything(account: Account, stack: StackUnderTest) -> None:
    changed, replaced, replacement, removed, added = (name(word) for word in "abcde")
    stack.create(
        {
            "Changed": parameter("old", Name=changed),
            "Replaced": parameter("old", Name=replaced),
            "Removed": parameter("old", Name=removed),
        },
        Outputs={"Out": {"Value": {"Ref": "Replaced"}}},
    )
    stack.try_update(
        {
            "Changed": parameter("new", Name=changed),
            "Replaced": parameter("new", Name=replacement),
            "Added": parameter("new", Name=added),
            "Broken": broken("Changed", "Replaced", "Added"),
        },
        Outputs={"Out": {"Value": {"Ref": "Replaced"}}},
    ).expect("UPDATE_ROLLBACK_COMPLETE")
    held = {entry: stored(account, entry) for entry in (changed, replaced, replacement, removed, added)}
    assert held == {changed: "old", replaced: "old", replacement: None, removed: "old", added: None}
    assert stack.outputs() == {"Out": replaced}
    assert {status for logical_id, status in stack.events() if logical_id == stack.name} >= {
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    }


def test_a_removed_resource_is_deleted_unless_it_is_to_be_retained(account: Account, stack: StackUnderTest) -> None:
    gone, kept, stays = name("gone"), name("kept"), name("stays")
    retained = parameter("x", Name=kept) | {"DeletionPolicy": "Retain"}
    stack.create({"Gone": parameter("x", Name=gone), "Kept": retained, "Stays": parameter("x", Name=stays)})
    stack.update({"Stays": parameter("x", Name=stays)})
    assert (stored(account, gone), stored(account, kept), stored(account, stays)) == (None, "x", "x")
    assert ("Kept", "DELETE_SKIPPED") in stack.events()


def test_stack_tags_reach_the_resources(account: Account, stack: StackUnderTest) -> None:
    own = parameter("x", Tags={"mine": "1"})
    stack.create({"A": own}, Tags=[{"Key": "team", "Value": "red"}])
    ssm = account.client("ssm")

    def tags() -> dict[str, str]:
        found = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=stack.physical("A"))["TagList"]
        return {tag["Key"]: tag["Value"] for tag in found}

    assert tags() == {"mine": "1", "team": "red"}
    stack.update({"A": own}, Tags=[{"Key": "team", "Value": "blue"}])
    assert tags() == {"mine": "1", "team": "blue"}


def test_a_failed_update_can_be_left_as_it_is_and_rolled_back_later(account: Account, stack: StackUnderTest) -> None:
    changed, added = name("changed"), name("added")
    stack.create({"Changed": parameter("old", Name=changed)})
    stack.try_update(
        {
            "Changed": parameter("new", Name=changed),
            "Added": parameter("new", Name=added),
            "Broken": broken("Changed", "Added"),
        },
        DisableRollback=True,
    ).expect("UPDATE_FAILED")
    assert (stored(account, changed), stored(account, added)) == ("new", "new")
    stack.api.rollback_stack(StackName=stack.name)
    stack.settle().expect("UPDATE_ROLLBACK_COMPLETE")
    assert (stored(account, changed), stored(account, added)) == ("old", None)


# -- deletion --------------------------------------------------------------------------------------------


def test_deletion_goes_backwards_and_spares_what_is_retained(account: Account, stack: StackUnderTest) -> None:
    kept = name("kept")
    first = parameter("x")
    second = parameter({"Ref": "First"})
    stack.create({"First": first, "Second": second, "Kept": parameter("x", Name=kept) | {"DeletionPolicy": "Retain"}})
    gone = stack.delete().expect("DELETE_COMPLETE")
    assert stored(account, kept) == "x"
    deleted = [logical_id for logical_id, status in gone.events() if status == "DELETE_COMPLETE"]
    assert deleted == ["Second", "First", stack.name]
    error = refused(stack.api.describe_stacks, StackName=stack.name)
    assert error["Message"] == f"Stack with id {stack.name} does not exist"
    stack.api.get_waiter("stack_delete_complete").wait(StackName=stack.name, WaiterConfig={"Delay": 1})


def test_a_bucket_that_is_not_empty_fails_the_deletion_until_it_is_skipped(
    account: Account, stack: StackUnderTest
) -> None:
    stack.create({"Bucket": {"Type": "AWS::S3::Bucket"}, "Other": parameter("x")})
    bucket = stack.physical("Bucket")
    account.client("s3").put_object(Bucket=bucket, Key="full", Body=b"x")
    failed = stack.delete().expect("DELETE_FAILED")
    assert "[Bucket]" in failed.describe()["StackStatusReason"]
    assert "BucketNotEmpty" in failed.failures()[0]
    stack.api.delete_stack(StackName=stack.name, RetainResources=["Bucket"])
    failed.settle().expect("DELETE_COMPLETE")
    assert account.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == 1


def test_termination_protection_holds(stack: StackUnderTest) -> None:
    stack.create({"A": parameter("x")}, EnableTerminationProtection=True)
    error = refused(stack.api.delete_stack, StackName=stack.name)
    assert error["Message"] == f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
    stack.api.update_termination_protection(StackName=stack.name, EnableTerminationProtection=False)
    stack.delete().expect("DELETE_COMPLETE")


# -- between stacks --------------------------------------------------------------------------------------


def test_an_export_in_use_can_neither_change_nor_go(account: Account, stack: StackUnderTest) -> None:
    user = StackUnderTest(account, f"{stack.name}-user")
    export = f"export-{stack.name}"
    outputs = {"Out": {"Value": {"Ref": "A"}, "Export": {"Name": export}}}
    stack.create({"A": parameter("x")}, Outputs=outputs)
    user.create({"B": parameter({"Fn::ImportValue": export})})
    assert stored(account, user.physical("B")) == stack.physical("A")
    assert stack.api.list_imports(ExportName=export)["Imports"] == [user.name]
    assert export in [entry["Name"] for entry in stack.api.list_exports()["Exports"]]

    stack.try_update({"A": parameter("y")}).expect("UPDATE_ROLLBACK_COMPLETE")
    assert stack.delete().expect("DELETE_FAILED").describe()["StackStatusReason"] == (
        f"Delete canceled. Cannot delete export {export} as it is in use by {user.name}."
    )
    user.delete().expect("DELETE_COMPLETE")
    stack.delete().expect("DELETE_COMPLETE")


# -- the API ---------------------------------------------------------------------------------------------


def test_a_change_set_is_planned_executed_once_and_then_gone(account: Account, stack: StackUnderTest) -> None:
    first = name("first")
    described = change_set(stack, {"First": parameter("one", Name=first)}, "CREATE")
    assert described["Status"] == "CREATE_COMPLETE"
    assert described["Changes"] == [
        {
            "Type": "Resource",
            "ResourceChange": {
                "Action": "Add",
                "LogicalResourceId": "First",
                "ResourceType": "AWS::SSM::Parameter",
                "Scope": [],
                "Details": [],
            },
        }
    ]
    assert stack.describe()["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert stored(account, first) is None
    stack.api.execute_change_set(StackName=stack.name, ChangeSetName="change")
    stack.settle().expect("CREATE_COMPLETE")
    assert stored(account, first) == "one"
    error = refused(stack.api.execute_change_set, StackName=stack.name, ChangeSetName="change")
    assert error["Code"] == "InvalidChangeSetStatus"
    stack.api.delete_change_set(StackName=stack.name, ChangeSetName="change")
    stack.api.delete_change_set(StackName=stack.name, ChangeSetName="change")
    error = refused(stack.api.describe_change_set, StackName=stack.name, ChangeSetName="change")
    assert (error["Code"], error["Message"]) == ("ChangeSetNotFound", "ChangeSet [change] does not exist")


def test_a_template_comes_from_the_accounts_own_s3_and_can_be_read_back(
    account: Account, stack: StackUnderTest
) -> None:
    bucket = f"templates-{uuid.uuid4().hex[:8]}"
    s3 = account.client("s3")
    s3.create_bucket(Bucket=bucket)
    text = "Resources:\n  A: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Sub '${AWS::StackName}'}}\n"
    s3.put_object(Bucket=bucket, Key="a/template.yaml", Body=text.encode())
    urls = (
        f"https://{bucket}.s3.us-east-1.amazonaws.com/a/template.yaml",
        f"https://s3.us-east-1.amazonaws.com/{bucket}/a/template.yaml",
        f"{account.endpoint}/{bucket}/a/template.yaml",
    )
    for url in urls:
        summary = stack.api.get_template_summary(TemplateURL=url)
        assert summary["ResourceTypes"] == ["AWS::SSM::Parameter"]
    stack.api.create_stack(StackName=stack.name, TemplateURL=urls[0])
    stack.settle().expect("CREATE_COMPLETE")
    assert stored(account, stack.physical("A")) == stack.name
    assert stack.api.get_template(StackName=stack.name, TemplateStage="Original")["TemplateBody"] == text
    error = refused(stack.api.validate_template, TemplateURL="https://example.com/template.yaml")
    assert "must be a supported URL of the local account's S3" in error["Message"]


def test_an_argument_that_would_have_no_effect_is_refused(stack: StackUnderTest) -> None:
    error = refused(stack.try_create, resources={"A": parameter("x")}, TimeoutInMinutes=5)
    assert error["Message"] == f"The local account does not support TimeoutInMinutes (given for stack {stack.name})."


def test_an_operation_that_is_not_there_says_so(account: Account) -> None:
    error = refused(account.client("cloudformation").list_stack_sets)
    assert error["Code"] == "InvalidAction"
    assert error["Message"] == "InvalidAction: the local account does not implement ListStackSets"


def test_what_is_only_recorded_is_told(account: Account, stack: StackUnderTest) -> None:
    stack.create(
        {
            "Metadata": {"Type": "AWS::CDK::Metadata", "Properties": {"Analytics": "v2"}},
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"AccessControl": "Private"}},
        }
    )
    with urllib.request.urlopen(f"{account.endpoint}/_batchyard/cloudformation/recorded") as answer:  # noqa: S310 - loopback
        told = {entry["stack"]: entry["resources"] for entry in json.load(answer)["stacks"]}
    assert told[stack.name] == [
        {
            "logicalId": "Metadata",
            "type": "AWS::CDK::Metadata",
            "wholeType": "the CDK's own usage note; it means nothing to an account",
            "properties": {"Analytics": "the CDK's own usage note; it means nothing to an account"},
        },
        {
            "logicalId": "Bucket",
            "type": "AWS::S3::Bucket",
            "wholeType": None,
            "properties": {"AccessControl": "the local account does not enforce object ACLs"},
        },
    ]
