"""How jobs look: as a table, as JSON, as one line."""

from __future__ import annotations

import datetime
import json
import shlex
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from batchyard.client.job import Container, Job
    from batchyard.client.logs import LogLine
    from batchyard.platform import PlatformRecord

_COLOURS = {"SUCCEEDED": "green", "FAILED": "red", "RUNNING": "cyan", "STARTING": "cyan"}
_UNKNOWN = "-"
_STATUS = "STATUS"


@dataclass(frozen=True)
class Names:
    """What a deployment calls its resources, by their ARNs."""

    queues: Mapping[str, str]
    compute_environments: Mapping[str, str]
    job_definitions: Mapping[str, str]
    """By their ARNs without a revision."""

    @classmethod
    def of(cls, record: PlatformRecord) -> Names:
        """The names in a platform record."""
        return cls(
            queues={arn: name for name, arn in record.job_queues.items()},
            compute_environments={arn: name for name, arn in record.compute_environments.items()},
            job_definitions={arn.rpartition(":")[0]: name for name, arn in record.job_definitions.items()},
        )

    def queue(self, arn: str) -> str:
        """A queue's name in the deployment, or its own if it belongs to none."""
        return self.queues.get(arn, arn.rpartition("/")[2])

    def compute_environment(self, arn: str | None) -> str | None:
        """A compute environment's name in the deployment, or its own if it belongs to none."""
        return None if arn is None else self.compute_environments.get(arn, arn.rpartition("/")[2])

    def job_definition(self, arn: str) -> str:
        """A revision as `batchyard submit --job-definition` takes it, or its own name if it belongs to none."""
        whole, _, revision = arn.rpartition(":")
        name = self.job_definitions.get(whole)
        return arn.rpartition("/")[2] if name is None else f"{name}:{revision}"


def as_dict(job: Job, names: Names, environment_arn: str | None) -> dict[str, Any]:
    """A job for JSON: times are ISO 8601 in UTC, durations seconds, memory MiB."""
    return {
        "id": job.id,
        "name": job.name,
        "queue": names.queue(job.queue_arn),
        "computeEnvironment": names.compute_environment(environment_arn),
        "status": job.status,
        "reason": job.why,
        "exitCode": job.exit_code,
        "durationSeconds": job.seconds(_now_ms()),
        "createdAt": _iso(job.created_at),
        "startedAt": _iso(job.started_at),
        "stoppedAt": _iso(job.stopped_at),
        "jobDefinition": names.job_definition(job.definition_arn),
        "command": list(job.command),
        "image": job.image,
        "vcpus": amount(job.vcpus),
        "memoryMiB": amount(job.memory_mib),
        "timeoutSeconds": job.timeout_seconds,
        "dependsOn": list(job.depends_on),
        "logGroup": job.log_group,
        "logStream": job.log_stream,
        "attempts": [
            {
                **_camelled(attempt),
                "startedAt": _iso(attempt.started_at),
                "stoppedAt": _iso(attempt.stopped_at),
                "containers": [_camelled(each) for each in attempt.containers],
            }
            for attempt in job.attempts
        ],
        "containers": [
            {**_camelled(each), "vcpus": amount(each.vcpus), "memoryMiB": amount(each.memory_mib)}
            for each in job.containers
        ],
    }


def print_json(content: object) -> None:
    """Print JSON on stdout."""
    print(json.dumps(content, indent=2))


def print_table(jobs: Sequence[Job], names: Names, environments: Mapping[str, str]) -> None:
    """Print jobs as a table on stdout."""
    now = _now_ms()
    print_rows(
        ("NAME", "ID", "QUEUE", "COMPUTE ENVIRONMENT", _STATUS),
        ("EXIT CODE", "DURATION"),
        [
            [
                job.name,
                job.id,
                names.queue(job.queue_arn),
                names.compute_environment(environments.get(job.id)),
                job.status,
                None if job.exit_code is None else str(job.exit_code),
                duration(job.seconds(now)),
            ]
            for job in jobs
        ],
    )


