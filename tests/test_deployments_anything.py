"""Whatever settings the schema accepts make templates that cfn-lint has nothing against, without a warning."""

from __future__ import annotations

import json
import re
from functools import cache

import pytest

from tests.support.any_deployment import accepted, few_that_say_all, smaller
from tests.support.linting import linted
from tests.support.permissions import permission_faults
from tests.support.sayable import Settings, said, sayable
from tests.support.synthesis import templates

pytestmark = pytest.mark.slow

#: A file takes more than a second.
MOST = 15

#: The CDK's stand-ins for an existing VPC, which nobody has looked up, and for its subnets.
NOT_LOOKED_UP = re.compile("'(vpc-12345|p-12345|p-67890)'")


@cache
def tried() -> list[Settings]:
    """The same files in every run, unless the schema changes: the gate does not fail by chance."""
    return few_that_say_all(sayable(), most=MOST)


def faults(settings: Settings) -> list[str]:
    """What is wrong with the templates of a deployment: what cfn-lint says, and permissions that are too wide."""
    try:
        made = templates(settings).values()
    except Exception as error:  # noqa: BLE001 - whatever it is, these settings were accepted
        return [f"{type(error).__name__}: {error}"]
    found = [fault for each in made for fault in (*linted(each), *permission_faults(each))]
    return [fault for fault in found if not NOT_LOOKED_UP.search(fault)]


def test_every_field_and_every_choice_of_the_schema_is_tried() -> None:
    assert sayable() - set().union(*map(said, tried())) == set()


def test_what_is_accepted_synthesizes_and_is_clean(capfd: pytest.CaptureFixture[str]) -> None:
    for settings in tried():
        found = faults(settings)
        if found:
            pytest.fail("\n".join([*found, "", told(settings, found[0])]), pytrace=False)
    assert capfd.readouterr().err == "", "the CDK warns of something"


def told(settings: Settings, fault: str) -> str:
    smallest = smaller(settings, lambda less: fault in faults(less))
    return f"The smallest settings with the first:\n{json.dumps(smallest, indent=1, ensure_ascii=False)}"


def test_settings_that_fail_are_shown_without_what_they_do_not_fail_for() -> None:
    settings = next(each for each in tried() if "budget" in each and len(each) > 5)
    smallest = smaller(settings, lambda less: "budget" in less)
    assert list(smallest) == ["budget"]
    assert accepted(smallest)
