"""Whatever a deployment file says, the answer is a deployment or a list of problems: never another error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batchyard.settings.deployment import Deployment
from batchyard.settings.problems import DeploymentError
from batchyard.settings.validation import validated
from batchyard.settings.yaml_file import Document, parse, read
from batchyard.toolchain import DEPLOYMENTS

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 10**7),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["spot", "on-demand", "default", "SPOT", "m6i", "10.0.0.0/16", "results/", "*"]),
)


def field_names(model: Any) -> set[str]:
    found = set(model.model_fields)
    for field in model.model_fields.values():
        kinds = [field.annotation]
        while kinds:
            kind = kinds.pop()
            if hasattr(kind, "model_fields"):
                found |= field_names(kind)
            kinds += getattr(kind, "__args__", ())
    return found


KEYS = st.one_of(st.sampled_from(sorted(field_names(Deployment) | {"spot", "[key]", "default"})), st.text(max_size=4))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)
FILES = st.dictionaries(st.sampled_from([*Deployment.model_fields, "x"]), VALUES, max_size=6)


# The first draw builds tables of all characters, on a busy machine for longer than an example may take.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


#: What a line of a file may become.
FRAGMENTS = st.one_of(
    st.sampled_from(["0x" + "f" * 5000, "9" * 5000, "99999999999999999999", "1e400", "-.inf", ".nan", "1_000"]),
    st.sampled_from(["\t", '"\\ud800"', '"\\e"', "\x85", "\x00", "\ufeff", "null", "~", "[]", "{}", "[{}]", "''"]),
    st.sampled_from(["<<: *a", "*a", "&a", "a: &x [*x]", "!!int x", "!!binary eA==", "!!set {a}", "!secret x"]),
    st.sampled_from(["? a", "- a", "{", "]", "|", ">", "'", "%YAML 1.1", "---", "..."]),
)
SHIPPED = [file.read_text() for file in sorted(DEPLOYMENTS.glob("*.yaml"))]


def answer(make: Callable[[], Document]) -> Deployment | str:
    try:
        return validated(make(), "file")
    except DeploymentError as error:
        return str(error)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("anything") / "file.yaml"


@PATIENT
@given(content=st.binary(max_size=40) | st.text(max_size=20).map(lambda text: text.encode("utf-16")))
def test_any_bytes(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert answer(lambda: read(file))


@PATIENT
@given(st.data())
def test_any_change_of_a_file_that_ships(data: st.DataObject) -> None:
    lines = data.draw(st.sampled_from(SHIPPED)).splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(lines) - 1))
        key, colon, _value = lines[place].partition(":")
        fragment = data.draw(FRAGMENTS)
        lines[place] = f"{key}{colon} {fragment}" if data.draw(st.booleans()) else f"{fragment}{lines[place]}"
    assert answer(lambda: parse("\n".join(lines), "file"))


@PATIENT
@given(FILES)
def test_any_values(value: dict[str, Any]) -> None:
    assert answer(lambda: Document(value, {}))


@PATIENT
@given(st.text(alphabet="ab:[]{}-?&*!|>'\"%@`,# \n\t01.~", max_size=60))
def test_any_text(text: str) -> None:
    assert answer(lambda: parse(text, "file"))
