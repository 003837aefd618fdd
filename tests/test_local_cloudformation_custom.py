"""Custom resources: functions that really run make, change and delete them; proven by what they do to the account."""

from __future__ import annotations

import json
import textwrap
import urllib.error
import urllib.request
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.local_account import Account, StackUnderTest

pytest_plugins = ["tests.support.local_account_fixtures"]

#: Keeps a parameter of the Parameter Store as the resource wants it, and tells in another one what it was asked.
PROVIDER = """
import json, os, boto3, cfnresponse

def handler(event, context):
    ssm = boto3.client("ssm")
    properties = event["ResourceProperties"]
    trace = os.environ["TRACE"]
    old = ssm.get_parameters(Names=[trace])["Parameters"]
    told = json.loads(old[0]["Value"]) if old else []
    told.append([event["RequestType"], event.get("PhysicalResourceId"), properties.get("Name")])
    ssm.put_parameter(Name=trace, Type="String", Overwrite=True, Value=json.dumps(told))
    if event["RequestType"] == "Delete":
        ssm.delete_parameter(Name=event["PhysicalResourceId"])
        return cfnresponse.send(event, context, cfnresponse.SUCCESS, {}, event["PhysicalResourceId"])
    if "Refuse" in properties:
        return cfnresponse.send(event, context, cfnresponse.FAILED, {}, properties["Name"], reason=properties["Refuse"])
    ssm.put_parameter(Name=properties["Name"], Type="String", Overwrite=True, Value=properties["Value"])
    data = {"Seen": json.dumps(properties, sort_keys=True), "Region": os.environ["AWS_REGION"], "Nested.Key": "n"}
    cfnresponse.send(event, context, cfnresponse.SUCCESS, data, properties["Name"])
"""


