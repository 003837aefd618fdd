"""Ends jobs, whatever they are doing."""

from __future__ import annotations

from typing import Literal

from batchyard.client.connection import Connection
from batchyard.client.job import CANCELLABLE, Job

Outcome = Literal["cancelled", "terminated", "finished"]


def cancel(connection: Connection, job: Job, reason: str) -> Outcome:
    """End a job: `cancelled` before it started, `terminated` while it ran; `finished` if there was nothing to end.

    TerminateJob does both, so a job that starts in between is ended too, which CancelJob would let run
    (https://docs.aws.amazon.com/batch/latest/APIReference/API_TerminateJob.html).
    """
    if job.finished:
        return "finished"
    connection.batch.terminate_job(jobId=job.id, reason=reason)
    return "cancelled" if job.status in CANCELLABLE else "terminated"
