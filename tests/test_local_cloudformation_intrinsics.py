"""Intrinsic functions, parameters and templates: pure functions, no account."""

from __future__ import annotations

from typing import Any

import pytest

from batchyard.local.cloudformation.errors import CloudFormationError
from batchyard.local.cloudformation.graph import check_references, order, references
from batchyard.local.cloudformation.intrinsics import Pending, resolve
from batchyard.local.cloudformation.parameters import Parameter, settle
from batchyard.local.cloudformation.scope import Surroundings, TemplateScope, check_rules
from batchyard.local.cloudformation.template import parse

TEMPLATE = """
Parameters:
  Name: {Type: String}
Mappings:
  Sizes: {small: {cpus: 2, zones: [a, b]}}
Conditions:
  IsBob: !Equals [!Ref Name, bob]
  IsNotBob: !Not [!Condition IsBob]
  Both: !And [!Condition IsBob, !Condition IsNotBob]
  Either: !Or [!Condition IsBob, !Condition IsNotBob]
Resources:
  Made: {Type: AWS::S3::Bucket}
  Later: {Type: AWS::S3::Bucket}
  Never: {Type: AWS::S3::Bucket, Condition: IsNotBob}
"""


def scope(template: str = TEMPLATE, name: str = "bob") -> TemplateScope:
    around = Surroundings(
        region="eu-west-1",
        stack_name="mine",
        stack_id="arn:stack",
        imported=lambda export: f"imported {export}",
        zones=lambda region: [f"{region}a", f"{region}b"],
        dynamic=lambda service, key: f"{service}={key}",
    )
    parameters = {"Name": Parameter("Name", name, name), "List": Parameter("List", "x,y", ["x", "y"])}
    return TemplateScope(
        parse(template),
        parameters,
        around,
        lambda logical_id: Pending("?") if logical_id == "Later" else f"id of {logical_id}",
        lambda logical_id, key: Pending("?") if logical_id == "Later" else f"{key} of {logical_id}",
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Name"}, "bob"),
        ({"Ref": "AWS::Region"}, "eu-west-1"),
        ({"Ref": "AWS::AccountId"}, "123456789012"),
        ({"Ref": "Made"}, "id of Made"),
        ({"Fn::GetAtt": ["Made", "Arn"]}, "Arn of Made"),
        ({"Fn::GetAtt": "Made.A.B"}, "A.B of Made"),
        ({"Fn::Join": ["-", ["a", 1, True, {"Ref": "Name"}]]}, "a-1-true-bob"),
        ({"Fn::Join": [",", {"Ref": "List"}]}, "x,y"),
        ({"Fn::Sub": "${Name} ${Made.Arn} ${!Name} ${AWS::StackName}"}, "bob Arn of Made ${Name} mine"),
        ({"Fn::Sub": ["${a}${Name}", {"a": {"Ref": "Made"}}]}, "id of Madebob"),
        ({"Fn::Select": ["1", ["a", "b"]]}, "b"),
        ({"Fn::Select": [0, {"Fn::GetAZs": ""}]}, "eu-west-1a"),
        ({"Fn::Split": [":", "a:b"]}, ["a", "b"]),
        ({"Fn::If": ["IsBob", "yes", "no"]}, "yes"),
        ({"a": {"Fn::If": ["IsNotBob", 1, {"Ref": "AWS::NoValue"}]}, "b": 2}, {"b": 2}),
        (["a", {"Ref": "AWS::NoValue"}], ["a"]),
        ({"Fn::FindInMap": ["Sizes", "small", "cpus"]}, 2),
        ({"Fn::FindInMap": ["Sizes", "huge", "cpus", {"DefaultValue": 7}]}, 7),
        ({"Fn::Base64": "hello"}, "aGVsbG8="),
        ({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}, ["10.0.0.0/24", "10.0.1.0/24"]),
        ({"Fn::ImportValue": {"Fn::Sub": "x-${Name}"}}, "imported x-bob"),
        ("{{resolve:ssm:/a/b:3}} and more", "ssm=/a/b:3 and more"),
        ({"Fn::ToJsonString": {"a": [1, {"Ref": "Name"}]}}, '{"a":[1,"bob"]}'),
        (
            {"Statement": {"Condition": {"Bool": {"x": "false"}}}},
            {"Statement": {"Condition": {"Bool": {"x": "false"}}}},
        ),
    ],
)
def test_a_function_gives_what_cloudformation_gives(value: Any, expected: Any) -> None:
    assert resolve(value, scope()) == expected


