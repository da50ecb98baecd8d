"""Which gathering is the faster one: with a second process, or without."""

import os
from typing import TYPE_CHECKING

from coursectl.gather import Gathering
from coursectl.sources.export import Export

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coursectl.sources.interface import Source

_LARGE = 32 * 1024 * 1024
"""Bytes of an export from which on it does: it takes a while to start."""


def gathering_of(
    sources: "Sequence[Source]", jobs: int | None, *, may_share: bool
) -> type[Gathering]:
    """Give the gathering in halves of one large export that `jobs`, or cores, `may_share`."""
    if (
        may_share
        and len(sources) == 1
        and isinstance(sources[0], Export)
        and (sources[0].size() or 0) >= _LARGE
        and (jobs or _usable_cores()) > 1
    ):
        from coursectl.second_process import GatheringInHalves

        return GatheringInHalves
    return Gathering


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
