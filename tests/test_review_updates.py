"""Updates that land: what CloudFormation does to each resource when a user changes a deployment."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Any

import pytest
from constructs.tagging import REPLACED_BY_TAGS

from batchyard.local.cloudformation.resources.registry import resource_type
from batchyard.review.effects import STATEFUL, Change, Effect, effects
from batchyard.review.specification import has_property, replacement
from scripts import updates_table
from tests.support.synthesis import default_template
from tests.support.updates import UPDATES, changes
from tests.support.updates.update import Update


def wanted(update: Update, change: Change) -> Effect | None:
    """What the table says of a resource: by its own name, else by the longest pattern."""
    patterns = [each for each in update.expected if fnmatchcase(change.name, each)]
    return update.expected[max(patterns, key=len)] if patterns else None


@pytest.mark.parametrize("update", UPDATES, ids=[re.sub(r"\W+", "-", each.title) for each in UPDATES])
def test_an_update_does_what_the_table_says_and_nothing_else(update: Update) -> None:
    found = changes(update)
    assert {each.name: each.effect for each in found} == {each.name: wanted(update, each) for each in found}
    missing = [each for each in update.expected if not any(fnmatchcase(change.name, each) for change in found)]
    assert missing == []
    assert [
        each for each in found if each.kind in STATEFUL and each.effect not in (Effect.IN_PLACE, Effect.ADDED)
    ] == []
    batch = [each for each in found if each.kind.startswith("AWS::Batch::")]
    assert [each for each in batch if each.effect in (Effect.REPLACED, Effect.MAY_BE_REPLACED)] == []


def test_the_table_in_the_documentation_is_current() -> None:
    page = updates_table.PART.page.read_text()
    # Not as a process: the templates of all rows are made already.
    assert updates_table.PART.remade(page) == page, "run scripts/updates_table.py"


def test_tags_are_kept_off_every_type_that_they_would_replace() -> None:
    kinds = {each["Type"] for each in default_template()["Resources"].values()} | set(REPLACED_BY_TAGS)
    replaced = {kind for kind in kinds if has_property(kind, "Tags") and replacement(kind, "Tags") != "no"}
    assert replaced == set(REPLACED_BY_TAGS)


def test_the_local_account_replaces_what_the_specification_says() -> None:
    """Two tables made by different hands: for each property that the platform uses they agree, but for one."""
    used = {
        (each["Type"], name) for each in default_template()["Resources"].values() for name in each.get("Properties", {})
    }
    assert len(used) > 50
    local = {(kind, name): resource_type(kind).properties[name].replaces for kind, name in used}
    specified = {(kind, name): replacement(kind, name) != "no" for kind, name in used}
    # The resource reference has said both; the engine moves an association in place, as EC2 itself can.
    assert {key for key in used if local[key] != specified[key]} == {
        ("AWS::EC2::SubnetRouteTableAssociation", "RouteTableId")
    }


# The comparison itself, on small templates.


def stack(**resources: dict[str, Any]) -> dict[str, Any]:
    return {"Resources": resources}


VPC = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}
OTHER_VPC = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.1.0.0/16"}}


def subnet(vpc: Any) -> dict[str, Any]:
    return {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": vpc, "CidrBlock": "10.0.0.0/24"}}


@pytest.mark.parametrize("reference", [{"Ref": "Vpc"}, {"Fn::GetAtt": ["Vpc", "VpcId"]}, {"Fn::Sub": "${Vpc}"}])
def test_what_names_a_replaced_resource_changes_with_it(reference: Any) -> None:
    found = effects(stack(Vpc=VPC, Subnet=subnet(reference)), stack(Vpc=OTHER_VPC, Subnet=subnet(reference)))
    assert [(each.logical_id, each.effect, each.replacing) for each in found] == [
        ("Vpc", Effect.REPLACED, ("CidrBlock",)),
        ("Subnet", Effect.REPLACED, ("VpcId",)),
    ]


def environment(*, replace: bool | None, size: str = "m6i", most: int = 8) -> dict[str, Any]:
    switch = {} if replace is None else {"ReplaceComputeEnvironment": replace}
    compute = {"InstanceTypes": [size], "MaxvCpus": most}
    return {"Type": "AWS::Batch::ComputeEnvironment", "Properties": {**switch, "ComputeResources": compute}}


@pytest.mark.parametrize(
    ("replace", "change", "effect"),
    [
        (False, {"size": "m7i"}, Effect.IN_PLACE),
        (True, {"size": "m7i"}, Effect.REPLACED),
        (None, {"size": "m7i"}, Effect.REPLACED),
        (None, {"most": 16}, Effect.IN_PLACE),
    ],
)
def test_an_environment_is_replaced_unless_it_says_otherwise(
    replace: bool | None, change: dict[str, Any], effect: Effect
) -> None:
    before = stack(Spot=environment(replace=replace))
    (found,) = effects(before, stack(Spot=environment(replace=replace, **change)))
    assert found.effect is effect


def test_what_is_retained_leaves_the_stack_only() -> None:
    bucket = {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"}
    found = effects(stack(Kept=bucket, Vpc=VPC), stack())
    assert {each.logical_id: each.effect for each in found} == {"Kept": Effect.KEPT, "Vpc": Effect.REMOVED}


def test_a_change_of_type_is_refused_and_an_unknown_type_may_be_replaced() -> None:
    (found,) = effects(stack(Thing=VPC), stack(Thing={"Type": "AWS::S3::Bucket"}))
    assert found.effect is Effect.REFUSED
    custom = {"Type": "Company::Own::Thing", "Properties": {"Size": 1}}
    (found,) = effects(stack(Thing=custom), stack(Thing={**custom, "Properties": {"Size": 2}}))
    assert found.effect is Effect.MAY_BE_REPLACED


def test_every_update_of_the_table_is_told_apart() -> None:
    assert len({re.sub(r"\W", "", each.title) for each in UPDATES}) == len(UPDATES)
