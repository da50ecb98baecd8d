"""The rich table of a terminal.

`rich.table.Table` measures and wraps every cell, some 0.4 ms a row. Here the widths are worked out
once and each line is put together from rich's styles and cell widths: ten thousand members take
the time of a breath. At a width that is too small, the columns that say least fold away.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.color import ColorSystem
from rich.style import Style

from coursectl.printable import printable
from coursectl.render.columns import Column, Kind
from coursectl.render.interface import Answer, Batch, Caption, Sink
from coursectl.render.lines import packed
from coursectl.render.spool import RowSpool
from coursectl.render.values import length, percent, points, raw_values
from coursectl.roster.join_status import named

_GAP = "  "
_BARS = (10, 5)
"""Cells of a completion bar, the widest first."""
_FULL, EMPTY = "━", "─"
"""What a bar is made of."""
_NAME_WIDTH = 20
"""Cells that free text keeps as long as another column can fold away."""
_LONG_NAME = 40
"""Cells that free text gets at the most, unless its column was asked for."""
_LEAST_WIDTH = 6
_RIGHT = (Kind.NUMBER, Kind.PERCENT, Kind.POINTS)
_FIRST_SCREEN = 200
"""Lines that are shown while the others are being laid out."""
_IDS = ("id", "course_id")
"""Numbers that say less than what stands beside them."""
_FOLDED = "Not shown at this width: {}"

STATUS_STYLES = {
    "creator": "magenta",
    "manager": "blue",
    "joined": "green",
    "invited": "yellow",
    "requested": "cyan",
}
_COLOR_SYSTEMS = {
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
    "windows": ColorSystem.STANDARD,
}


_Cell = tuple[str, str, float | None]
"""Text, style, and the rate that a bar shows."""


@dataclass(frozen=True, slots=True)
class _Layout:
    columns: tuple[Column, ...]
    widths: tuple[int, ...]
    bar: int


@dataclass(frozen=True, slots=True)
class TableRenderer:
    """A table that fits into `width` cells, or with None is as wide as it wants to be.

    `color_system` is rich's name for what the terminal can do, None for no escape codes at all;
    `no_color` leaves bold and dim. `may_fold`: nobody asked for these very columns.
    """

    width: int | None = None
    color_system: str | None = None
    no_color: bool = False
    may_fold: bool = True

    def render(self, answer: Answer, out: Sink) -> None:
        """Write a caption, a header and a line a row."""
        note = _FOLDED + (" (see --columns)" if answer.takes_columns else "")
        lines = self.table(answer.columns, answer.batches, note=note)
        first = list(islice(lines, _FIRST_SCREEN))
        out.write("".join([*self.caption(answer.caption()), *first]).encode())
        out.flush()
        while more := "".join(islice(lines, _FIRST_SCREEN)):
            out.write(more.encode())

    def caption(self, caption: Caption) -> list[str]:
        """Give the lines that say whose members a table shows, and which."""
        title = self.styled(self._cut(printable(caption.title)), "bold")
        return [title, *(self.styled(text, "dim") for text in self._wrapped(caption.facts))]

    def table(
        self, columns: tuple[Column, ...], batches: Iterable[Batch], *, note: str = ""
    ) -> Iterator[str]:
        """Give a blank line, a header and a line a row; nothing if there are no rows.

        With `note`, a last line names the columns that had to fold away, in place of its `{}`.
        """
        widest = dict.fromkeys(columns, 0)
        with RowSpool[list[_Cell]]() as spool:
            for batch in batches:
                if not (rows := _rows(batch, columns)):
                    continue
                for column, cells in zip(columns, zip(*rows, strict=True), strict=True):
                    texts = {text for text, _, _ in cells}
                    widest[column] = max(widest[column], *map(_width, texts))
                spool.put(rows)
            if spool.is_empty:
                return
            layout = self._layout(columns, widest)
            yield "\n"
            yield from self._header(layout)
            for rows in spool.batches():
                yield from self._body(rows, columns, layout)
        folded = [column.header for column in columns if column not in layout.columns]
        if folded and note:
            yield "\n"
            yield self.styled(self._cut(note.format(", ".join(folded))), "dim")

    # Where everything goes

    def _layout(self, columns: tuple[Column, ...], widest: dict[Column, int]) -> _Layout:
        texts = widest
        if self.width is not None and self.may_fold:
            # One name of 200 characters must not push the other columns apart.
            texts = widest | {c: min(texts[c], _LONG_NAME) for c in columns if c.is_free_text}
        for kept in self._foldings(columns):
            for bar in _BARS:
                wanted = {column: _cells(column, texts[column], bar) for column in kept}
                least = {c: min(w, _NAME_WIDTH) if c.is_free_text else w for c, w in wanted.items()}
                if self.width is None or _total(least) <= self.width:
                    return _Layout(kept, self._spread(wanted, least), bar)
        wanted = {column: _cells(column, texts[column], 0) for column in kept}
        least = {column: min(width, _LEAST_WIDTH) for column, width in wanted.items()}
        return _Layout(kept, self._spread(wanted, least), 0)

    def _foldings(self, columns: tuple[Column, ...]) -> Iterator[tuple[Column, ...]]:
        yield columns
        if self.may_fold:
            for place in sorted(column.folds for column in columns if column.folds is not None):
                columns = tuple(column for column in columns if column.folds != place)
                yield columns

    def _spread(self, wanted: dict[Column, int], least: dict[Column, int]) -> tuple[int, ...]:
        """Give each column its least width, and what is left to those that want more."""
        widths = dict(least)
        room = _total(wanted) if self.width is None else self.width - _total(least)
        for column in sorted(wanted, key=lambda column: wanted[column] - least[column]):
            more = max(0, min(wanted[column] - least[column], room))
            widths[column] += more
            room -= more
        return tuple(widths.values())

    # Lines

    def _header(self, layout: _Layout) -> Iterator[str]:
        cells = zip(layout.columns, layout.widths, strict=True)
        yield self.styled(_GAP.join(_padded(c.header, w, c) for c, w in cells).rstrip(), "bold")
        yield self.styled(_GAP.join("─" * width for width in layout.widths), "dim")

    def _body(
        self, rows: list[list[_Cell]], columns: tuple[Column, ...], layout: _Layout
    ) -> Iterator[str]:
        laid_out = []
        for column, width in zip(layout.columns, layout.widths, strict=True):
            place = columns.index(column)
            cells = [row[place] for row in rows]
            # Many cells are equal: each distinct one is laid out once.
            shown = {cell: self._shown(cell, column, width, layout.bar) for cell in {*cells}}
            laid_out.append([shown[cell] for cell in cells])
        for line in zip(*laid_out, strict=True):
            yield _GAP.join(line).rstrip() + "\n"

    def _shown(self, cell: _Cell, column: Column, width: int, bar_width: int) -> str:
        text, style, rate = cell
        if bar_width and column.kind is Kind.PERCENT:
            text = bar(rate, bar_width) + text.rjust(width - bar_width)
        return self.painted(_padded(text, width, column), style)

    def styled(self, text: str, style: str) -> str:
        """Give text as a line in one of rich's styles."""
        return self.painted(text, style) + "\n"

    def painted(self, text: str, style: str) -> str:
        """Give text in one of rich's styles."""
        if not style or self.color_system is None:
            return text
        start, end = _codes(style, self.color_system, self.no_color)
        return f"{start}{text}{end}"

    def _cut(self, text: str) -> str:
        return text if self.width is None else fitted(text, self.width)

    def _wrapped(self, facts: Iterable[str]) -> list[str]:
        """Put facts on as few lines as hold them."""
        cut = (self._cut(printable(fact)) for fact in facts)
        return packed(cut, self.width, cell_len, between=" · ")


