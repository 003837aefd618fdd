"""Fair share and consumable resources in a deployment file: what is refused, with which words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.settings import told


def queue(**shares: Any) -> dict[str, Any]:
    return {
        "queues": {"only": {"compute_environments": ["spot"], "fair_share": {"shares": shares}}},
        "default_queue": "only",
    }


def job(consumes: dict[str, int], **resources: Any) -> dict[str, Any]:
    return {"job_definitions": {"fetch-and-run": {"consumes": consumes}}, "consumable_resources": resources}


SHARES, CONSUMES = "queues.only.fair_share.shares", "job_definitions.fetch-and-run.consumes"
REFUSED: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "share-twice": (queue(**{"team*": 1, "teamA": 1}), f"{SHARES}.teamA", ["team* as well"]),
    "beginning-of-another": (queue(**{"teamA": 1, "t*": 1}), f"{SHARES}.t*", ["teamA as well"]),
    "same-with-and-without-star": (queue(**{"a": 1, "a*": 1}), f"{SHARES}.a*", ["a as well"]),
    "share-name": (queue(**{"team-a": 1}), f"{SHARES}.team-a", ["letters and digits"]),
    "weight": (queue(a=0), f"{SHARES}.a", ["a number from 0.0001 to 999.9999"]),
    "no-such-resource": (job({"licence": 1}), f"{CONSUMES}.licence", ["no such name", "no consumable_resources"]),
    "another-resource": (job({"licences": 1}, licence={}), f"{CONSUMES}.licences", ["no such name", "licence"]),
    "more-than-there-are": (
        job({"licence": 3}, licence={"quantity": 2}),
        f"{CONSUMES}.licence",
        ["wait for ever", "3", "at most 2"],
    ),
    "same-construct": (job({}, licence={}, Licence={}), "consumable_resources.Licence", ["differs from licence"]),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused(what: str) -> None:
    settings, path, words = REFUSED[what]
    found = told(settings)
    assert list(found) == [path]
    for word in words:
        assert word in found[path]


@pytest.mark.parametrize(
    "settings",
    [
        queue(**{"teamA*": 0.5, "teamB": 2, "other*": 999.9999}),
        job({"licence": 2, "credit": 1}, licence={"quantity": 2}, credit={"type": "NON_REPLENISHABLE", "quantity": 0}),
    ],
)
def test_what_is_allowed(settings: dict[str, Any]) -> None:
    assert told(settings) == {}
