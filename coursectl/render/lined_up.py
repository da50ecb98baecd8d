"""Texts lined up in columns by display width, in plain text or as a Markdown table.

How wide a column is shows with its last row, so the rows wait for it, in a file if they are many.
"""

import marshal
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from tempfile import SpooledTemporaryFile

from wcwidth import wcswidth

from coursectl.files import room_for

_IN_MEMORY = 4 * 1024 * 1024
"""Bytes of rows that wait there."""

_WIDEST = 1_000
"""Cells that a column may take; what is wider stands out, and makes no other row as wide."""

_Rows = Sequence[Sequence[str]]


def lined_up(
    rows: Iterable[_Rows], headers: Sequence[str], aligned: Sequence[str], *, markdown: bool
) -> Iterator[str]:
    """Yield the lines of a table: the headers, in Markdown a rule, and each of the `rows`.

    These come some at a time; each column is `aligned` to the left or right.
    """
    widths = list(map(cells, headers))
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as waiting:
        number = 0
        for some in rows:
            stripped = [[text.strip() for text in row] for row in some]
            if not stripped:
                continue
            for place, texts in enumerate(zip(*stripped, strict=True)):
                widths[place] = min(max(widths[place], *map(cells, texts)), _WIDEST)
            with room_for("the rows of a table"):
                marshal.dump(stripped, waiting)
            number += 1
        waiting.seek(0)
        found = (marshal.load(waiting) for _ in range(number))  # noqa: S302 - as it was put there
        is_right = [each == "right" for each in aligned]
        yield _line(headers, widths, is_right, markdown=markdown)
        if markdown:
            rule = [
                _rule(width, right if number else None)
                for width, right in zip(widths, is_right, strict=True)
            ]
            yield f"|{'|'.join(rule)}|\n"
        for row in chain.from_iterable(found):
            yield _line(row, widths, is_right, markdown=markdown)


def cells(text: str) -> int:
    """Give how many cells a printable text takes."""
    return len(text) if text.isascii() else max(wcswidth(text), 0)


def _rule(width: int, is_right: bool | None) -> str:
    """Give the rule below a header; None where there are no rows to be aligned."""
    if is_right is None:
        return "-" * (width + 2)
    dashes = "-" * (width + 1)
    return f"{dashes}:" if is_right else f":{dashes}"


def _line(
    row: Sequence[str], widths: Sequence[int], is_right: Sequence[bool], *, markdown: bool
) -> str:
    padded = []
    for text, width, right in zip(row, widths, is_right, strict=True):
        room = " " * (width - cells(text))
        padded.append(room + text if right else text + room)
    if markdown:
        return f"| {' | '.join(padded)} |\n"
    return "  ".join(padded).rstrip() + "\n"
