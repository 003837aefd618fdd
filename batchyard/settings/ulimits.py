"""Limits of the processes in a container."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from batchyard.settings.section import Section

#: What Docker can limit (docker run reference, --ulimit).
UlimitName = Literal[
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
]


class Ulimit(Section):
    """One limit: where it begins, and how far a process may raise it. -1 is unlimited."""

    soft: int = Field(default=1024, ge=-1, le=2_147_483_647, description="The limit that a process starts with.")
    hard: int = Field(default=4096, ge=-1, le=2_147_483_647, description="The most that it may raise it to.")
