"""CSV and TSV after RFC 4180: always a header, UTF-8, a null as nothing.

Text that a member chose is defused: a spreadsheet runs a cell that begins with `=`, `+`, `-` or
`@`, so such text gets a `'` in front; control characters go, so that a line stays a line. With
`raw`, text is exactly what the API sent.
"""

import csv
import io
import re
from dataclasses import dataclass
from typing import Any

from coursectl.printable import printable
from coursectl.render.interface import Answer, Sink
from coursectl.render.values import plain_values

_BOM = b"\xef\xbb\xbf"

# A spreadsheet may skip blanks and invisible characters before the sign; some take wide signs too.
_FORMULA = re.compile(r"[\s\u200b-\u200d\u2060]*[=+\-@\uff0b\uff0d\uff1d\uff20]")


@dataclass(frozen=True, slots=True)
class CsvRenderer:
    """CSV, or TSV with a tab as delimiter; `excel` adds the BOM and CRLF that Excel wants."""

    delimiter: str = ","
    raw: bool = False
    excel: bool = False

    def render(self, answer: Answer, out: Sink) -> None:
        """Write a header and a record a member."""
        text = io.StringIO(newline="")
        writer = csv.writer(
            text, delimiter=self.delimiter, lineterminator="\r\n" if self.excel else "\n"
        )
        if self.excel:
            out.write(_BOM)
        writer.writerow([column.key for column in answer.columns])
        texts = [place for place, column in enumerate(answer.columns) if column.is_free_text]
        for batch in answer.batches:
            rows = plain_values(batch, answer.columns)
            if not self.raw:
                for place in texts:
                    _defuse(rows, place)
            writer.writerows(rows)
            out.write(text.getvalue().encode())
            text.seek(0)
            text.truncate()
        out.write(text.getvalue().encode())


def _defuse(rows: list[list[Any]], place: int) -> None:
    """Make one column of text harmless; mostly it is, which a look at all of it tells."""
    texts = [text for row in rows if (text := row[place])]
    if all(map(str.isalnum, {text[0] for text in texts})) and "".join(texts).isprintable():
        return
    for row in rows:
        if row[place]:
            text = printable(row[place])
            row[place] = f"'{text}" if _FORMULA.match(text) else text
