"""CSV and TSV after RFC 4180: always a header, UTF-8, a null as nothing.

Text that a member chose is defused: a spreadsheet runs a cell that begins with `=`, `+`, `-` or
`@`, so such text gets a `'` in front; control characters go, so that a line stays a line. With
`raw`, text is exactly what the API sent.
"""

import csv
import re
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json, to_json

from coursectl.printable import printable
from coursectl.render.interface import Answer, Sink
from coursectl.render.values import raw_values

_BOM = b"\xef\xbb\xbf"

# A spreadsheet may skip blanks and invisible characters before the sign; some take wide signs too.
_FORMULA = re.compile(r"[\s\u200b-\u200d\u2060]*[=+\-@\uff0b\uff0d\uff1d\uff20]")

_Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class CsvRenderer:
    """CSV, or TSV with a tab as delimiter; `excel` adds the BOM and CRLF that Excel wants."""

    delimiter: str = ","
    raw: bool = False
    excel: bool = False

    def render(self, answer: Answer, out: Sink) -> None:
        """Write a header and a record a member."""
        header = tuple(column.key for column in answer.columns)
        out.write((_BOM if self.excel else b"") + self._records([header]))
        texts = [place for place, column in enumerate(answer.columns) if column.is_free_text]
        for batch in answer.batches:
            rows = raw_values(batch, answer.columns)
            out.write(self._records(rows if self.raw else _defused(rows, texts)))

    def _records(self, rows: _Rows) -> bytes:
        """Write records by way of JSON, which is made, and mostly turned into CSV, natively."""
        end = "\r\n" if self.excel else "\n"
        text = to_json(rows)
        if rows and (records := _records_of(text, rows, self.delimiter.encode(), end.encode())):
            return records
        lines = _Records(end)
        writer = csv.writer(lines, delimiter=self.delimiter, lineterminator=_Records.WRITTEN)
        writer.writerows([_as_in_json(cell) for cell in row] for row in from_json(text))
        return "".join(lines).encode()


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


def _records_of(text: bytes, rows: _Rows, delimiter: bytes, end: bytes) -> bytes | None:
    """Turn a JSON list of rows into records, if no cell needs quotes; else None.

    A cell that needs them has a comma, a tab, a quote or a line break in it. JSON escapes the last
    three, so there is a backslash; and the commas, if none is in a cell, are as many as the cells
    less one. Then every `],[` is the end of a row, and every `null` next to a comma is a null.
    """
    columns = len(rows[0])
    if columns == 1 or b"\\" in text or text.count(b",") != columns * len(rows) - 1:
        return None
    text = text[1:-2].replace(b",null", b",").replace(b"[null,", b"[,")
    text = text[1:].replace(b"],[", b"\n").translate(None, b'"') + b"\n"
    if delimiter != b",":
        text = text.replace(b",", delimiter)
    return text if end == b"\n" else text.replace(b"\n", end)


def _as_in_json(cell: Any) -> Any:
    """Give a small fraction in JSON's notation (1e-5), so that both ways write the same bytes."""
    return to_json(cell).decode() if isinstance(cell, float) else cell


def _defused(rows: _Rows, texts: list[int]) -> _Rows:
    """Make the columns of free text harmless; mostly they are, which a look at all of it tells."""
    suspect = [place for place in texts if not _is_harmless(rows, place)]
    if not suspect:
        return rows
    return [
        tuple(
            _defuse(cell) if cell and place in suspect else cell for place, cell in enumerate(row)
        )
        for row in rows
    ]


def _is_harmless(rows: _Rows, place: int) -> bool:
    texts = [text for row in rows if (text := row[place])]
    return all(map(str.isalnum, {text[0] for text in texts})) and "".join(texts).isprintable()


def _defuse(text: str) -> str:
    text = printable(text)
    return f"'{text}" if _FORMULA.match(text) else text
