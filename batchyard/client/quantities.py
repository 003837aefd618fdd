"""Amounts as people write them: memory as `2GiB`, time as `90m`."""

from __future__ import annotations

import re
from fractions import Fraction

from batchyard.client.errors import InvalidInputError

# https://docs.aws.amazon.com/batch/latest/userguide/job_definition_parameters.html (resourceRequirements)
MIN_MEMORY_MIB = 4
# https://docs.aws.amazon.com/batch/latest/userguide/job_timeouts.html
MIN_TIMEOUT_SECONDS = 60
MAX_TIMEOUT_SECONDS = 2**31 - 1

_MIB_PER_UNIT = {"": 1, "mib": 1, "gib": 1024}
_SECONDS_PER_UNIT = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_AMOUNT = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[A-Za-z]*)")


def memory_mib(text: str) -> int:
    """`2048`, `512MiB` or `1.5GiB` as MiB; raises InvalidInputError."""
    allowed = "a whole number of MiB, such as 2048, 512MiB or 2GiB"
    amount = _amount(text, _MIB_PER_UNIT)
    if amount is None:
        raise InvalidInputError(f"memory {text!r} is not {allowed} (MB and GB are not taken: Batch counts in MiB)")
    if amount.denominator != 1:
        raise InvalidInputError(f"memory {text!r} is {float(amount)} MiB; it must be {allowed}")
    if amount < MIN_MEMORY_MIB:
        raise InvalidInputError(f"memory {text!r} is less than the {MIN_MEMORY_MIB} MiB that Batch asks for")
    return int(amount)


def timeout_seconds(text: str) -> int:
    """`3600`, `90m`, `2h` or `1d` as seconds; raises InvalidInputError."""
    allowed = "a number of seconds, or of s, m, h or d, such as 3600, 90m or 2h"
    amount = _amount(text, _SECONDS_PER_UNIT)
    if amount is None or amount.denominator != 1:
        raise InvalidInputError(f"timeout {text!r} is not {allowed}")
    if not MIN_TIMEOUT_SECONDS <= amount <= MAX_TIMEOUT_SECONDS:
        raise InvalidInputError(
            f"timeout {text!r} is {int(amount)} seconds; Batch takes {MIN_TIMEOUT_SECONDS} to {MAX_TIMEOUT_SECONDS}"
        )
    return int(amount)


def _amount(text: str, factors: dict[str, int]) -> Fraction | None:
    match = _AMOUNT.fullmatch(text.strip())
    factor = factors.get(match["unit"].lower()) if match else None
    return Fraction(match["number"]) * factor if match and factor else None
