"""Workbooks for Excel and its kin: typed cells, a header that stays, filters, bars in cells.

Text is text: no cell is a formula or a link that somebody else chose, or holds a character that a
workbook must not hold. Moments are dates without a zone, since a workbook has none; all are in UTC,
and headers say so. A null is a blank cell.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryDirectory
from typing import Any

from wcwidth import wcswidth
from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError, FileSizeError
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from coursectl.errors import UsageError
from coursectl.files import room_for
from coursectl.printable import printable
from coursectl.render.binary import as_file
from coursectl.render.columns import Column, Kind
from coursectl.render.interface import Answer, Sink
from coursectl.render.outline import Bars, Figures, Line, Outline, Rows, Section, Words
from coursectl.render.values import moment_in, percent, points, raw_values

MOST_ROWS = 1_048_575
"""Rows that a sheet holds below its header."""

LONGEST_TEXT = 32_767
"""UTF-16 units of text that a cell holds."""

MOST_DIGITS = 10**15
"""Where numbers begin that a spreadsheet would round."""

_FIRST_DATE = datetime(1900, 3, 1)  # noqa: DTZ001 - a cell has no zone
"""The first that all spreadsheets count alike: for some, 1900 was a leap year."""

_DAY_0 = datetime(1899, 12, 30)  # noqa: DTZ001
"""What the numbers of days in cells count from."""

_LAST_DATE = datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001
"""The last that is not rounded up into a year that no cell holds."""

_UNDATED = datetime(1980, 1, 1, tzinfo=UTC)
"""When a workbook was made that does not tell: not now, so that the same gives the same bytes."""

_MOMENTS = (Kind.ACTIVITY, Kind.DATE)

# XML takes all other characters that printable() leaves.
_NOT_IN_XML = re.compile("[\ufffe\uffff]")

# What may not stand in the name of a sheet.
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\]")
_LONGEST_NAME = 31
"""UTF-16 units."""

_MEASURED = 1000
"""Rows that the width of a column is taken from."""
_NARROWEST, _WIDEST = 8, 60
_MOMENT_WIDTH = 20
_BAR_WIDTH = 14
_FILTER_WIDTH = 4
"""What the button of a filter takes of a header."""

_PAGE_WIDTHS = (32, 20, 60)
"""Of the columns of a page of figures: label, value, what else there is to say."""
_LINE_HEIGHT = 15
_CHART_LINES = 15

_BLUE = "#8FB8DE"

_PERCENT = {
    "": '0"%"',
    ".": '[<99.95]0.0"%";[<100]">99.9%";0"%"',
    "<": '[=0]0"%";[<0.05]"<0.1%";0.0"%"',
    ">": '[<99.95]0.0"%";[<100]">99.9%";0"%"',
}
"""What a percentage looks like, by what its text begins with, or has in it."""

_POINTS = {"": "+0;-0;0", ".": "+0.0;-0.0;0", "<": '"+<0.1";"-<0.1";0'}
"""The same of a difference of percentages."""


@dataclass(frozen=True, slots=True)
class XlsxRenderer:
    """A workbook of one sheet, with a row a row."""

    def render(self, answer: Answer, out: Sink) -> None:
        """Write the rows. Raises UsageError when they are more than a sheet holds."""
        with _book(out) as book:
            table = book.table(answer.heading, answer.columns)
            for batch in answer.batches:
                book.made_at(batch.as_of)
                table.take(raw_values(batch, answer.columns))
            table.finish()


@dataclass(frozen=True, slots=True)
class WorkbookRenderer:
    """A workbook of a page of figures, a sheet for each table, and a sheet of what it all means."""

    def render_outline(self, outline: Outline, out: Sink) -> None:
        """Write the sheets. Raises UsageError when a table has more rows than a sheet holds."""
        with _book(out) as book:
            page = book.page("Summary")
            page.words(outline.title, book.title)
            for fact in outline.facts:
                page.words(fact, book.faint)
            for section in outline.sections:
                _fill(book, page, section)
            if outline.footer:
                about = book.page("About")
                for paragraph in outline.footer.paragraphs:
                    about.paragraph(paragraph)


def _fill(book: "_Book", page: "_Page", section: Section) -> None:
    page.skip()
    page.words(section.title, book.heading)
    tables = sum(isinstance(block, Rows) for block in section.blocks)
    for block in section.blocks:
        match block:
            case Figures():
                for figure in block.items:
                    page.figure(figure.label, figure.value, figure.kind, figure.null, figure.note)
            case Bars():
                page.bars(block, title="" if block.title == section.title else block.title)
            case Line():
                page.line(block)
            case Words():
                for paragraph in block.paragraphs:
                    page.paragraph(paragraph)
            case Rows():
                book.made_at(block.as_of)
                table = book.table(section.title if tables == 1 else block.title, block.columns)
                keys = [column.key for column in block.columns]
                table.take([tuple(row[key] for key in keys) for row in block.rows])
                table.finish()
                left_out = f"{block.left_out:,} more: {block.remedy}" if block.left_out else ""
                page.reference(table.name, len(block.rows), left_out)


class _Book:
    """A workbook, its formats, and the sheets that it has so far."""

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook
        self._names: set[str] = set()
        self._made_at: datetime | None = None
        self.plain: Format = workbook.add_format()
        self.title: Format = workbook.add_format({"bold": True, "font_size": 16})
        self.heading: Format = workbook.add_format({"bold": True, "font_size": 13})
        self.bold: Format = workbook.add_format({"bold": True})
        self.faint: Format = workbook.add_format({"font_color": "#595959"})
        self.wrapped: Format = workbook.add_format({"text_wrap": True, "valign": "top"})
        self.link: Format = workbook.get_default_url_format()
        self.header: Format = workbook.add_format(
            {"bold": True, "bottom": 1, "bg_color": "#E7EEF5", "valign": "top"}
        )
        self.moment: Format = workbook.add_format(
            {"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left"}
        )
        self.count: Format = workbook.add_format({"num_format": "#,##0", "align": "right"})
        self._looks: dict[str, Format] = {}

    def made_at(self, moment: datetime) -> None:
        """Take the first of such moments for when the workbook was made."""
        if self._made_at is None:
            self._made_at = moment

    def table(self, title: str, columns: tuple[Column, ...]) -> "_Table":
        return _Table(self, self._sheet(title), columns)

    def page(self, title: str) -> "_Page":
        return _Page(self, self._workbook, self._sheet(title))

    def percent(self, value: float) -> Format:
        """Return a format under which a percentage reads as on all other pages."""
        return self._look(_PERCENT, percent(value))

    def points(self, value: float) -> Format:
        """Return one under which a difference of percentages does."""
        return self._look(_POINTS, points(value).lstrip("+-"))

    def _look(self, looks: Mapping[str, str], text: str) -> Format:
        form = looks[text[0] if text[0] in looks else "." if "." in text else ""]
        if form not in self._looks:
            self._looks[form] = self._workbook.add_format({"num_format": form})
        return self._looks[form]

    def finish(self) -> None:
        made_at = (self._made_at or _UNDATED).replace(tzinfo=None)
        self._workbook.set_properties({"created": made_at})
        self._workbook.close()

    def _sheet(self, title: str) -> Worksheet:
        """Add a sheet under a name that there may be, and that no other has."""
        wanted = _NOT_IN_NAMES.sub(" ", _text(title)).strip(" '") or "Sheet"
        name, number = _beginning(wanted, _LONGEST_NAME).rstrip(" '"), 1
        while name.casefold() in self._names or name.casefold() == "history":
            number += 1
            addition = f" {number}"
            name = _beginning(wanted, _LONGEST_NAME - len(addition)).rstrip(" '") + addition
        self._names.add(name.casefold())
        return self._workbook.add_worksheet(name)


@contextmanager
def _book(out: Sink) -> Iterator[_Book]:
    """Give a workbook, which is written to `out` at a good end."""
    with (
        as_file(out, defers=True) as file,
        room_for("a workbook"),
        TemporaryDirectory(prefix="coursectl-") as folder,
    ):
        # Rows wait in the folder, so that memory stays flat.
        workbook = Workbook(file, {"constant_memory": True, "tmpdir": folder})
        book = _Book(workbook)
        try:
            yield book
            book.finish()
        except FileCreateError as error:
            raise error.args[0] from None  # the OSError that it was
        except FileSizeError:
            raise UsageError(
                "a workbook cannot hold that much", "Choose fewer members, or write .parquet."
            ) from None
        finally:
            for sheet in workbook.worksheets():
                sheet.row_data_fh.close()


class _Cells:
    """A sheet that is filled from the top."""

    def __init__(self, book: _Book, sheet: Worksheet) -> None:
        self._book = book
        self._sheet = sheet
        self._row = 0

    @property
    def name(self) -> str:
        name: str = self._sheet.name
        return name

    def _put(self, place: int, value: Any, kind: Kind, count: Format | None = None) -> int:
        """Write a value into the row, as its kind has it; give how wide it is."""
        if value is None:
            return 0
        if kind is Kind.MIXED:
            kind = _kind_of(value)
        if kind in _MOMENTS:
            moment = min(moment_in(value).astimezone(UTC).replace(tzinfo=None), _LAST_DATE)
            if moment >= _FIRST_DATE:
                self._sheet.write_datetime(self._row, place, moment, self._book.moment)
                return _MOMENT_WIDTH
            value = f"{moment.isoformat()}Z"
        if isinstance(value, int | float) and abs(value) < MOST_DIGITS:
            look = count
            if kind is Kind.PERCENT:
                look = self._book.percent(value)
            elif kind is Kind.POINTS:
                look = self._book.points(value)
            self._sheet.write_number(self._row, place, value, look)
            return len(str(value)) if kind is Kind.NUMBER else 0
        return self._put_text(place, str(value))

    def _put_text(self, place: int, text: str, look: Format | None = None) -> int:
        text = _text(text)
        if not text:
            return 0
        if text.startswith("<r>"):
            # XlsxWriter would take it for cell markup of its own and write it as it is.
            parts = ("<", self._book.plain, text[1:])
            self._sheet.write_rich_string(self._row, place, *parts, *([look] if look else []))
        else:
            self._sheet.write_string(self._row, place, text, look)
        return max(len(text), wcswidth(text)) if self._row <= _MEASURED else 0


def _time_axis(*ends: datetime) -> dict[str, Any]:
    """Return an axis that names its ends: days, or the minutes of a single day."""
    first, last = (moment.astimezone(UTC).replace(tzinfo=None) for moment in ends)
    is_one_day = first < last and first.date() == last.date()
    axis: dict[str, Any] = {"num_format": "yyyy-mm-dd hh:mm" if is_one_day else "yyyy-mm-dd"}
    if _FIRST_DATE <= first < last:
        start, end = ((moment - _DAY_0) / timedelta(days=1) for moment in (first, last))
        axis |= {"min": start, "max": end, "major_unit": end - start}
    return axis


class _Table(_Cells):
    """A sheet with a header, and rows below it."""

    def __init__(self, book: _Book, sheet: Worksheet, columns: tuple[Column, ...]) -> None:
        super().__init__(book, sheet)
        self._columns = columns
        self._widths = [_NARROWEST] * len(columns)
        for place, column in enumerate(columns):
            width = self._put_text(place, _in_utc(column.header, column.kind), book.header)
            self._widths[place] = max(_NARROWEST, width + _FILTER_WIDTH)
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)

    def take(self, rows: list[tuple[Any, ...]]) -> None:
        """Write rows. Raises UsageError."""
        if self._row + len(rows) > MOST_ROWS:
            raise UsageError(
                f"more than {MOST_ROWS:,} rows, which is all that a sheet holds",
                "Choose fewer members, or write .csv or .parquet.",
            )
        for row in rows:
            self._row += 1
            for place, (value, column) in enumerate(zip(row, self._columns, strict=True)):
                width = self._put(place, value if value != "" else column.empty, column.kind)
                if self._row <= _MEASURED and width > self._widths[place]:
                    self._widths[place] = width

    def finish(self) -> None:
        """Give the sheet what depends on how many rows there are, and how wide."""
        self._sheet.autofilter(0, 0, self._row, len(self._columns) - 1)
        for place, column in enumerate(self._columns):
            width = min(self._widths[place] + 1, _WIDEST)
            if column.kind is Kind.PERCENT:
                width = max(width, _BAR_WIDTH)
                _bars(self._sheet, (1, place, max(1, self._row), place), whole=100)
            self._sheet.set_column(place, place, width)


class _Page(_Cells):
    """A sheet of figures: labels, values, and what else there is to say."""

    def __init__(self, book: _Book, workbook: Workbook, sheet: Worksheet) -> None:
        super().__init__(book, sheet)
        self._workbook = workbook
        for place, width in enumerate(_PAGE_WIDTHS):
            sheet.set_column(place, place, width)
        sheet.hide_gridlines(2)
        sheet.fit_to_pages(1, 0)

    def skip(self) -> None:
        """Leave a row blank."""
        self._row += 1

    def words(self, text: str, look: Format) -> None:
        """Write a line of text."""
        self._put_text(0, text, look)
        self._row += 1

    def paragraph(self, text: str) -> None:
        """Write text of several lines, as wide as the page."""
        lines = -(-len(text) * 11 // (sum(_PAGE_WIDTHS) * 10))
        self._sheet.set_row(self._row, _LINE_HEIGHT * max(1, lines))
        last = len(_PAGE_WIDTHS) - 1
        self._sheet.merge_range(self._row, 0, self._row, last, "", self._book.wrapped)
        self.words(text, self._book.wrapped)

    def figure(self, label: str, value: Any, kind: Kind, null: str, note: str) -> None:
        """Write a value beside its label."""
        self._put_text(0, _in_utc(label, kind))
        if value is None:
            # A word in a column of numbers would be in the way of whoever counts on with them.
            note = "; ".join(filter(None, (null.strip("-"), note)))
        else:
            self._put(1, value, kind, self._book.count if isinstance(value, int) else None)
        self._put_text(2, note, self._book.faint)
        self._row += 1

    def bars(self, block: Bars, *, title: str) -> None:
        """Write counts, each with a bar, and its share of the whole if there is one."""
        if title:
            self.skip()
            self.words(title, self._book.bold)
        self._put_text(0, block.label, self._book.header)
        self._put_text(1, "Count", self._book.header)
        if block.whole:
            self._put_text(2, "Share", self._book.header)
        self._row += 1
        first = self._row
        for label, count in block.bars:
            self._put_text(0, label)
            self._put(1, count, Kind.NUMBER, self._book.count)
            if block.whole:
                self._put(2, count * 100 / block.whole, Kind.PERCENT)
            self._row += 1
        if block.bars:
            whole = block.whole or max(count for _, count in block.bars)
            _bars(self._sheet, (first, 1, self._row - 1, 1), whole=max(1, whole))

    def line(self, block: Line) -> None:
        """Write the values of a figure over time, and a chart beside them."""
        self.skip()
        self.words(block.title, self._book.bold)
        self._put_text(0, "Time (UTC)", self._book.header)
        self._put_text(1, "Value", self._book.header)
        self._row += 1
        first, end = self._row, self._row + len(block.points)
        for moment, value in block.points:
            self._put(0, moment, Kind.DATE)
            self._put(1, value, block.kind)
            self._row += 1
        if block.points:
            chart = self._workbook.add_chart(
                {"type": "scatter", "subtype": "straight_with_markers"}
            )
            chart.add_series(
                {
                    "categories": [self.name, first, 0, end - 1, 0],
                    "values": [self.name, first, 1, end - 1, 1],
                    "marker": {"type": "circle"},
                }
            )
            chart.set_title({"name": _text(block.title), "overlay": False})
            chart.set_legend({"none": True})
            chart.set_x_axis(_time_axis(block.points[0][0], block.points[-1][0]))
            chart.set_y_axis({"min": 0, "max": block.top})
            self._sheet.insert_chart(first - 2, 3, chart, {"description": _text(block.title)})
            self._row = max(self._row, first + _CHART_LINES)

    def reference(self, name: str, rows: int, left_out: str) -> None:
        """Write where a table is, and how many rows it has."""
        quoted = name.replace("'", "''")
        self._sheet.write_url(
            self._row, 0, f"internal:'{quoted}'!A1", self._book.link, string=f"Sheet {name}"
        )
        self._put(1, rows, Kind.NUMBER, self._book.count)
        self._put_text(2, left_out, self._book.faint)
        self._row += 1


def _bars(sheet: Worksheet, cells: Iterable[int], *, whole: float) -> None:
    """Put a bar into each of the cells: none for 0, all of the cell for `whole`."""
    look: Mapping[str, Any] = {
        "type": "data_bar",
        "bar_solid": True,
        "bar_color": _BLUE,
        "min_type": "num",
        "min_value": 0,
        "max_type": "num",
        "max_value": whole,
    }
    sheet.conditional_format(*cells, dict(look))


def _kind_of(value: Any) -> Kind:
    """Give the kind of a value among others."""
    if isinstance(value, datetime):
        return Kind.DATE
    return Kind.TEXT if isinstance(value, str) else Kind.PERCENT


def _in_utc(label: str, kind: Kind) -> str:
    """Give a label that says what a cell cannot."""
    return f"{label} (UTC)" if kind in _MOMENTS else label


def _text(text: str) -> str:
    """Give text that a cell can hold, cut with an ellipsis where it is too long."""
    text = _NOT_IN_XML.sub("", printable(text))
    kept = _beginning(text, LONGEST_TEXT)
    return text if kept == text else _beginning(text, LONGEST_TEXT - 1) + "…"


def _beginning(text: str, units: int) -> str:
    """Give as much of text as takes so many UTF-16 units, by which spreadsheets count."""
    if len(text) * 2 <= units:
        return text
    return text.encode("utf-16-le")[: units * 2].decode("utf-16-le", "ignore")