@pytest.mark.parametrize(
    "value",
    [
        {"Ref": "Later"},
        {"Fn::Sub": "a ${Later}"},
        {"Fn::Join": ["", ["a", {"Fn::GetAtt": ["Later", "Arn"]}]]},
        {"Fn::Select": [0, {"Fn::Split": [":", {"Ref": "Later"}]}]},
    ],
)
def test_what_is_made_of_an_unknown_value_is_unknown(value: Any) -> None:
    assert isinstance(resolve(value, scope()), Pending)


@pytest.mark.parametrize(
    ("name", "expected"), [("IsBob", True), ("IsNotBob", False), ("Both", False), ("Either", True)]
)
def test_conditions(name: str, expected: bool) -> None:
    assert scope().condition(name) is expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"Ref": "Nobody"}, "Unresolved resource dependencies [Nobody]"),
        ({"Ref": "Never"}, "Unresolved resource dependencies [Never]"),
        ({"Fn::GetAtt": ["Nobody", "Arn"]}, "references undefined resource Nobody"),
        ({"Fn::Select": ["2", ["a", "b"]]}, "Fn::Select cannot select nonexistent value at index 2"),
        ({"Fn::Select": ["x", ["a", "b"]]}, "Fn::Select cannot take"),
        ({"Fn::FindInMap": ["Sizes", "huge", "cpus"]}, "Unable to get mapping for Sizes::huge::cpus"),
        ({"Fn::If": ["Nothing", 1, 2]}, "Unresolved condition dependency Nothing"),
        ({"Fn::Transform": {}}, "does not know the function Fn::Transform"),
    ],
)
def test_a_wrong_use_is_told_in_cloudformations_words(value: Any, message: str) -> None:
    with pytest.raises(CloudFormationError) as caught:
        resolve(value, scope())
    assert caught.value.code == "ValidationError"
    assert message in caught.value.message


def test_yaml_short_forms_and_dates() -> None:
    parsed = parse("Resources: {A: {Type: T, Properties: {V: 2012-10-17, G: !GetAtt B.Arn.X, S: !Sub '${A}'}}}")
    assert parsed.resources["A"].properties == {
        "V": "2012-10-17",
        "G": {"Fn::GetAtt": ["B", "Arn.X"]},
        "S": {"Fn::Sub": "${A}"},
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "At least one Resources member must be defined."),
        ("{Resources: {}", "JSON not well-formed"),
        ("Resources: [", "YAML not well-formed"),
        ("Resources: {A: {}}", "[/Resources/A] Every Resources object must contain a Type member."),
        ("Resources: {A-b: {Type: T}}", "Resource name A-b is non alphanumeric."),
        ("{Resources: {A: {Type: T, Propertys: 1}}}", "Invalid template resource property 'Propertys'"),
        ("Resource: {}", "Invalid template property or properties [Resource]"),
        ("{Transform: AWS::Serverless-2016-10-31, Resources: {A: {Type: T}}}", "runs no transforms"),
        ("Resources: {A: {Type: T, DeletionPolicy: Keep}}", "Unrecognized DeletionPolicy Keep"),
        ("Resources: {A: {Type: T, UpdatePolicy: {}}}", "does not support the UpdatePolicy of resource A"),
    ],
)
def test_a_malformed_template_is_refused(text: str, message: str) -> None:
    with pytest.raises(CloudFormationError) as caught:
        parse(text)
    assert message in caught.value.message


def test_references_count_only_in_the_branch_that_is_taken() -> None:
    value = {"a": {"Fn::If": ["IsBob", {"Ref": "Yes"}, {"Ref": "No"}]}, "b": {"Fn::Sub": ["${x} ${Y.Arn}", {"x": 1}]}}
    assert set(references(value)) == {"Yes", "No", "Y"}
    assert set(references(value, lambda _name: True)) == {"Yes", "Y"}


