"""Which gathering is the faster one: with a second process, or without."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coursectl.gather import Gathering
    from coursectl.sources.interface import Source

_LARGE = 16 * 1024 * 1024
"""Bytes of an export from which on it does: two processes take more of a machine than one."""

_SHARED = {"members", "summary"}
_FOR_PROGRAMS = ("-o", "--output", "--csv", "--json", "-f", "--format")
_ALONE = ("--limit", "--pseudonymize", "--as-of")


def foresee(words: list[str]) -> None:
    """Start the interpreter of a second process if these arguments look as if one will take part.

    It is a guess, and `gathering_of` decides. But to import what reads the arguments takes as long
    as to start another interpreter, so it is ready in the same moment.
    """
    if _looks_shared(words) and sum(map(_is_large, words)) == 1:
        from coursectl.second_interpreter import start_early

        start_early()


def end_foreseen() -> None:
    """End it if it is not needed, or was not."""
    if "coursectl.second_interpreter" in sys.modules:
        from coursectl.second_interpreter import dismiss

        dismiss()


def gathering_of(
    sources: "Sequence[Source]", jobs: int | None, *, may_share: bool
) -> "type[Gathering]":
    """Give the gathering in halves of one large export that `jobs`, or cores, `may_share`."""
    from coursectl.deadline import has_deadline
    from coursectl.gather import Gathering
    from coursectl.sources.export import Export

    if (
        may_share
        and not has_deadline()  # which no second process knows of
        and len(sources) == 1
        and isinstance(sources[0], Export)
        and (sources[0].size() or 0) >= _LARGE
        and (jobs or _usable_cores()) > 1
    ):
        from coursectl.second_process import GatheringInHalves

        return GatheringInHalves
    end_foreseen()
    return Gathering


def _looks_shared(words: list[str]) -> bool:
    if _SHARED.isdisjoint(words) or any(word.startswith(_ALONE) for word in words):
        return False
    is_for_people = "members" in words and sys.stdout.isatty()
    if is_for_people and not any(word.startswith(_FOR_PROGRAMS) for word in words):
        return False
    # As one word or two; which of several holds is for the app to say.
    jobs = " ".join(words).partition("--jobs")[2].strip(" =").partition(" ")[0]
    return jobs != "1" if jobs else _usable_cores() > 1


def _is_large(word: str) -> bool:
    try:
        return Path(word).stat().st_size >= _LARGE
    except (OSError, ValueError):
        return False


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
