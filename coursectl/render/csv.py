"""CSV and TSV after RFC 4180: always a header, UTF-8, a null as nothing.

Text that somebody chose is defused: a spreadsheet runs a cell that begins with `=`, `+`, `-` or
`@`, so such text gets a `'` in front; control characters go, so that a line stays a line. With
`raw`, text is exactly what the API sent.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json, to_json

from coursectl.printable import printable
from coursectl.render.columns import Column
from coursectl.render.interface import Answer, Batch, Rendered, Sink
from coursectl.render.values import raw_values

_BOM = b"\xef\xbb\xbf"

# A spreadsheet may skip blanks and invisible characters before the sign; some take wide signs too.
_FORMULA = re.compile(r"[\s\u200b-\u200d\u2060]*[=+\-@\uff0b\uff0d\uff1d\uff20]")

# The same among JSON: a text that may begin so.
_SIGN = re.compile(rb'"(?:[-=+@ ]|\xef\xbc)')

_ASCII = bytes(byte for byte in range(0x80) if byte != 0x7F)
"""ASCII without DEL; other control codes are escaped in JSON."""

_FEW = 16
"""Rows that are written the slow way together."""

_Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class CsvRenderer:
    """CSV, or TSV with a tab as delimiter; `excel` adds the BOM and CRLF that Excel wants."""

    delimiter: str = ","
    raw: bool = False
    excel: bool = False

    def render(self, answer: Answer, out: Sink) -> None:
        """Write a header and a record a row."""
        header = tuple(column.key for column in answer.columns)
        out.write((_BOM if self.excel else b"") + self._records([header], []))
        for piece in self.body(answer.batches, answer.columns):
            out.write(piece)

    def body(self, batches: Iterable[Batch], columns: tuple[Column, ...]) -> Iterator[bytes]:
        """Give a record a row."""
        texts = _free_texts(columns)
        for batch in batches:
            if isinstance(batch, Rendered):
                yield from batch.pieces
            elif batch.rows:
                yield self._records(raw_values(batch, columns), texts)

    def records(self, batch: Batch, columns: tuple[Column, ...]) -> list[bytes]:
        """Give a record a row, with the end of its line."""
        texts = _free_texts(columns)
        rows = raw_values(batch, columns)
        records = [line + b"\n" for line in self._records(rows, texts).split(b"\n")[:-1]]
        if len(records) == len(rows):
            return records
        return [self._records([row], texts) for row in rows]  # a line ends within a cell

    @property
    def between(self) -> bytes:
        """Nothing: each record ends its line."""
        return b""

    def _records(self, rows: _Rows, texts: list[int]) -> bytes:
        """Write records by way of JSON, which is made, and mostly turned into CSV, natively.

        Where some of many cells need care, a few rows at a time are tried on their own: so one name
        with a comma in it costs its neighbours the slow way, and not all of its batch.
        """
        end = "\r\n" if self.excel else "\n"
        text = to_json(rows)
        if _is_plain(text, rows, raw=self.raw):
            return _records_of(text, rows, self.delimiter.encode(), end.encode())
        if len(rows) > _FEW:
            parts = (rows[start : start + _FEW] for start in range(0, len(rows), _FEW))
            return b"".join([self._records(part, texts) for part in parts])
        if not self.raw:
            rows = [_defused(row, texts) for row in rows]
        lines = _Records(end)
        writer = csv.writer(lines, delimiter=self.delimiter, lineterminator=_Records.WRITTEN)
        writer.writerows([_as_in_json(cell) for cell in row] for row in from_json(to_json(rows)))
        return "".join(lines).encode()


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


def _is_plain(text: bytes, rows: _Rows, *, raw: bool) -> bool:
    """Tell of rows and their JSON whether no cell needs quotes or, unless `raw`, defusing.

    All is told from the bytes, natively: every comma stands between cells if there are no more, a
    quote or a line break in a text would be escaped, and what opens a text stands behind a quote.
    What is no plain text in doubt is looked at again, cell by cell.
    """
    columns = len(rows[0])
    if columns == 1 or b"\\" in text or text.count(b",") != columns * len(rows) - 1:
        return False  # an empty record of one cell needs quotes, or there would be no record
    return raw or (not _SIGN.search(text) and text.translate(None, _ASCII).decode().isprintable())


def _records_of(text: bytes, rows: _Rows, delimiter: bytes, end: bytes) -> bytes:
    """Turn the JSON of rows in which no cell needs quotes into records.

    No text holds a comma, a quote, a backslash or a line break, so every quote is JSON's own, every
    comma stands between cells, every `],[` between rows, and every `null` beside a comma is a null.
    """
    text = text[1:-2].replace(b",null", b",")
    if None in [row[0] for row in rows]:
        text = text.replace(b"[null,", b"[,")
    text = text[1:].replace(b"],[", b"\n").translate(None, b'"') + b"\n"
    if delimiter != b",":
        text = text.replace(b",", delimiter)
    return text if end == b"\n" else text.replace(b"\n", end)


def _as_in_json(cell: Any) -> Any:
    """Give a fraction in JSON's notation (0.00001), so that both ways write the same bytes."""
    return to_json(cell).decode() if isinstance(cell, float) else cell


def _defused(row: tuple[Any, ...], texts: list[int]) -> tuple[Any, ...]:
    return tuple(
        _defuse(cell) if place in texts and cell else cell for place, cell in enumerate(row)
    )


def _defuse(text: str) -> str:
    text = printable(text)
    return f"'{text}" if _FORMULA.match(text) else text
