"""How long the output of jobs is kept."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from batchyard.settings.section import Section

#: Days that CloudWatch Logs can keep a log group (API reference, PutRetentionPolicy, retentionInDays).
RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]


class Logs(Section):
    """The log group of the deployment's jobs, kept when the deployment is destroyed."""

    retention_days: RetentionDays = Field(default=30, description="Output of jobs is deleted after this many days.")
