"""Amounts as people write them."""

from __future__ import annotations

import pytest

from batchyard.client.errors import InvalidInputError
from batchyard.client.quantities import memory_mib, timeout_seconds


@pytest.mark.parametrize(
    ("text", "mib"),
    [("2048", 2048), ("512MiB", 512), ("2GiB", 2048), ("1.5gib", 1536), (" 4 MiB ", 4), ("0.5GiB", 512)],
)
def test_memory_is_counted_in_mib(text: str, mib: int) -> None:
    assert memory_mib(text) == mib


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2GB", "such as 2048, 512MiB or 2GiB"),
        ("2G", "such as 2048, 512MiB or 2GiB"),
        ("", "such as"),
        ("-1", "such as"),
        ("lots", "such as"),
        ("1.5", "must be a whole number of MiB"),
        ("3", "less than the 4 MiB"),
        ("0", "less than the 4 MiB"),
    ],
)
def test_other_memory_is_refused_with_what_was_given(text: str, said: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        memory_mib(text)
    assert repr(text) in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60", 60), ("3600", 3600), ("90s", 90), ("90m", 5400), ("2h", 7200), ("1.5h", 5400), ("1d", 86400), ("2H", 7200)],
)
def test_timeouts_are_counted_in_seconds(text: str, seconds: int) -> None:
    assert timeout_seconds(text) == seconds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("59", "is 59 seconds; Batch takes 60"),
        ("0.5m", "is 30 seconds"),
        ("1 week", "such as 3600, 90m or 2h"),
        ("1h30m", "such as 3600, 90m or 2h"),
        ("60.5", "such as 3600, 90m or 2h"),
        ("99999999d", "Batch takes 60 to 2147483647"),
    ],
)
def test_other_timeouts_are_refused_with_what_was_given(text: str, said: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        timeout_seconds(text)
    assert repr(text) in str(refused.value)
    assert said in str(refused.value)
