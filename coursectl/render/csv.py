"""CSV and TSV after RFC 4180: always a header, UTF-8, a null as nothing.

Text that somebody chose is defused: a spreadsheet runs a cell that begins with `=`, `+`, `-` or
`@`, so such text gets a `'` in front. It may take any of `,`, `;` and `|` for the end of a cell,
whatever the file was written with, so what stands behind one gets it, too. Control characters, tabs
among them, go, so that a line stays a line. With `raw`, text is exactly what the API sent.
"""

import csv
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, NamedTuple

from pydantic_core import from_json, to_json

from coursectl.printable import printable
from coursectl.render.columns import Column
from coursectl.render.interface import Answer, Batch, Rendered, Sink
from coursectl.render.values import raw_values

_BOM = b"\xef\xbb\xbf"

# A spreadsheet may skip quotes, blanks and invisible characters before the sign; some take wide and
# small signs too. It takes a millisecond to compile, and few rosters need it.
_FORMULA = (
    r'(^|[,;|])(?=["\s\u200b-\u200d\u2060]*+'
    r"[=+\-@\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20])"
)

# The same among JSON: a text that may begin so, or go on so. Where a comma or a quote is in a text,
# it is looked at anyhow.
_SIGN = re.compile(rb'"[-=+@ \xef]')
_SIGN_WITHIN = re.compile(rb"[;|][-=+@ \xef]")

_PLAIN = bytes(byte for byte in range(0x80) if byte not in b",\x7f")
"""ASCII without commas and DEL; other control codes are escaped in JSON."""

_Rows = list[tuple[Any, ...]]


class CsvRenderer(NamedTuple):
    """CSV, or TSV with a tab as delimiter; `excel` adds the BOM and CRLF that Excel wants."""

    delimiter: str = ","
    raw: bool = False
    excel: bool = False

    def render(self, answer: Answer, out: Sink) -> None:
        """Write a header and a record a row."""
        header = tuple(column.key for column in answer.columns)
        out.write((_BOM if self.excel else b"") + self._carefully(header, []))
        for piece in self.body(answer.batches, answer.columns):
            out.write(piece)

    def body(self, batches: Iterable[Batch], columns: tuple[Column, ...]) -> Iterator[bytes]:
        """Give a record a row."""
        for batch in batches:
            if isinstance(batch, Rendered):
                yield from batch.pieces
            elif rows := raw_values(batch, columns):
                plain, odd = self._written(rows, columns)
                yield b"".join(_put_among(plain, odd)) if odd else plain

    def records(self, batch: Batch, columns: tuple[Column, ...]) -> list[bytes]:
        """Give a record a row, with the end of its line."""
        return _put_among(*self._written(raw_values(batch, columns), columns))

    @property
    def takes_cells(self) -> bool:
        """Yes: a record is made of them."""
        return True

    @property
    def between(self) -> bytes:
        """Nothing: each record ends its line."""
        return b""

    def _written(self, rows: _Rows, columns: tuple[Column, ...]) -> tuple[bytes, dict[int, bytes]]:
        """Give the records in which no cell needs care, one after the other, and each other one.

        Those are nearly all, and are made by way of JSON, which is turned into CSV natively.
        """
        lines, places = _looked_at(to_json(rows), rows, raw=self.raw)
        if not places:
            return _records_of(lines, rows, self.delimiter, self._end), {}
        texts = _free_texts(columns)
        odd = {place: self._carefully(rows[place], texts) for place in places}
        lines = [line for place, line in enumerate(lines) if place not in odd]
        return _records_of(lines, rows, self.delimiter, self._end), odd

    def _carefully(self, row: tuple[Any, ...], texts: list[int]) -> bytes:
        """Write a record by way of csv.writer, its texts defused if they are to be."""
        if not self.raw:
            row = _defused(row, texts)
        lines = _Records(self._end)
        writer = csv.writer(lines, delimiter=self.delimiter, lineterminator=_Records.WRITTEN)
        writer.writerow([_as_in_json(cell) for cell in from_json(to_json(row))])
        return "".join(lines).encode()

    @property
    def _end(self) -> str:
        return "\r\n" if self.excel else "\n"


