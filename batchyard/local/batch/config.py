"""What the Batch service of the local account is started with."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Clock:
    """The service's clock. It may run `speed` times as fast as the wall clock: an hour's timeout in seconds."""

    speed: float = 1.0
    origin: float = field(default_factory=time.time)

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.origin + (time.time() - self.origin) * self.speed

    def real_seconds(self, seconds: float) -> float:
        """How long so many seconds of this clock take."""
        return seconds / self.speed


@dataclass(frozen=True)
class BatchConfig:
    """Where the local account is, where jobs may write, and what they may run."""

    endpoint: str
    """The local account's URL: what a job's AWS tools talk to."""
    jobs_folder: Path
    """Scratch of running attempts: `<jobs_folder>/<job id>/<attempt>/`."""
    container: Path
    """The platform's container folder; its `fetch_and_run.sh` stands for the platform's image."""
    images_folder: Path
    """Snapshots of the container folder: `<images_folder>/<tag>/`."""
    clients: Callable[[str, str], Any]
    """Makes a boto3 client for (service, region): `logs`, `ecs`, `ssm` and `secretsmanager` are used."""
    host_images: bool = False
    """Whether commands of other images run on this machine, without their image."""
    max_jobs: int = field(default_factory=lambda: os.cpu_count() or 1)
    """How many jobs run on this machine at one time."""
    stop_timeout: float = 30.0
    """Seconds between TERM and KILL (AWS Batch User Guide, "Job timeouts")."""
    close_timeout: float = 5.0
    """Seconds between TERM and KILL when the service is closed: whoever closes it waits."""
    clock: Clock = field(default_factory=Clock)

    @property
    def tools_folder(self) -> Path:
        """The folder of programs that stands first in a job's PATH."""
        return self.jobs_folder.parent / "tools"