def function(code: str, **more: Any) -> dict[str, Any]:
    """A function of inline code and the role it needs, as resources of a template."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    properties = {
        "Code": {"ZipFile": textwrap.dedent(code)},
        "Handler": "index.handler",
        "Runtime": "python3.13",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        **more,
    }
    return {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}},
        "Function": {"Type": "AWS::Lambda::Function", "Properties": properties},
    }


def custom(kind: str = "Custom::Thing", **properties: Any) -> dict[str, Any]:
    token = {"Fn::GetAtt": ["Function", "Arn"]}
    return {"Type": kind, "Properties": {"ServiceToken": token, **properties}}


def stored(account: Account, name: str) -> str | None:
    found = account.client("ssm").get_parameters(Names=[name])["Parameters"]
    return found[0]["Value"] if found else None


def some_name() -> str:
    return f"/custom/{uuid.uuid4().hex}"


def broken(*needs: str) -> dict[str, Any]:
    """A resource that no service takes: its VPC does not exist."""
    return {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": "vpc-00000000"}, "DependsOn": list(needs)}


def test_a_function_makes_changes_replaces_and_deletes_a_resource(account: Account, stack: StackUnderTest) -> None:
    first, second, trace = some_name(), some_name(), some_name()
    provider = function(PROVIDER, Environment={"Variables": {"TRACE": trace}}, Timeout=30)

    def told() -> Any:
        return json.loads(stored(account, trace) or "[]")

    outputs = {
        "Id": {"Value": {"Ref": "Thing"}},
        "Seen": {"Value": {"Fn::GetAtt": ["Thing", "Seen"]}},
        "Region": {"Value": {"Fn::Sub": "${Thing.Region} ${Thing.Nested.Key}"}},
    }
    thing = custom(Name=first, Value="one", Count=3, Flag=True, Deep=[{"Number": 1.5}])
    stack.create({**provider, "Thing": thing}, Outputs=outputs)
    assert stored(account, first) == "one"
    assert stack.physical("Thing") == first
    assert stack.outputs()["Id"] == first
    assert stack.outputs()["Region"] == "us-east-1 n"
    seen = json.loads(stack.outputs()["Seen"])
    assert (seen["Count"], seen["Flag"], seen["Deep"]) == ("3", "true", [{"Number": "1.5"}])

    stack.update({**provider, "Thing": custom(Name=first, Value="two")}, Outputs=outputs)
    assert stored(account, first) == "two"

    stack.update({**provider, "Thing": custom(Name=second, Value="two")}, Outputs=outputs)
    assert (stored(account, first), stored(account, second)) == (None, "two")
    assert stack.outputs()["Id"] == second

    stack.delete().expect("DELETE_COMPLETE")
    assert stored(account, second) is None
    assert told() == [
        ["Create", None, first],
        ["Update", first, first],
        ["Update", first, second],
        ["Delete", first, first],
        ["Delete", second, second],
    ]


def test_a_failed_update_is_taken_back_by_the_function(account: Account, stack: StackUnderTest) -> None:
    first, second, trace = some_name(), some_name(), some_name()
    provider = function(PROVIDER, Environment={"Variables": {"TRACE": trace}}, Timeout=30)
    stack.create({**provider, "Thing": custom(Name=first, Value="one")})
    stack.try_update({**provider, "Thing": custom(Name=second, Value="two"), "Broken": broken("Thing")})
    stack.expect("UPDATE_ROLLBACK_COMPLETE")
    assert (stored(account, first), stored(account, second)) == ("one", None)
    assert stack.physical("Thing") == first
    assert json.loads(stored(account, trace) or "")[1:] == [
        ["Update", first, second],
        ["Update", second, first],
        ["Delete", second, second],
    ]


def test_what_the_function_refuses_fails_the_resource_in_its_words(account: Account, stack: StackUnderTest) -> None:
    name, trace = some_name(), some_name()
    account.client("ssm").put_parameter(Name=name, Type="String", Value="left over")
    provider = function(PROVIDER, Environment={"Variables": {"TRACE": trace}}, Timeout=30)
    stack.try_create({**provider, "Thing": custom(Name=name, Refuse="no such luck")}).expect("ROLLBACK_COMPLETE")
    [failure] = [line for line in stack.failures() if line.startswith("Thing")]
    assert "Received response status [FAILED] from custom resource. Message returned: no such luck" in failure
    # The rollback asks it to delete what it said it had made.
    assert stored(account, name) is None


@pytest.mark.parametrize(
    ("code", "more", "reason"),
    [
        pytest.param(
            "def handler(event, context):\n    print('I was here')\n    raise ValueError('not today')",
            {},
            ["ValueError: not today", "I was here"],
            id="raises",
        ),
        pytest.param(
            "import os\ndef handler(event, context):\n    os._exit(3)",
            {},
            ["Runtime.ExitError", "exit status 3"],
            id="dies",
        ),
        pytest.param(
            "import subprocess\ndef handler(event, context):\n    subprocess.run(['sleep', '60'])",
            {"Timeout": 1},
            ["Sandbox.Timedout", "Task timed out after 1.00 seconds"],
            id="takes-too-long",
        ),
        pytest.param("import nothing_of_this_name", {}, ["Unable to import module 'index'"], id="cannot-be-imported"),
        pytest.param("other = 1", {}, ["Handler 'handler' missing on module 'index'"], id="has-no-handler"),
        pytest.param("x", {"Runtime": "nodejs24.x"}, ["functions of Python only", "nodejs24.x"], id="is-no-python"),
    ],
)
def test_a_function_that_fails_before_it_answers_fails_the_resource_at_once(
    stack: StackUnderTest, code: str, more: dict[str, Any], reason: list[str]
) -> None:
    stack.try_create({**function(code, **more), "Thing": custom("AWS::CloudFormation::CustomResource")})
    # AWS, too, asks such a function to delete what it may have made, and leaves the stack when it fails again.
    stack.expect("ROLLBACK_FAILED")
    failure = next(line for line in stack.failures() if line.startswith("Thing CREATE_FAILED"))
    assert [part for part in reason if part not in failure] == []


def test_an_answer_is_awaited_as_long_as_the_template_says(stack: StackUnderTest) -> None:
    silent = function("def handler(event, context):\n    pass")
    stack.try_create({**silent, "Thing": custom(ServiceTimeout=1)})
    failure = next(line for line in stack.failures() if line.startswith("Thing CREATE_FAILED"))
    assert "did not receive a response from your Custom Resource within 1 seconds" in failure


def test_answers_that_are_no_answers(stack: StackUnderTest) -> None:
    """The function sends what its resource says."""
    code = """
    import json, urllib.error, urllib.request

    def handler(event, context):
        own = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
        said = json.loads(event["ResourceProperties"]["Say"])
        answer = {**own, "Status": "SUCCESS", "PhysicalResourceId": "x", **said}
        size = int(event["ResourceProperties"].get("Fill", 0))
        answer |= {"Fill": "x" * size, "Data": answer.get("Data", {"Url": event["ResponseURL"]})}
        body = json.dumps(answer).encode()
        urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], data=body, method="PUT"))
    """
    cases: dict[str, tuple[dict[str, Any], str]] = {
        "Status": ({"Say": '{"Status": "MAYBE"}'}, "Status must be SUCCESS or FAILED, got 'MAYBE'"),
        "Identity": ({"Say": '{"RequestId": "other"}'}, "RequestId must be the request's"),
        "Nameless": ({"Say": '{"PhysicalResourceId": ""}'}, "Invalid PhysicalResourceId"),
        "Data": ({"Say": '{"Data": [1]}'}, "Data must be an object"),
        "Long": ({"Say": "{}", "Fill": 5000}, "Response object is too long"),
    }
    for logical_id, (properties, reason) in cases.items():
        one = StackUnderTest(stack.account, f"{stack.name}-{logical_id}")
        one.try_create({**function(code), logical_id: custom(**properties)})
        assert reason in next(line for line in one.failures() if line.startswith(logical_id)), one.failures()
    # One answer is taken, and only by PUT.
    stack.create({**function(code), "Thing": custom(Say="{}")}, Outputs={"Url": {"Value": {"Fn::GetAtt": "Thing.Url"}}})
    url = stack.outputs()["Url"]
    assert url.startswith(stack.account.endpoint)
    for method, status in (("PUT", 403), ("GET", 405)):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(urllib.request.Request(url, data=b"{}", method=method))  # noqa: S310 - loopback
        assert caught.value.code == status


def test_a_service_token_is_a_function_and_stays(stack: StackUnderTest) -> None:
    topic = {"Type": "Custom::Thing", "Properties": {"ServiceToken": "arn:aws:sns:us-east-1:123456789012:topic"}}
    stack.try_create({"Thing": topic})
    assert "asks Lambda functions only" in stack.failures()[0]
    other = StackUnderTest(stack.account, f"{stack.name}-other")
    missing = "arn:aws:lambda:us-east-1:123456789012:function:missing"
    other.try_create({"Thing": {"Type": "Custom::Thing", "Properties": {"ServiceToken": missing}}})
    assert "Function not found" in other.failures()[0]


def test_a_function_is_described_invoked_and_changed(account: Account, stack: StackUnderTest) -> None:
    client = account.client("lambda")

    def resources(word: str, **more: Any) -> dict[str, Any]:
        answer = f"[{word!r}, event, os.environ.get('A'), context.function_name]"
        code = f"import os\ndef handler(event, context):\n    print('in', context.log_group_name)\n    return {answer}"
        return function(code, Tags=[{"Key": "team", "Value": word}], Description=word, **more)

    def invoked(event: Any) -> Any:
        return json.load(client.invoke(FunctionName=name, Payload=json.dumps(event))["Payload"])

    permission = {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Ref": "Function"},
            "Principal": "events.amazonaws.com",
        },
    }
    logs = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 1}}
    first = resources(
        "one",
        Environment={"Variables": {"A": "1"}},
        LoggingConfig={"LogGroup": {"Ref": "Logs"}},
        MemorySize=256,
        Timeout=7,
    )
    stack.create(
        {**first, "Logs": logs, "Permission": permission},
        Outputs={"Arn": {"Value": {"Fn::GetAtt": ["Function", "Arn"]}}},
    )
    name = stack.physical("Function")
    described = client.get_function_configuration(FunctionName=name)
    assert described["FunctionArn"] == stack.outputs()["Arn"]
    assert (described["MemorySize"], described["Timeout"], described["Runtime"]) == (256, 7, "python3.13")
    assert invoked({"a": 1}) == ["one", {"a": 1}, "1", name]
    group = stack.physical("Logs")
    messages = [event["message"] for event in account.client("logs").filter_log_events(logGroupName=group)["events"]]
    assert messages[1] == f"in {group}"
    [statement] = json.loads(client.get_policy(FunctionName=name)["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}

    stack.update({**resources("two", LoggingConfig={"LogGroup": {"Ref": "Logs"}}), "Logs": logs})
    assert stack.physical("Function") == name
    described = client.get_function_configuration(FunctionName=name)
    assert (described["MemorySize"], described["Timeout"], described["Description"]) == (128, 3, "two")
    assert client.list_tags(Resource=described["FunctionArn"])["Tags"] == {"team": "two"}
    assert invoked(None) == ["two", None, None, name]

    stack.delete().expect("DELETE_COMPLETE")
    with pytest.raises(ClientError, match="Function not found"):
        client.get_function(FunctionName=name)
