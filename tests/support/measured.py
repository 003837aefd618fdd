"""What tests measured, told at the end of a run, also by the workers of a parallel one.

The fixture `measured` is known to every test: tests/conftest.py names this module as a plugin.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

_PROPERTY = "measured"


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Say a measurement, as one line with its unit."""
    return lambda line: record_property(_PROPERTY, line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the measurements, if there are any."""
    reports = [report for status in ("passed", "failed") for report in terminalreporter.stats.get(status, ())]
    lines = {str(value) for report in reports for name, value in report.user_properties if name == _PROPERTY}
    if lines:
        terminalreporter.section("measured")
    for line in sorted(lines):
        terminalreporter.line(line)
