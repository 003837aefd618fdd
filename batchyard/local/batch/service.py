"""What every operation works with."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from batchyard.local.batch.config import BatchConfig
from batchyard.local.batch.store import Store
from batchyard.local.runners.images import Images

if TYPE_CHECKING:
    from batchyard.local.batch.engine import Engine


@dataclass(frozen=True)
class Service:
    """The service's configuration, its documents and its scheduler, under one lock.

    Operations hold `lock` while they read and change documents; the engine has a lock of its own, which is always
    taken after this one and never held while anything else is called.
    """

    config: BatchConfig
    engine: Engine
    images: Images
    store: Store = field(default_factory=Store)
    lock: threading.RLock = field(default_factory=threading.RLock)


def milliseconds(seconds: float | None) -> int | None:
    """Batch's unit of time; None stays None and is left out of answers."""
    return None if seconds is None else int(seconds * 1000)
