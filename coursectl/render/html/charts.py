"""Where everything in a chart lies, in the units of its drawing; the template draws it."""

from dataclasses import dataclass
from datetime import datetime

from coursectl.printable import shortened
from coursectl.render.columns import Kind
from coursectl.render.outline import Bars, Line
from coursectl.render.values import day, figure, share

WIDTH = 360
_LABELS = 128
"""Where labels end and bars begin."""
_VALUES = 96
"""What is kept free for the numbers behind bars."""
_LABEL_LENGTH = 17
_STEP = 24

_HEIGHT = 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 14, 28


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, by the middle of its line."""

    label: str
    value: str
    middle: float
    length: float


@dataclass(frozen=True, slots=True)
class BarChart:
    """Bars below each other."""

    height: int
    start: int
    """Where bars begin, from the left."""
    longest: int
    """How long a bar of the whole is."""
    bars: tuple[Bar, ...]


def bar_chart(bars: Bars) -> BarChart:
    """Lay out counts. The longest bar is of the highest count; none above 0 is without length."""
    longest = WIDTH - _LABELS - _VALUES
    most = max((count for _, count in bars.bars), default=0)
    return BarChart(
        len(bars.bars) * _STEP,
        _LABELS,
        longest,
        tuple(
            Bar(
                shortened(label, _LABEL_LENGTH),
                " · ".join(filter(None, (f"{count:,}", share(count, bars.whole)))),
                (place + 0.5) * _STEP,
                max(round(longest * count / most, 1), 1.5) if count else 0,
            )
            for place, (label, count) in enumerate(bars.bars)
        ),
    )


@dataclass(frozen=True, slots=True)
class LineChart:
    """A line with gaps where there is no value."""

    height: int
    left: int
    right: int
    top: int
    bottom: int
    runs: tuple[tuple[tuple[float, float], ...], ...]
    """Points without a gap between them, run by run."""
    least: str
    most: str
    first: str
    last: str


def line_chart(line: Line) -> LineChart | None:
    """Lay out a line; None if there is no value to draw."""
    known = [(moment, value) for moment, value in line.points if value is not None]
    if not known:
        return None
    least, most = (edge(value for _, value in known) for edge in (min, max))
    first, last = line.points[0][0], line.points[-1][0]
    bottom = _HEIGHT - _BOTTOM
    whole = (last - first).total_seconds()

    def place(moment: datetime, value: float) -> tuple[float, float]:
        along = (moment - first).total_seconds() / whole if whole else 0.5
        up = (value - least) / (most - least) if most > least else 0.5
        return (
            round(_LEFT + along * (WIDTH - _LEFT - _RIGHT), 1),
            round(bottom - up * (bottom - _TOP), 1),
        )

    runs: list[list[tuple[float, float]]] = [[]]
    for moment, value in line.points:
        if value is None:
            runs.append([])
        else:
            runs[-1].append(place(moment, value))
    kind = line.kind if line.kind is Kind.PERCENT else Kind.NUMBER
    return LineChart(
        _HEIGHT,
        _LEFT,
        WIDTH - _RIGHT,
        _TOP,
        bottom,
        tuple(tuple(run) for run in runs if run),
        figure(least, kind),
        figure(most, kind),
        day(first),
        day(last),
    )
