"""What `batchyard local status` tells: where the account is, what stands in it, and what it only records."""

from __future__ import annotations

import json
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from batchyard.local import state
from batchyard.local.account import ACCOUNT_ID
from batchyard.local.deploy import client, stack_statuses
from batchyard.local.state import State

FINISHED = frozenset({"SUCCEEDED", "FAILED"})
# ListJobs gives jobs of every status only with a filter; this one takes in every job.
EVERY_JOB = [{"name": "AFTER_CREATED_AT", "values": ["0"]}]


@dataclass(frozen=True, order=True)
class Recorded:
    """Something that the account keeps and shows, and that has no effect in it."""

    where: str
    """The stack, or the kind of Batch resource."""
    type: str
    name: str
    properties: tuple[str, ...]
    """Empty: the resource as a whole."""
    why: str = ""
    """Why the resource as a whole has no effect."""


@dataclass(frozen=True)
class Report:
    """A local account as it is now."""

    account: str
    region: str
    endpoint: str
    pid: int
    up_seconds: int
    max_jobs: int
    host_images: bool
    log: str
    stacks: dict[str, str]
    """Status by name."""
    jobs: dict[str, int]
    """How many jobs have which status."""
    recorded: tuple[Recorded, ...]

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON has it."""
        return asdict(self)


def collect(running: State) -> Report:
    """Ask the account itself."""
    return Report(
        account=ACCOUNT_ID,
        region=running.region,
        endpoint=running.endpoint,
        pid=running.pid,
        up_seconds=int(time.time() - running.started_at),
        max_jobs=running.max_jobs,
        host_images=running.host_images,
        log=str(state.LOG_FILE),
        stacks=dict(sorted(stack_statuses(running).items())),
        jobs=dict(job_counts(running)),
        recorded=tuple(sorted({*_by_cloudformation(running), *_by_batch(running)})),
    )


def job_counts(running: State) -> Counter[str]:
    """How many jobs have which status, over all queues."""
    batch = client(running, "batch")
    counts: Counter[str] = Counter()
    for page in batch.get_paginator("describe_job_queues").paginate():
        for queue in page["jobQueues"]:
            pages = batch.get_paginator("list_jobs").paginate(jobQueue=queue["jobQueueArn"], filters=EVERY_JOB)
            counts.update(job["status"] for jobs in pages for job in jobs["jobSummaryList"])
    return counts


def unfinished_jobs(running: State) -> int:
    """How many jobs would be lost if the account went down now."""
    return sum(count for status, count in job_counts(running).items() if status not in FINISHED)


def _fetch(running: State, path: str) -> Any:
    with urllib.request.urlopen(f"{running.endpoint}{path}", timeout=10) as response:  # noqa: S310 - http, loopback
        return json.load(response)


def _by_cloudformation(running: State) -> Iterator[Recorded]:
    for stack in _fetch(running, "/_batchyard/cloudformation/recorded")["stacks"]:
        for item in stack["resources"]:
            yield Recorded(
                stack["stack"], item["type"], item["logicalId"], _properties(item), why=item["wholeType"] or ""
            )


def _properties(item: Mapping[str, Any]) -> tuple[str, ...]:
    """The properties without effect; none where that is the whole resource."""
    return () if item["wholeType"] else tuple(sorted(item["properties"]))


def _by_batch(running: State) -> Iterator[Recorded]:
    for item in _fetch(running, "/_batchyard/batch/recorded")["recorded"]:
        yield Recorded("AWS Batch", item["kind"], item["name"], tuple(item["members"]))


def lines(report: Report) -> Iterator[str]:
    """The report for a person."""
    minutes, seconds = divmod(report.up_seconds, 60)
    yield f"local account {report.account} ({report.region}) at {report.endpoint}"
    images = "runs" if report.host_images else "refuses"
    yield f"  up {minutes} min {seconds} s, process {report.pid}, at most {report.max_jobs} jobs at once"
    yield f"  log {report.log}"
    yield f"  {images} images other than the platform's on this machine"
    yield "stacks:" if report.stacks else "stacks: none"
    for name, status in report.stacks.items():
        yield f"  {name}  {status}"
    yield "jobs: " + (", ".join(f"{count} {status}" for status, count in sorted(report.jobs.items())) or "none")
    yield "only recorded, without effect here:" if report.recorded else "only recorded: nothing"
    for names, item in _grouped(report.recorded):
        what = ", ".join(item.properties) or f"the whole resource: {item.why}"
        yield f"  {item.where}: {item.type} {', '.join(names)}: {what}"


def _grouped(recorded: tuple[Recorded, ...]) -> Iterator[tuple[list[str], Recorded]]:
    """Resources of which the same is recorded stand in one line, by the names of all and one of them."""
    groups: dict[Recorded, list[str]] = {}
    for item in recorded:
        groups.setdefault(replace(item, name=""), []).append(item.name)
    return ((names, item) for item, names in groups.items())
