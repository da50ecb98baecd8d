"""The table of results, in Markdown: a job, what it is held against, and the ratio to reach."""

import os
import platform
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from tests.benchmarks.measuring import MB, Run

_COLUMNS = ("job", "against", "coursectl", "other", "ratio", "aim", "peak MB: coursectl, other")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; a cell may be empty."""

    job: str
    against: str
    ours: str = ""
    theirs: str = ""
    ratio: float | None = None
    aim: float | str | None = None
    peaks: str = ""

    def __str__(self) -> str:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        aim = "" if self.aim is None else str(self.aim)
        cells = (self.job, self.against, self.ours, self.theirs, ratio, aim, self.peaks)
        return f"| {' | '.join(cells)} |"


def compared(
    job: str,
    against: str,
    ours: Sequence[Run],
    theirs: Sequence[Run],
    aim: float | None,
    *,
    shows_peaks: bool = False,
) -> Row:
    """Compare runs that took place side by side: the ratio is the median of theirs, two by two."""
    return Row(
        job,
        against,
        time(median([run.wall for run in ours])),
        time(median([run.wall for run in theirs])),
        median([run.wall / other.wall for run, other in zip(ours, theirs, strict=True)]),
        aim,
        f"{peak(ours)}, {peak(theirs)}" if shows_peaks else "",
    )


def time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:,.3g} ms"


def peak(runs: Iterable[Run]) -> str:
    return f"{max(run.peak for run in runs) / MB:,.0f}"


def lines_of(rows: Iterable[Row], members: Sequence[int], runs: int) -> Iterator[str]:
    """Give the table, a line as soon as it is known."""
    yield f"| {' | '.join(_COLUMNS)} |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    yield from map(str, rows)
    yield ""
    sizes = " and ".join(f"{number:,}" for number in members)
    yield (
        f"{datetime.now(UTC):%Y-%m-%d}, {_processor()}, {os.cpu_count()} cores, {_system()},"
        f" Python {platform.python_version()}; {sizes} members, medians of {runs} runs in turn."
    )


def _processor() -> str:
    with suppress(OSError):
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
        if found:
            return found.group(1)
    return platform.processor() or platform.machine()


def _system() -> str:
    with suppress(OSError):
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    return f"{platform.system()} {platform.release()}"
