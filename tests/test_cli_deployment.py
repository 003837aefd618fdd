"""`batchyard deployment check` as a process: for people and, with --json, for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from batchyard.toolchain import DEPLOYMENTS
from tests.support.command import Command

#: One instance of each environment: the most is easy to reckon.
SMALL = """\
compute_environments:
  spot: {type: SPOT, max_vcpus: 2, instance_types: [m6i.large], bid_percentage: 50}
  own: {max_vcpus: 96, instance_types: [hpc7a.12xlarge]}
queues: {default: {compute_environments: [spot, own]}}
"""
BUDGET = "budget: {monthly_usd: 73, emails: [me@example.com]}\n"
#: An m6i.large for half its price, with its disk of 200 GiB and its address.
M6I_LARGE = 0.048 + 200 * 0.08 / 730 + 0.005

WRONG = """\
disk:
  size_gib: 3.5
budget:
  emails: [me@example.com]
  monthly: 5
"""


def checked(folder: Path, text: str, *options: str) -> tuple[int, dict[str, Any]]:
    """The exit code, and what was said to a program; nothing else was."""
    file = folder / "mine.yaml"
    file.write_text(text)
    done = Command(folder)("deployment", "check", file, "--json", *options)
    assert done.err == ""
    said: dict[str, Any] = json.loads(done.out)
    assert (said["deployment"], said["file"]) == ("mine", str(file))
    return done.code, said


def test_a_program_reads_the_most_of_each_environment_and_of_all(tmp_path: Path) -> None:
    code, said = checked(tmp_path, SMALL + BUDGET)
    assert (code, said["problems"]) == (0, [])
    most = said["most"]
    spot, own = most["environments"]
    assert spot == {
        "name": "spot",
        "limit": "2 vCPUs",
        "usdPerHour": pytest.approx(M6I_LARGE, abs=1e-4),
        "dearestInstanceType": "m6i.large",
        "oneInstanceMoreUsdPerHour": pytest.approx(M6I_LARGE, abs=1e-4),
        "instanceTypesWithoutPrice": [],
    }
    assert (own["usdPerHour"], own["instanceTypesWithoutPrice"]) == (None, ["hpc7a.12xlarge"])
    assert (most["usdPerHour"], most["allPricesKnown"]) == (spot["usdPerHour"], False)
    assert (most["pricesOfRegion"], most["pricesReadOn"][:4]) == ("us-east-1", "2026")
    assert said["budget"] == {"monthlyUsd": 73, "hoursToSpend": pytest.approx(73 / M6I_LARGE, abs=1e-3)}


def test_a_program_reads_what_is_wrong_and_the_exit_code_is_2(tmp_path: Path) -> None:
    code, said = checked(tmp_path, WRONG)
    assert (code, said["most"], said["budget"]) == (2, None, None)
    assert [(each["path"], each["line"]) for each in said["problems"]] == [
        ("disk.size_gib", 2),
        ("budget.monthly_usd", 3),
        ("budget.monthly", 5),
    ]
    assert said["problems"][0] == {
        "path": "disk.size_gib",
        "line": 2,
        "message": "the value is not allowed",
        "given": "3.5",
        "allowed": "a whole number from 30 to 65,536",
    }
    assert "did you mean monthly_usd?" in said["problems"][2]["message"]


def test_a_program_reads_that_there_is_no_such_deployment(tmp_path: Path) -> None:
    done = Command(tmp_path)("deployment", "check", "nowhere", "--json")
    assert (done.code, done.err) == (2, "")
    said = json.loads(done.out)
    assert (said["deployment"], said["file"], said["most"]) == ("nowhere", None, None)
    (problem,) = said["problems"]
    assert "there is no deployment 'nowhere'" in problem["message"]
    assert (problem["path"], problem["line"]) == (None, None)


def test_people_are_told_how_fast_the_budget_can_be_spent_and_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(SMALL + BUDGET)
    done = Command(tmp_path)("deployment", "check", "mine.yaml")
    assert (done.code, done.err) == (0, "")
    budget, note = done.out.splitlines()[-2:]
    assert budget == (
        f"its budget is 73.00 USD a month: at its largest the deployment spends it in {73 / M6I_LARGE:,.1f} hours"
    )
    assert "batchyard:deployment is activated as a cost allocation tag" in note


def test_without_a_budget_nothing_is_said_of_one(tmp_path: Path) -> None:
    done = Command(tmp_path)("deployment", "check", DEPLOYMENTS / "default.yaml")
    assert done.code == 0
    assert "budget" not in done.out