def test_order_puts_what_is_needed_first_and_keeps_the_rest() -> None:
    assert order({"c": ["a"], "b": [], "a": ["b"]}) == ["b", "a", "c"]


def test_a_circle_is_named_without_what_merely_waits_for_it() -> None:
    with pytest.raises(CloudFormationError, match=r"Circular dependency between resources: \[a, b\]"):
        order({"a": ["b"], "b": ["a"], "c": ["a"], "d": []})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("Resources: {A: {Type: T, Properties: {X: !Ref Nobody}}}", "[Nobody] in the Resources block"),
        ("Resources: {A: {Type: T, DependsOn: Nobody}}", "[Nobody] in the Resources block"),
        ("{Resources: {A: {Type: T}}, Outputs: {O: {Value: !Ref Nobody}}}", "[Nobody] in the Outputs block"),
    ],
)
def test_a_reference_to_nothing_is_refused(body: str, message: str) -> None:
    with pytest.raises(CloudFormationError) as caught:
        check_references(parse(body))
    assert message in caught.value.message


# -- parameters ------------------------------------------------------------------------------------------


def given(**values: str) -> list[dict[str, Any]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def test_parameters_take_given_kept_default_and_stored_values() -> None:
    declarations = {
        "Given": {"Type": "String"},
        "Kept": {"Type": "Number"},
        "Default": {"Type": "CommaDelimitedList", "Default": "a, b"},
        "Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/path"},
        "Secret": {"Type": "String", "NoEcho": True, "Default": "hush"},
    }
    previous = {"Kept": Parameter("Kept", "5", "5")}
    asked = [*given(Given="x"), {"ParameterKey": "Kept", "UsePreviousValue": True}]
    settled = settle(declarations, asked, previous, lambda name: f"value of {name}")
    assert {key: parameter.value for key, parameter in settled.items()} == {
        "Given": "x",
        "Kept": "5",
        "Default": ["a", "b"],
        "Stored": "value of /path",
        "Secret": "hush",
    }
    assert settled["Stored"].described() == {
        "ParameterKey": "Stored",
        "ParameterValue": "/path",
        "ResolvedValue": "value of /path",
    }
    assert settled["Secret"].described()["ParameterValue"] == "****"


@pytest.mark.parametrize(
    ("declaration", "asked", "message"),
    [
        ({"Type": "String"}, {}, "Parameters: [P] must have values"),
        ({"Type": "String"}, {"P": "x", "Q": "y"}, "Parameters: [Q] do not exist in the template"),
        ({"Type": "String", "AllowedValues": ["a", "b"]}, {"P": "c"}, "must be one of AllowedValues [a, b]"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, {"P": "A"}, "must match pattern [a-z]+"),
        (
            {"Type": "String", "AllowedPattern": "[a-z]+", "ConstraintDescription": "lower case, please"},
            {"P": "A"},
            "Parameter P failed to satisfy constraint: lower case, please",
        ),
        ({"Type": "Number"}, {"P": "many"}, "must be a number"),
        ({"Type": "Number", "MinValue": 3}, {"P": "2"}, "must be a number not less than 3"),
        ({"Type": "Strin"}, {"P": "2"}, "Unrecognized parameter type: Strin"),
    ],
)
def test_a_wrong_parameter_is_refused(declaration: dict[str, Any], asked: dict[str, str], message: str) -> None:
    with pytest.raises(CloudFormationError) as caught:
        settle({"P": declaration}, given(**asked), {}, lambda name: name)
    assert message in caught.value.message


def test_a_rule_that_does_not_hold_is_told_with_its_description() -> None:
    rules = """
Rules:
  Known:
    Assertions:
      - Assert: !Not [!Contains [[alice, bob], !Ref Name]]
        AssertDescription: nobody we know
"""
    check_rules(scope(TEMPLATE + rules, name="carol"))
    with pytest.raises(CloudFormationError, match="nobody we know"):
        check_rules(scope(TEMPLATE + rules, name="bob"))
