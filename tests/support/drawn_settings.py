"""Values that the schema of deployment files allows, drawn at random: one by one, so most do not go together."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set
from functools import cache
from itertools import accumulate
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from batchyard.settings import allowed
from batchyard.settings.checks.several_containers import ONLY_WITH_SEVERAL
from batchyard.settings.container import Container
from tests.support.sayable import Schema, Settings, choices, inner, may_be_null, named
from tests.support.synthesis import ZONES

#: How many items a list or mapping has at most: what is so for three is so for more.
MOST_ITEMS = 3
#: How many of five fields a section has, besides those that are wanted.
OF_FIVE = 1
TEXTS_OF_A_PATTERN = 8

ECR_IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/tool:1"
LONG_NAME = "x" * 128

#: Names that other fields mention, and words that mean something to the checks: of any others nearly all are refused.
#: Of a mapping's keys the first is always there.
ENVIRONMENTS = ["spot", "on-demand", LONG_NAME]
UNMANAGED = ["nodes", "lab_1"]
QUEUES = ["default", "high", LONG_NAME]
DEFINITIONS = ["fetch-and-run", "tool", LONG_NAME]
CONTAINERS = ["main", "side", "prepare"]
RESOURCES = ["licence", "seat_2"]
IMAGES = [ECR_IMAGE, "debian:12", "public.ecr.aws/docker/library/debian:12", f"ghcr.io/a/b@sha256:{'0' * 64}"]
#: The zone that every network has: which others there are nobody knows before the account is asked.
ONE_ZONE = [ZONES[0]]
#: cfn-lint 1.58 knows no more IOPS than gp3 had until September 2025.
IOPS = [3000, 8000, 16_000]
#: What cfn-lint would take for a forgotten Fn::Sub is not here: `${AWS::Region}`, which jobs get as it stands.
ARGUMENTS = ["echo", "Ref::name", "Ref::in_put", "$HOME", "${HOME}", "'\"", "é\n\t", ""]
CHOSEN: Mapping[str, list[Any]] = {
    "compute_environments.[key]": ENVIRONMENTS,
    "unmanaged_environments.[key]": UNMANAGED,
    "newer_instance_types.[key]": ["m99i", "g99.xlarge"],
    "queues.[key]": QUEUES,
    "queues.*.compute_environments.*": [*ENVIRONMENTS, *UNMANAGED],
    "default_queue": QUEUES,
    "job_definitions.[key]": DEFINITIONS,
    "default_job_definition": DEFINITIONS,
    "job_definitions.*.containers.[key]": CONTAINERS,
    "job_definitions.*.containers.*.depends_on.[key]": CONTAINERS[::-1],
    "job_definitions.*.consumes.[key]": RESOURCES,
    "consumable_resources.[key]": RESOURCES,
    "job_definitions.*.parameters.[key]": ["name", "in_put"],
    "job_definitions.*.command.*": ARGUMENTS,
    "compute_environments.*.instance_types.*": ["c6id", "m6id.4xlarge", "m6i", "optimal", "m99i.large", "g6", "m7g"],
    "compute_environments.*.availability_zones.*": ONE_ZONE,
    "compute_environments.*.scale_down_delay_minutes": [0, 20, 10_080],
    "unmanaged_environments.*.instance_types.*": ["m6i.xlarge", "m5.xlarge", "m7g.large", "g5.xlarge"],
    "unmanaged_environments.*.availability_zones.*": ONE_ZONE,
    "disk.iops": IOPS,
    "compute_environments.*.disk.iops": IOPS,
    "network.cidr": ["10.0.0.0/16", "172.20.128.0/17", "192.168.7.0/24"],
    "network.endpoints.*": ["sts", "batch", "ecr.api", "secretsmanager", "kinesis-streams"],
    "image.uri": IMAGES,
    "image.base_image": IMAGES,
    "job_definitions.*.image": IMAGES,
    "job_definitions.*.containers.*.image": IMAGES,
}

#: Fields that exclude each other: a section has those of one group, and any that are in none.
ALTERNATIVES: Mapping[str, tuple[frozenset[str], ...]] = {
    "network": (frozenset({"type", "zones", "endpoints", "cidr"}), frozenset({"vpc_id", "subnet_ids"})),
    "image": (frozenset({"build", "base_image", "platforms"}), frozenset({"source", "uri"})),
    "ami": (frozenset({"id"}), frozenset({"ssm_parameter"}), frozenset({"build"})),
    "job_definitions.*": (frozenset(Container.model_fields), frozenset({"containers", *ONLY_WITH_SEVERAL})),
}

#: Fields that the checks ask for wherever their section is.
ASKED_FOR = frozenset(
    {
        "budget.monthly_usd",
        "budget.emails",
        "image.uri",
        "newer_instance_types",
        "job_definitions.*.efs.*.file_system_id",
        "job_definitions.*.containers",
        "job_definitions.*.containers.*.image",
        "job_definitions.*.containers.*.efs.*.file_system_id",
    }
)


class Draw:
    """Values that a schema allows."""

    def __init__(self, random: Random, wanted: Set[str]) -> None:
        self.random = random
        self.wanted = wanted
        #: The places of what is wanted, and of all that it stands in.
        self.ways = {"".join(parts) for each in wanted for parts in accumulate(re.split(r"(?=[.=])", each))}
        self.kinds: Mapping[str, Callable[[Schema, str], Any]] = {
            "object": self.object,
            "array": self.array,
            "integer": self.number,
            "number": self.number,
            "string": self.text,
        }

    def value(self, schema: Schema, place: str) -> Any:
        if may_be_null(schema) and self.random.random() < (0.6 if f"{place}=null" in self.wanted else 0.3):
            return None
        schema = allowed.resolved(schema)
        values = CHOSEN.get(place) or named(schema) or choices(schema)
        liked = [each for each in values if f"{place}={each}" in self.wanted]
        return self.random.choice(liked or values) if values else self.kinds[schema["type"]](schema, place)

    def object(self, schema: Schema, place: str) -> Settings:
        values = allowed.member(schema)
        if values is None:
            return self.section(schema["properties"], place)
        return {key: self.value(values, inner(place, "*")) for key in self.keys(schema, inner(place, "[key]"))}

    def section(self, fields: Mapping[str, Schema], place: str) -> Settings:
        groups = ALTERNATIVES.get(place, (frozenset(),))
        liked = [group for group in groups if any(inner(place, name) in self.ways for name in group)]
        left_out = frozenset[str]().union(*groups) - self.random.choice(liked or groups)
        always = ASKED_FOR | self.ways
        return {
            name: self.value(each, inner(place, name))
            for name, each in fields.items()
            if name not in left_out and (inner(place, name) in always or self.random.randrange(5) < OF_FIVE)
        }

    def keys(self, schema: Schema, place: str) -> list[str]:
        if place in CHOSEN:
            first, *others = CHOSEN[place]
            return [first, *(each for each in others if self.random.random() < 0.5)]
        names = schema.get("propertyNames", {})
        pattern = next(iter(schema.get("patternProperties", {})), None)
        count = self.random.randint(1, MOST_ITEMS)
        return list(
            dict.fromkeys(self.value({"type": "string", "pattern": pattern, **names}, "") for _ in range(count))
        )

    def array(self, schema: Schema, place: str) -> list[Any]:
        count = self.random.randint(schema.get("minItems", 0), MOST_ITEMS)
        drawn = (self.value(schema["items"], inner(place, "*")) for _ in range(count))
        return list(dict.fromkeys(drawn)) if schema["items"].get("type") == "string" else list(drawn)

    def number(self, schema: Schema, _place: str) -> int | float:
        # Large ones seldom go together.
        least, most = schema["minimum"], schema["maximum"]
        most = self.random.choice([least, min(most, least + 20), most])
        return self.random.randint(least, most) if schema["type"] == "integer" else self.random.uniform(least, most)

    def text(self, schema: Schema, place: str) -> str:
        texts = texts_of(schema.get("pattern"))
        fitting = [each for each in texts if schema.get("minLength", 0) <= len(each) <= schema.get("maxLength", 10**6)]
        assert fitting, f"no text that was drawn is as long as {place} wants it: put some into CHOSEN"
        return self.random.choice(fitting)


@cache
def texts_of(pattern: str | None) -> tuple[str, ...]:
    """Some texts that a pattern allows, or without one any; the same in every run."""
    found: list[str] = []
    # As people write it: other control characters are in no command and in no variable.
    anything = st.text(
        st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"], include_characters="\n\t"), max_size=10
    )

    @examples(
        max_examples=TEXTS_OF_A_PATTERN,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(anything if pattern is None else st.from_regex(pattern, fullmatch=True))
    def find(text: str) -> None:
        found.append(text)

    find()
    return tuple(found)