def _free_texts(columns: tuple[Column, ...]) -> list[int]:
    """Give the places of the columns that hold what somebody chose."""
    return [place for place, column in enumerate(columns) if column.is_free_text]


class _Records(list[str]):
    """What csv.writer writes, a record at a time, with the end of line that is wanted.

    It puts quotes around what is in its own end of line: CR and LF both, whatever is wanted.
    """

    WRITTEN = "\r\n"

    def __init__(self, end: str) -> None:
        super().__init__()
        self._end = end

    def write(self, record: str) -> None:
        self.append(record.removesuffix(self.WRITTEN) + self._end)


def _looked_at(text: bytes, rows: _Rows, *, raw: bool) -> tuple[list[bytes], Collection[int]]:
    """Give each of `rows` as it stands in their JSON, and the places of those that need care.

    A cell needs care if it needs quotes or, unless `raw`, defusing, or if that is in doubt. All is
    told from the bytes of all rows: every comma stands between cells if there are no more, a quote
    or a line break in a text would be escaped, and what opens a text stands behind a quote. Only
    what is told of some row is looked for in each.
    """
    lines = text[2:-2].split(b"],[")
    columns = len(rows[0])
    if len(lines) != len(rows):  # some are in texts
        return [], range(len(rows))
    odd: set[int] = set()
    if columns == 1:  # a record of nothing would be none
        odd.update([place for place, (cell,) in enumerate(rows) if cell is None or cell == ""])

    def look(needs_care: Callable[[bytes], object]) -> None:
        odd.update([place for place, line in enumerate(lines) if needs_care(line)])

    marks = text.translate(None, _PLAIN)
    if marks.count(b",") != columns * len(rows) - 1:
        look(lambda line: line.count(b",") != columns - 1)
    if b"\\" in text:
        look(lambda line: b"\\" in line)
    if not raw:
        odd.update(_lines_with(_SIGN, text))
        if b";" in text or b"|" in text:
            odd.update(_lines_with(_SIGN_WITHIN, text))
        if not marks.decode().isprintable():
            look(lambda line: not line.translate(None, _PLAIN).decode().isprintable())
    return lines, odd


def _lines_with(pattern: re.Pattern[bytes], text: bytes) -> Iterator[int]:
    """Yield which of the lines of rows in JSON, none of which is in a text, a pattern occurs in."""
    place = start = 0
    for found in pattern.finditer(text):
        place += text.count(b"],[", start, found.start())
        start = found.start()
        yield place


def _records_of(lines: list[bytes], rows: _Rows, delimiter: str, end: str) -> bytes:
    """Turn the JSON of rows in which no cell needs quotes into records.

    No text holds a comma, a quote, a backslash or a line break, so every quote is JSON's own, every
    comma stands between cells, and every `null` beside a comma is a null.
    """
    if [row for row in rows if row[0] is None]:
        lines = [line.removeprefix(b"null") for line in lines]
    ended = end.encode()
    # To split and join takes two thirds of the time that `replace` does.
    text = b",".join(ended.join(lines).split(b",null")).translate(None, b'"')
    if delimiter != ",":
        text = text.replace(b",", delimiter.encode())
    return text + ended if lines else b""


def _put_among(records: bytes, odd: dict[int, bytes]) -> list[bytes]:
    """Give records of a line each, and each odd one at its place among them."""
    given = records.splitlines(keepends=True)
    for place in sorted(odd):
        given.insert(place, odd[place])
    return given


def _as_in_json(cell: Any) -> Any:
    """Give a fraction in JSON's notation (0.00001), so that both ways write the same bytes."""
    return to_json(cell).decode() if isinstance(cell, float) else cell


def _defused(row: tuple[Any, ...], texts: list[int]) -> tuple[Any, ...]:
    return tuple(
        _defuse(cell) if place in texts and cell else cell for place, cell in enumerate(row)
    )


def _defuse(text: str) -> str:
    return re.sub(_FORMULA, r"\1'", printable(text))
