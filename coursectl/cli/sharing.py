"""Whether a second process makes a command faster."""

import os
from typing import TYPE_CHECKING

from coursectl.sources.export import Export

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coursectl.sources.interface import Source

_LARGE = 32 * 1024 * 1024
"""Bytes of an export from which on it does: it takes a while to start."""


def is_worth_a_second_process(sources: "Sequence[Source]", jobs: int | None) -> bool:
    """Whether these are one large export, and so many `jobs`, or cores, may share it."""
    return (
        len(sources) == 1
        and isinstance(sources[0], Export)
        and (sources[0].size() or 0) >= _LARGE
        and (jobs or _usable_cores()) > 1
    )


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