@cache
def _codes(style: str, color_system: str, no_color: bool) -> tuple[str, str]:
    """Return the escape codes before and after text in one of rich's styles."""
    parsed = Style.parse(style)
    if no_color:
        parsed = parsed.without_color
    start, _, end = parsed.render("\0", color_system=_COLOR_SYSTEMS[color_system]).partition("\0")
    return start, end


def _total(widths: dict[Column, int]) -> int:
    return sum(widths.values()) + len(_GAP) * (len(widths) - 1)


def _cells(column: Column, text: int, bar: int) -> int:
    """Give the width of a column whose text takes `text` cells, with its bar and its header."""
    with_bar = text + bar + 1 if bar and column.kind is Kind.PERCENT else text
    return max(with_bar, cell_len(column.header))


def _width(text: str) -> int:
    """Give the cells that printable text takes."""
    return len(text) if text.isascii() else cell_len(text)


def fitted(text: str, width: int) -> str:
    """Give text in at most so many cells, cut with an ellipsis."""
    if _width(text) <= width:
        return text
    return set_cell_size(text, max(0, width - 1)).rstrip() + "…"


def _padded(text: str, width: int, column: Column) -> str:
    text = fitted(text, width)
    blanks = " " * (width - _width(text))
    return blanks + text if column.kind in _RIGHT else text + blanks


def bar(rate: float | None, cells: int) -> str:
    """Give a bar of a percentage: never empty above 0, and never full below 100."""
    if rate is None:
        return " " * cells
    full = length(rate, 100, cells)
    return _FULL * full + EMPTY * (cells - full)


# Cells


def _rows(batch: Batch, columns: tuple[Column, ...]) -> list[list[_Cell]]:
    as_of = batch.as_of
    return [
        [_cell(value, column, as_of) for value, column in zip(values, columns, strict=True)]
        for values in raw_values(batch, columns)
    ]


def _cell(value: Any, column: Column, as_of: datetime) -> _Cell:
    if value is None:
        return column.null, "dim", None
    match column.kind:
        case Kind.PERCENT:
            style = "green" if value >= 100 else "" if value > 0 else "dim"
            return f"{percent(value)}%", style, value
        case Kind.ACTIVITY:
            return ago(value, as_of), _activity_style(value, as_of), None
        case Kind.DATE:
            return value.date().isoformat(), "", None
        case Kind.STATUS:
            return printable(named(value)), STATUS_STYLES.get(value, "red"), None
        case Kind.POINTS:
            return points(value), "", None
        case Kind.NUMBER:
            return str(value), "dim" if column.key in _IDS else "", None
        case _:
            return printable(value) if value else column.empty, "", None


def _activity_style(moment: datetime, as_of: datetime) -> str:
    days = (as_of - moment).days
    return "green" if days < 7 else "" if days < 30 else "yellow"


_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_STEPS = (
    (_HOUR, _MINUTE, "minute"),
    (_DAY, _HOUR, "hour"),
    (61 * _DAY, _DAY, "day"),
    (731 * _DAY, 30.44 * _DAY, "month"),
)
_YEAR = (365.25 * _DAY, "year")


def ago(moment: datetime, as_of: datetime) -> str:
    """Say how long before `as_of` something was, in the largest unit that still tells."""
    seconds = (as_of - moment).total_seconds()
    length = abs(seconds)
    if length < _MINUTE:
        return "just now"
    unit, name = next(((unit, name) for below, unit, name in _STEPS if length < below), _YEAR)
    number = int(length // unit)
    text = f"{number} {name}" + ("s" if number != 1 else "")
    return f"{text} ago" if seconds >= 0 else f"in {text}"
