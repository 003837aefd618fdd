"""Whatever a deployment file says, the answer is a deployment or a list of problems: never another error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batchyard.settings.deployment import Deployment
from batchyard.settings.problems import DeploymentError
from batchyard.settings.validation import validated
from batchyard.settings.yaml_file import Document, parse

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


def answer(make: Callable[[], Document]) -> Deployment | str:
    try:
        return validated(make(), "file")
    except DeploymentError as error:
        return str(error)


@PATIENT
@given(FILES)
def test_any_values(value: dict[str, Any]) -> None:
    assert answer(lambda: Document(value, {}))


@PATIENT
@given(st.text(alphabet="ab:[]{}-?&*!|>'\"%@`,# \n\t01.~", max_size=60))
def test_any_text(text: str) -> None:
    assert answer(lambda: parse(text, "file"))
