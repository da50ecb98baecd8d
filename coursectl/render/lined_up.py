"""Texts lined up in columns by display width, in plain text or as a Markdown table.

How wide a column is shows with its last row, so the rows wait for it, in a file if they are many.
Then tabulate lines up some rows at a time, below a row of dashes that is as wide as the columns are
in all of them, and is left out.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import tabulate
from wcwidth import wcswidth

from coursectl.render.spool import RowSpool

# tabulate would widen each column by the blanks between columns once more.
tabulate.MIN_PADDING = 0

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
    head: Sequence[str] = headers
    with RowSpool[list[str]]() as spool:
        for some in rows:
            if not some:
                continue
            stripped = [[text.strip() for text in row] for row in some]
            for place, texts in enumerate(zip(*stripped, strict=True)):
                widths[place] = min(max(widths[place], *map(cells, texts)), _WIDEST)
            spool.put(stripped)
        for batch in spool.batches():
            for is_wide, group in groupby(batch, _is_wide):
                for part in ([row] for row in group) if is_wide else [list(group)]:
                    yield from _lines(part, head, widths, aligned, markdown=markdown)
                    head = ()
    if head:
        yield from _lines([], head, widths, aligned, markdown=markdown)


def cells(text: str) -> int:
    """Give how many cells a printable text takes."""
    return len(text) if text.isascii() else max(wcswidth(text), 0)


def _is_wide(row: Sequence[str]) -> bool:
    return max(map(cells, row), default=0) > _WIDEST


def _lines(
    rows: _Rows,
    headers: Sequence[str],
    widths: Sequence[int],
    aligned: Sequence[str],
    *,
    markdown: bool,
) -> list[str]:
    """Return the lines of some rows, with the headers above if there are any."""
    ruler = [["-" * width for width in widths]] if rows else []
    text = tabulate.tabulate(
        [*ruler, *rows],
        headers=headers,
        tablefmt="pipe" if markdown else "plain",
        colalign=aligned if rows else None,
        disable_numparse=True,
    )
    lines = [f"{line.rstrip()}\n" for line in text.split("\n")]
    above = (1 + markdown) if headers else int(markdown)
    return [*(lines[:above] if headers else ()), *lines[above + len(ruler) :]]
