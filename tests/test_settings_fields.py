"""What each field of a deployment file allows, and what the error says about anything else."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from batchyard.settings.deployment import Deployment
from batchyard.settings.problems import DeploymentFileError, Problem
from batchyard.settings.section import Section
from batchyard.settings.validation import validated
from batchyard.settings.yaml_file import Document


def problems(settings: Any) -> list[Problem]:
    try:
        validated(Document(settings, {}), "file.yaml")
    except DeploymentFileError as error:
        return list(error.problems)
    return []


def nested(path: str, value: Any) -> dict[str, Any]:
    """A mapping in which `value` stands at the dotted path."""
    for part in reversed(path.split(".")):
        value = {part: value}
    settings: dict[str, Any] = value
    return settings


ONE_ENVIRONMENT = "compute_environments.spot"
QUEUE = "queues.default"
DEFINITION = "job_definitions.fetch-and-run"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:database-Ab12Cd"

NUMBERS = [
    # path, least, most
    ("storage.abort_uploads_after_days", 1, 36500),
    ("repository.keep_images", 1, 100_000),
    ("repository.expire_untagged_after_days", 1, 36500),
    ("disk.size_gib", 30, 65_536),
    ("disk.iops", 3000, 80_000),
    ("disk.throughput_mib_per_second", 125, 2000),
    (f"{ONE_ENVIRONMENT}.min_vcpus", 0, 1_000_000),
    (f"{ONE_ENVIRONMENT}.desired_vcpus", 0, 1_000_000),
    (f"{ONE_ENVIRONMENT}.max_vcpus", 1, 1_000_000),
    (f"{ONE_ENVIRONMENT}.bid_percentage", 1, 100),
    (f"{ONE_ENVIRONMENT}.update_timeout_minutes", 1, 7200),
    (f"{QUEUE}.priority", 0, 1000),
    (f"{QUEUE}.runnable_limits.insufficient_capacity_seconds", 600, 86_400),
    (f"{QUEUE}.runnable_limits.environment_maximum_seconds", 600, 86_400),
    (f"{QUEUE}.runnable_limits.job_resource_requirement_seconds", 600, 86_400),
    (f"{QUEUE}.fair_share.share_decay_seconds", 0, 604_800),
    (f"{QUEUE}.fair_share.compute_reservation", 0, 99),
    ("consumable_resources.licence.quantity", 0, 1_000_000_000),
    (f"{DEFINITION}.scheduling_priority", 0, 9999),
    (f"{DEFINITION}.consumes.licence", 1, 1_000_000_000),
    (f"{DEFINITION}.vcpus", 1, 1024),
    (f"{DEFINITION}.memory_mib", 4, 33_554_432),
    (f"{DEFINITION}.attempts", 1, 10),
    (f"{DEFINITION}.timeout_seconds", 60, 31_536_000),
]


@pytest.mark.parametrize(("path", "least", "most"), NUMBERS)
def test_a_number_has_limits_and_is_never_converted(path: str, least: int, most: int) -> None:
    where = tuple(path.split("."))
    for wrong in (least - 1, most + 1, str(least), float(least), True, [least]):
        (problem,) = [each for each in problems(nested(path, wrong)) if each.path == where]
        assert problem.given is not None
        assert problem.allowed == f"a whole number from {least:,} to {most:,}"
    for right in (least, most):
        assert where not in [each.path for each in problems(nested(path, right)) if "not allowed" in each.message]


TEXTS = [
    # path, right, wrong
    ("network.vpc_id", "vpc-0123456789abcdef0", ["vpc-xyz", "vpc-0123456789", "subnet-01234567", "", 5]),
    ("network.type", "private-nat", ["private", "isolated", "", True]),
    ("network.cidr", "10.1.0.0/16", ["10.1.0.1/16", "10.0.0.0/8", "10.0.0.0/25", "10.0.0.0", "::/64", "x", 10]),
    ("storage.scripts_prefix", "a/b/", ["/a/", "a", "a//", "", "a*/", "a/$x/", "a(1/", 1]),
    ("storage.results_prefix", "out/", ["out", None]),
    ("ami.id", "ami-0123456789abcdef0", ["ami-XYZ", "ami-012345678", "0123456789abcdef0"]),
    ("ami.ssm_parameter", "/aws/service/ami", ["aws/service", "/", "/a b"]),
    ("ami.build.subnet_id", "subnet-01234567", ["subnet-0123456789", "a"]),
    ("disk.device", "/dev/sda1", ["xvda", "/dev/", "/dev/../x"]),
    ("tags.team", "red", ["", "é", "x" * 257, 1, None]),
    ("logs.retention_days", 731, [0, 31, "30", None]),
    (f"{ONE_ENVIRONMENT}.type", "SPOT", ["spot", "ON_DEMAND", "FARGATE", 1]),
    (f"{ONE_ENVIRONMENT}.allocation_strategy", "BEST_FIT_PROGRESSIVE", ["BEST_FIT", "best_fit_progressive"]),
    ("consumable_resources.licence.type", "NON_REPLENISHABLE", ["replenishable", 1, None]),
    (f"{QUEUE}.fair_share.shares.a", 1, [0, 0.00001, 1000, "1", True, float("nan"), float("inf")]),
    (f"{DEFINITION}.secrets.PASSWORD", f"{SECRET}:ké::", [SECRET[:20], f"{SECRET}:a", f"{SECRET}:a\x84::", 5]),
    (f"{DEFINITION}.scratch", "/data/x", ["data", "/", "/a b", ""]),
]


@pytest.mark.parametrize(("path", "right", "wrong"), TEXTS)
def test_a_text_follows_its_rule(path: str, right: object, wrong: list[object]) -> None:
    where = tuple(path.split("."))
    settings = nested(path, right)
    assert where not in [each.path for each in problems(settings)]
    for value in wrong:
        (problem,) = [each for each in problems(nested(path, value)) if each.path == where]
        assert problem.given
        assert problem.allowed not in (None, "a value", "text")


@pytest.mark.parametrize("part", ["", "genomes", "/genomes/", "genomes/*", "a(1/", "a)/"])
@pytest.mark.parametrize("right", ["read", "write"])
def test_a_part_of_a_bucket_is_a_prefix_or_all_of_it(part: str, right: str) -> None:
    def found(given: str) -> list[Problem]:
        return problems({"job_role": {"buckets": {"reference-data": {right: [given]}}}})

    assert found("genomes/hg38/") == found("*") == []
    assert [each.path[-2:] for each in found(part)] == [(right, 0)]


FAMILIES = ["m6i", "m7i-flex", "x2iedn"]
SIZES = ["c5.2xlarge", "u-6tb1.112xlarge", "c6gn.medium", "p4d.24xlarge", "m7g.metal", "hpc7g.4xlarge"]
CLASSES = ["optimal", "default_x86_64", "default_arm64"]


@pytest.mark.parametrize("word", [*FAMILIES, *SIZES, *CLASSES])
def test_instance_types_that_are_words_of_batch(word: str) -> None:
    found = problems(nested(f"{ONE_ENVIRONMENT}.instance_types", [word]))
    # What is left is about the default queues, whose other environment is not there, and the image's processors.
    assert {each.path[0] for each in found} <= {"queues", "image"}


@pytest.mark.parametrize("word", ["", "M6I", "large", "c5.", ".large", "c5 large", "default", "c5.2xlarge.x", 5])
def test_instance_types_that_are_not(word: object) -> None:
    where = ("compute_environments", "spot", "instance_types", 0)
    (problem,) = [each for each in problems(nested(f"{ONE_ENVIRONMENT}.instance_types", [word])) if each.path == where]
    assert problem.allowed is not None
    assert "default_arm64" in problem.allowed


@pytest.mark.parametrize(
    "path",
    [
        "x",
        "network.x",
        "storage.x",
        "repository.x",
        "ami.x",
        "disk.x",
        "logs.x",
        "job_role.x",
        "job_role.buckets.data.x",
        f"{ONE_ENVIRONMENT}.x",
        f"{QUEUE}.x",
        f"{QUEUE}.runnable_limits.x",
        f"{QUEUE}.fair_share.x",
        "consumable_resources.licence.x",
        f"{DEFINITION}.x",
    ],
)
def test_an_unknown_field_is_refused_wherever_it_stands(path: str) -> None:
    where = tuple(path.split("."))
    (problem,) = [each for each in problems(nested(path, 1)) if each.path == where]
    assert "no such field" in problem.message
    assert problem.allowed


def test_a_misspelt_field_is_guessed() -> None:
    (problem,) = problems({"disk": {"size_gb": 200}})
    assert problem.message == "there is no such field; did you mean size_gib?"


@pytest.mark.parametrize("name", ["1a", "-a", "a b", "a.b", "", "a" * 129, "ä"])
@pytest.mark.parametrize("section", ["compute_environments", "queues", "job_definitions"])
def test_names_follow_the_rule_of_batch(section: str, name: str) -> None:
    (problem,) = [each for each in problems({section: {name: {}}}) if each.path == (section, name)]
    assert problem.allowed == "1 to 128 letters, digits, - and _, the first a letter"


@pytest.mark.parametrize("section", ["compute_environments", "queues", "job_definitions"])
def test_there_is_at_least_one(section: str) -> None:
    assert (section,) in [each.path for each in problems({section: {}})]


@pytest.mark.parametrize(
    ("variables", "wrong"),
    [({"A_1": "x", "_b": ""}, None), ({"AWS_BATCH_X": "x"}, "AWS_BATCH_X"), ({"1A": "x"}, "1A"), ({"A": 1}, "A")],
)
def test_environment_variables(variables: dict[str, object], wrong: str | None) -> None:
    found = [each.path for each in problems(nested(f"{DEFINITION}.environment", variables))]
    assert found == ([] if wrong is None else [("job_definitions", "fetch-and-run", "environment", wrong)])


@pytest.mark.parametrize(
    ("tags", "wrong"),
    [
        ({"team": "a b/c"}, None),
        ({"aws:x": "a"}, "aws:x"),
        ({"batchyard:x": "a"}, "batchyard:x"),
        ({"a": "x" * 257}, "a"),
        ({"a": 5}, "a"),
        ({"é": "x"}, "é"),
    ],
)
def test_tags(tags: dict[str, object], wrong: str | None) -> None:
    assert [each.path for each in problems({"tags": tags})] == ([] if wrong is None else [("tags", wrong)])


def test_too_many_tags() -> None:
    assert [each.path for each in problems({"tags": {f"t{number}": "x" for number in range(41)}})] == [("tags",)]


@pytest.mark.parametrize("value", [None, 5, "text", ["list"]])
def test_a_section_is_a_mapping(value: object) -> None:
    (problem,) = problems({"disk": value})
    assert problem.path == ("disk",)
    assert problem.allowed == "a mapping with the fields device, size_gib, iops, throughput_mib_per_second, scratch"


def test_a_deployment_cannot_be_changed() -> None:
    deployment = Deployment()
    with pytest.raises(ValidationError):
        deployment.default_queue = "x"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        deployment.disk.size_gib = 1  # type: ignore[misc]


def sections(model: type[Section]) -> list[type[Section]]:
    """A section and every section below it."""
    from typing import get_args

    found: list[type[Section]] = [model]
    todo = [field.annotation for field in model.model_fields.values()]
    while todo:
        kind = todo.pop()
        if isinstance(kind, type) and issubclass(kind, Section):
            found += sections(kind)
        todo += list(get_args(kind))
    return found


@pytest.mark.parametrize("section", sorted(set(sections(Deployment)), key=str))
def test_every_field_has_a_default_a_description_and_a_type(section: type[Section]) -> None:
    assert section.__doc__
    assert section()  # every field has a default
    for name, field in section.model_fields.items():
        assert field.description, f"{section.__name__}.{name}"
        assert field.description.endswith("."), f"{section.__name__}.{name}"
        assert field.annotation is not None
    # A default is never checked by itself: it must pass for what it is.
    assert section.model_validate(section().model_dump()) == section()
