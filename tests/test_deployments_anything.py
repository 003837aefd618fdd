"""Whatever settings the schema accepts make a template that cfn-lint has nothing against."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batchyard.settings.problems import DeploymentError
from batchyard.settings.validation import validated
from batchyard.settings.yaml_file import Document
from tests.support.linting import linted
from tests.support.synthesis import template

pytestmark = pytest.mark.slow

MOST = 8

# Names and texts as people write them, some of them refused: what is accepted is what is tried.
NAMES = st.sampled_from(["a", "large", "high-memory", "q1", "x" * 40, "default", "ends-in-1"])
ENVIRONMENTS = st.fixed_dictionaries(
    {"type": st.sampled_from(["SPOT", "EC2"])},
    optional={
        "max_vcpus": st.integers(1, 10_000),
        "min_vcpus": st.integers(0, 8),
        "instance_types": st.lists(st.sampled_from(["m6i", "c7i.4xlarge", "r6i", "m7g", "c7g.large"]), min_size=1),
    },
)
DEFINITIONS = st.fixed_dictionaries(
    {},
    optional={
        "vcpus": st.integers(1, 64),
        "memory_mib": st.integers(4, 200_000),
        "attempts": st.integers(1, 10),
        "timeout_seconds": st.integers(60, 10**6),
        "command": st.lists(st.text("ab é\"'$\\{}", max_size=10), min_size=1, max_size=3),
        "image": st.sampled_from(["debian:12", "public.ecr.aws/docker/library/debian:12"]),
    },
).map(lambda drawn: {"image": "debian:12", **drawn} if "command" in drawn else drawn)

BUDGETS = st.fixed_dictionaries(
    {"monthly_usd": st.sampled_from([0, 0.5, 500])},
    optional={
        "emails": st.lists(st.sampled_from(["a@example.com", "b.c+d@example.co.uk", "nobody"]), max_size=3),
        "sns_topic_arn": st.just("arn:aws:sns:us-east-1:123456789012:costs"),
        "actual_percent": st.lists(st.sampled_from([1, 80, 100, 1000]), max_size=4, unique=True),
    },
)
CONTAINERS = st.fixed_dictionaries(
    {"image": st.just("debian:12")},
    optional={
        "essential": st.booleans(),
        "depends_on": st.dictionaries(NAMES, st.sampled_from(["START", "SUCCESS"]), max_size=1),
        "vcpus": st.integers(1, 4),
        "scratch": st.none(),
    },
)
SEVERAL = st.fixed_dictionaries(
    {"containers": st.dictionaries(NAMES, CONTAINERS, min_size=1, max_size=3)},
    optional={"shared_folders": st.just(["/work"]), "pid_mode": st.just("task"), "attempts": st.integers(1, 10)},
)


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    environments = draw(st.dictionaries(NAMES, ENVIRONMENTS, min_size=1, max_size=4))
    queue = st.fixed_dictionaries(
        {
            "priority": st.integers(0, 1000),
            "compute_environments": st.lists(
                st.sampled_from(sorted(environments)), min_size=1, max_size=2, unique=True
            ),
        }
    )
    queues = draw(st.dictionaries(NAMES, queue, min_size=1, max_size=4))
    others = st.fixed_dictionaries(
        {},
        optional={
            "disk": st.fixed_dictionaries({"size_gib": st.integers(30, 16_384)}, optional={"iops": st.just(4000)}),
            "logs": st.fixed_dictionaries({"retention_days": st.sampled_from([1, 30, 365, 3653])}),
            "network": st.fixed_dictionaries({"type": st.sampled_from(["public", "private-endpoints", "private-nat"])}),
            "budget": BUDGETS,
            "tags": st.dictionaries(st.sampled_from(["team", "cost-centre", "a b"]), st.text("ab 1:/", max_size=9)),
        },
    )
    definitions = {"fetch-and-run": {}, **draw(st.dictionaries(NAMES, DEFINITIONS | SEVERAL, max_size=3))}
    return {
        "compute_environments": environments,
        "queues": queues,
        "default_queue": draw(st.sampled_from(sorted(queues))),
        "job_definitions": definitions,
        **draw(others),
    }


def test_what_is_accepted_synthesizes_and_is_clean_and_the_rest_is_refused_in_words() -> None:
    accepted: list[dict[str, Any]] = []

    # The same examples in every run: the gate does not fail by chance.
    @settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(files())
    def holds(value: dict[str, Any]) -> None:
        try:
            validated(Document(value, {}), "file")
        except DeploymentError:
            return
        # Templates take a second each: the first ones that are accepted are tried.
        if len(accepted) < MOST:
            accepted.append(value)
            assert linted(template(value)) == []

    holds()
    assert len(accepted) >= 3, "the examples are refused too often to say anything"
    definitions = [each for value in accepted for each in value["job_definitions"].values()]
    assert any("containers" in each for each in definitions), "no example has several containers"
