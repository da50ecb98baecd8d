"""Where everything in a chart lies, in the units of its drawing; the template draws it."""

from dataclasses import dataclass

from coursectl.printable import shortened
from coursectl.render.columns import Kind
from coursectl.render.outline import Bars, Line
from coursectl.render.values import figure, share, told_apart

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
    """A line with gaps where there is no value, over a scale that begins at 0."""

    height: int
    left: int
    right: int
    top: int
    bottom: int
    runs: tuple[tuple[tuple[float, float], ...], ...]
    """Points without a gap between them, run by run."""
    scale: tuple[str, str]
    """What the bottom and the top stand for."""
    least: str
    most: str
    first: str
    last: str
    """The first and the last moment, no longer than tells them apart."""


def line_chart(line: Line) -> LineChart | None:
    """Lay out a line: points lie by their time and from 0 up. None if there is none to draw."""
    known = [value for _, value in line.points if value is not None]
    if not known:
        return None
    bottom, most = _HEIGHT - _BOTTOM, line.top
    runs: list[list[tuple[float, float]]] = [[]]
    for along, (_, value) in zip(line.places, line.points, strict=True):
        if value is None:
            runs.append([])
            continue
        x = _LEFT + along * (WIDTH - _LEFT - _RIGHT)
        y = bottom - value / most * (bottom - _TOP)
        runs[-1].append((round(x, 1), round(y, 1)))
    kind = line.kind if line.kind is Kind.PERCENT else Kind.NUMBER
    first, last = told_apart([line.points[0][0], line.points[-1][0]])
    return LineChart(
        _HEIGHT,
        _LEFT,
        WIDTH - _RIGHT,
        _TOP,
        bottom,
        tuple(tuple(run) for run in runs if run),
        (figure(0, kind), figure(most, kind)),
        figure(min(known), kind),
        figure(max(known), kind),
        first,
        last,
    )
