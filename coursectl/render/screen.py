"""An outline on a terminal: figures in a grid, bars, sparklines, and tables as `render.table` has.

Lines are put together as there, from rich's styles and cell widths.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import floor

from rich.cells import cell_len, chop_cells

from coursectl.printable import printable
from coursectl.render.columns import Kind
from coursectl.render.interface import Caption, Sink
from coursectl.render.lines import packed, words
from coursectl.render.outline import (
    Bars,
    Figure,
    Figures,
    Line,
    Lines,
    Outline,
    Rows,
    Section,
    Shown,
    Words,
    shown_blocks,
)
from coursectl.render.table import EMPTY, STATUS_STYLES, TableRenderer, bar, fitted
from coursectl.render.values import figure, share, told_apart

_BOUNDLESS = 10**6
"""Cells of a page that is as wide as it wants to be: more than any line takes."""
_GAP = 3
"""Cells between figures that stand side by side."""
_LEAST_CARDS = 3
"""Figures that have to find room side by side to be worth it."""
_CARD_STYLES = ("dim", "bold", "dim")
_WIDEST_BAR = 50
_LEAST_BAR = 4
_WIDEST_TEXT = 100
"""Cells of a line that can still be read with ease."""
_WIDEST_SPARKLINE = 40
_LEVELS = "▁▂▃▄▅▆▇█"
_ACCENT = "cyan"

_Card = tuple[str, str, str]
"""A label, a value and a note."""


@dataclass(frozen=True, slots=True)
class ScreenRenderer:
    """A page that fits into `width` cells, or with None is as wide as it wants to be.

    `color_system` is rich's name for what the terminal can do, None for no escape codes at all;
    `no_color` leaves bold and dim.
    """

    width: int | None = None
    color_system: str | None = None
    no_color: bool = False

    def render_outline(self, outline: Outline, out: Sink) -> None:
        """Write a title, and section by section what stands there."""
        page = _Page(TableRenderer(self.width, self.color_system, self.no_color))
        out.write("".join(page.lines(outline)).encode())


class _Page:
    def __init__(self, table: TableRenderer) -> None:
        self._table = table
        self._width = _BOUNDLESS if table.width is None else table.width

    def lines(self, outline: Outline) -> Iterator[str]:
        yield from self._table.caption(Caption(outline.title, outline.facts))
        for section in outline.sections:
            yield "\n"
            yield self._styled(printable(section.title), f"bold {_ACCENT}")
            yield from self._section(section)
        if outline.footer:
            yield "\n"
            yield from self._words(outline.footer, "dim")

    def _section(self, section: Section) -> Iterator[str]:
        for place, (title, lines) in enumerate(shown_blocks(section, self._block)):
            if place:
                yield "\n"
            if title:
                yield self._styled(printable(title), "bold")
            yield from lines

    def _block(self, block: Shown) -> Iterator[str]:
        match block:
            case Figures():
                yield from self._figures(block.items)
            case Bars():
                yield from self._bars(block)
            case Lines():
                yield from self._lines(block.items)
            case Rows():
                yield from self._rows(block)
            case Words():
                yield from self._words(block)

    def _styled(self, text: str, style: str = "") -> str:
        return self._line((text, style))

    def _line(self, *parts: tuple[str, str]) -> str:
        """Give texts, each in a style, as a line that is cut where there is no room."""
        shown, room = "", self._width
        for text, style in parts:
            if text and room > 0:
                text = fitted(text, room)
                room -= cell_len(text)
                shown += self._table.painted(text, style)
        return f"{shown}\n"

    def _words(self, told: Words, style: str = "") -> Iterator[str]:
        """Give paragraphs so that one sees where each begins."""
        indent = "  " * (len(told.paragraphs) > 1)
        for paragraph in told.paragraphs:
            yield from self._wrapped(paragraph, style, indent)

    def _wrapped(self, text: str, style: str = "", indent: str = "") -> Iterator[str]:
        width = min(self._width, _WIDEST_TEXT)
        room = max(width - len(indent), 1)
        parts = (part for word in words(printable(text)) for part in chop_cells(word, room))
        for line in packed(parts, width, cell_len, indent=indent):
            yield self._styled(line, style)

    # Figures

    def _figures(self, items: tuple[Figure, ...]) -> Iterator[str]:
        """Give cards in as few rows as hold them; where few stand side by side, a list."""
        if not items:
            return
        cards = [
            (printable(item.label), figure(item.value, item.kind, item.null), printable(item.note))
            for item in items
        ]
        widths = self._grid([max(map(cell_len, card)) for card in cards])
        if len(widths) < min(len(cards), _LEAST_CARDS):
            yield from self._list(cards)
            return
        for start in range(0, len(cards), len(widths)):
            row = cards[start : start + len(widths)]
            if start:
                yield "\n"
            for texts, style in zip(zip(*row, strict=True), _CARD_STYLES, strict=True):
                if any(texts):
                    filled = (_filled(*each) for each in zip(texts, widths, strict=False))
                    yield self._styled((" " * _GAP).join(filled).rstrip(), style)

    def _grid(self, wide: list[int]) -> list[int]:
        """Give how wide each column is, so that the cards take the fewest rows."""
        for rows in range(1, len(wide)):
            across = -(-len(wide) // rows)
            widths = [max(wide[place::across]) for place in range(across)]
            if sum(widths) + _GAP * (across - 1) <= self._width:
                return widths
        return wide[:1]

    def _list(self, cards: list[_Card]) -> Iterator[str]:
        label_width = max(cell_len(label) for label, *_ in cards) + 2
        for label, value, note in cards:
            texts = (_filled(label, label_width), value, f"  {note}" if note else "")
            yield self._line(*zip(texts, _CARD_STYLES, strict=True))

    # Bars

    def _bars(self, bars: Bars) -> Iterator[str]:
        if not bars.bars:
            return
        labels = [printable(label) for label, _ in bars.bars]
        counts = _flush([figure(count, Kind.NUMBER) for _, count in bars.bars])
        shares = _flush([share(count, bars.whole) for _, count in bars.bars])
        numbers = [f"{n}  {part}".rstrip() for n, part in zip(counts, shares, strict=True)]
        label_width = min(max(map(cell_len, labels)), max(self._width // 3, 1))
        cells = min(self._width - label_width - len(numbers[0]) - 4, _WIDEST_BAR)
        most = bars.whole or max(count for _, count in bars.bars)
        for (label, count), text, number in zip(bars.bars, labels, numbers, strict=True):
            drawn = bar(100 * count / most if most else 0, cells) if cells >= _LEAST_BAR else ""
            full = drawn.rstrip(EMPTY)
            yield self._line(
                (_filled(fitted(text, label_width), label_width + 2), ""),
                (full, STATUS_STYLES.get(label, _ACCENT)),
                (drawn[len(full) :], "dim"),
                (f"  {number}" if drawn else number, ""),
            )

    # Lines

    def _lines(self, lines: tuple[Line, ...]) -> Iterator[str]:
        """Give a sparkline each, its first and its last value, and once the time of all."""
        titles = [printable(line.title) for line in lines]
        ends = [_ends(line) for line in lines]
        firsts = _flush([first for first, _ in ends])
        numbers = [first + last for first, (_, last) in zip(firsts, ends, strict=True)]
        title_width = min(max(map(cell_len, titles)), max(self._width // 2, 1))
        room = self._width - title_width - max(map(len, numbers)) - 4
        points = lines[0].points
        cells = min(room, _WIDEST_SPARKLINE, max(map(_steps, lines)))
        for line, title, number in zip(lines, titles, numbers, strict=True):
            yield self._line(
                (_filled(fitted(title, title_width), title_width + 2), ""),
                (_filled(sparkline(line, cells), cells + 2) if cells > 0 else "", _ACCENT),
                (number, ""),
            )
        if points:
            ends_at = told_apart([moment for moment, _ in (points[0], points[-1])])
            time = " to ".join(dict.fromkeys(ends_at))
            indent = max(0, min(title_width + 2, self._width - len(time)))
            yield self._styled(" " * indent + time, "dim")

    # Rows

    def _rows(self, rows: Rows) -> Iterator[str]:
        lines = self._table.table(rows.columns, [rows], note="Not shown at this width: {}")
        yield from list(lines)[1:]  # what stands above brings the blank line
        if rows.left_out:
            told = f"and {rows.left_out:,} more" + (f": {rows.remedy}" if rows.remedy else "")
            yield from self._wrapped(told, "dim")


def sparkline(line: Line, cells: int) -> str:
    """Return a figure over time in cells of the same length of time, from 0 up.

    A cell stands for the mean of the values in its time; it is blank where there are none.
    """
    found: list[list[float]] = [[] for _ in range(cells)]
    for along, (_, value) in zip(line.places, line.points, strict=True):
        if cells and value is not None:
            found[floor(along * (cells - 1) + 0.5)].append(value)
    level = (len(_LEVELS) - 1) / line.top
    return "".join(
        _LEVELS[floor(sum(values) / len(values) * level + 0.5)] if values else " "
        for values in found
    )


def _steps(line: Line) -> int:
    """Return how many cells show a line by its time, if one is as long as from point to point.

    That is the median: two points of one day do not tear those of all other days apart.
    """
    moments = [moment for moment, _ in line.points]
    steps = sorted(later - former for former, later in pairwise(moments) if later > former)
    if not steps:
        return min(len(moments), 1)
    return round((moments[-1] - moments[0]) / steps[(len(steps) - 1) // 2]) + 1


def _ends(line: Line) -> tuple[str, str]:
    """Give the first value that there is, and, where it is another, the last behind an arrow."""
    known = [value for _, value in line.points if value is not None]
    first, last = (figure(each[0] if each else None, line.kind) for each in (known, known[-1:]))
    return first, "" if last == first else f" → {last}"


def _filled(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def _flush(texts: list[str]) -> list[str]:
    """Give texts as wide as the widest, blanks in front."""
    width = max(map(len, texts))
    return [text.rjust(width) for text in texts]