def print_rows(texts: Sequence[str], numbers: Sequence[str], rows: Iterable[Sequence[str | None]]) -> None:
    """Print a table on stdout: as wide as it needs to be, in colour on a terminal only.

    Its columns have these titles, those of `numbers` to the right. None in a row is not known.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for title in texts:
        table.add_column(title, no_wrap=True)
    for title in numbers:
        table.add_column(title, no_wrap=True, justify="right")
    for row in rows:
        cells = [
            # As Text: a name is never markup.
            Text(_UNKNOWN if cell is None else cell, style=_COLOURS.get(str(cell), "") if title == _STATUS else "")
            for title, cell in zip((*texts, *numbers), row, strict=True)
        ]
        table.add_row(*cells)
    # Ids are there to be copied: a narrow terminal wraps the line, nothing is cut.
    unlimited = Console(file=sys.stdout, width=10_000)
    console = Console(file=sys.stdout, width=unlimited.measure(table).maximum, highlight=False)
    console.print(table, soft_wrap=True)


def print_details(job: Job, names: Names, environment_arn: str | None) -> None:
    """Print everything about one job, one fact a line."""
    facts: list[tuple[str, str | None]] = [
        ("name", job.name),
        ("id", job.id),
        ("status", job.status),
        ("reason", job.why),
        ("exit code", None if job.exit_code is None else str(job.exit_code)),
        ("duration", None if job.started_at is None else duration(job.seconds(_now_ms()))),
        ("queue", names.queue(job.queue_arn)),
        ("compute environment", names.compute_environment(environment_arn)),
        ("job definition", names.job_definition(job.definition_arn)),
        ("created", _local_time(job.created_at)),
        ("started", _local_time(job.started_at)),
        ("stopped", _local_time(job.stopped_at)),
        ("command", shlex.join(job.command) if not job.containers else None),
        ("image", job.image),
        ("vCPUs", job.vcpus),
        ("memory", None if job.memory_mib is None else f"{job.memory_mib} MiB"),
        ("timeout", None if job.timeout_seconds is None else f"{duration(job.timeout_seconds)} an attempt"),
        ("depends on", ", ".join(job.depends_on) or None),
        ("log group", job.log_group if not job.containers else None),
        ("log stream", job.log_stream),
    ]
    facts += [(f"container {each.name}", _container(each)) for each in job.containers]
    for number, attempt in enumerate(job.attempts, start=1):
        why = "; ".join(dict.fromkeys(part for part in (attempt.status_reason, attempt.reason) if part))
        facts.append((f"attempt {number}", _listed(_code(attempt.exit_code), why, attempt.log_stream)))
        for each in attempt.containers:
            facts.append((f"  {each.name}", _listed(_code(each.exit_code), each.reason, each.log_stream)))
    _print_facts(facts)


def _container(container: Container) -> str:
    """What one of several containers is; how it ended stands in the attempts."""
    return _listed(
        "essential" if container.essential else None,
        container.image,
        shlex.join(container.command),
        f"vCPUs {container.vcpus}",
        f"memory {container.memory_mib} MiB",
        f"log group {container.log_group}",
    )


def _listed(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part)


def _code(exit_code: int | None) -> str:
    return "no exit code" if exit_code is None else f"exit code {exit_code}"


def log_text(line: LogLine) -> str:
    """A line of a log as it is printed: after its container's name, where there are several."""
    return line.message if line.container is None else f"{line.container} | {line.message}"


def summary(job: Job) -> str:
    """A job and where it stands, in one line."""
    parts = [f"{job.name} ({job.id}) is {job.status}"]
    if job.exit_code is not None:
        parts.append(f"exit code {job.exit_code}")
    if job.finished and job.started_at is not None:
        parts.append(f"after {duration(job.seconds(_now_ms()))}")
    why = f": {job.why}" if job.why and job.status != "SUCCEEDED" else ""
    return f"{', '.join(parts)}{why}"


def duration(seconds: float | None) -> str:
    """`0.4 s`, `12 s`, `3 m 05 s`, `2 h 07 m`."""
    if seconds is None:
        return _UNKNOWN
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes == 0:
        return f"{rest} s"
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left:02} m" if hours else f"{minutes} m {rest:02} s"


def amount(text: str | None) -> int | float | None:
    """What Batch writes as a text, as a number."""
    if text is None:
        return None
    return int(text) if text.isdigit() else float(text)


def _print_facts(facts: Iterable[tuple[str, str | None]]) -> None:
    known = [(title, value) for title, value in facts if value is not None]
    width = max(len(title) for title, _ in known)
    for title, value in known:
        print(f"{title:<{width}}  {value}")


def _now_ms() -> int:
    return int(time.time() * 1000)


def _iso(milliseconds: int | None) -> str | None:
    if milliseconds is None:
        return None
    moment = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _local_time(milliseconds: int | None) -> str | None:
    if milliseconds is None:
        return None
    return datetime.datetime.fromtimestamp(milliseconds / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def _camelled(record: DataclassInstance) -> dict[str, Any]:
    return {_camel(key): value for key, value in asdict(record).items()}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    # MiB is a unit, not a word.
    return first + "".join("MiB" if word == "mib" else word.title() for word in others)
