"""Plain text and Markdown: nothing cut off, no colour, ISO dates."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from coursectl.render.columns import Column, Kind
from coursectl.render.interface import Answer, Batch, Sink
from coursectl.render.lined_up import lined_up
from coursectl.render.values import readable_values

_AT_ONCE = 64 * 1024
"""Characters that are written together."""

_RIGHT = (Kind.NUMBER, Kind.PERCENT, Kind.POINTS)

# Characters that Markdown, or HTML inside it, gives a meaning to, and those by which it knows an
# address that it would make a link of.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$]|:(?=//)|(?<=www)\.)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TextRenderer:
    """A table of text: columns lined up by display width, or with `markdown` a Markdown table.

    With `days`, a moment is told by its day alone.
    """

    markdown: bool = False
    days: bool = False

    def render(self, answer: Answer, out: Sink) -> None:
        """Write a header and a line a row."""
        some, size = [], 0
        for line in self.table(answer.columns, answer.batches):
            some.append(line)
            size += len(line)
            if size > _AT_ONCE:
                out.write("".join(some).encode())
                some, size = [], 0
        out.write("".join(some).encode())

    def table(self, columns: tuple[Column, ...], batches: Iterable[Batch]) -> Iterator[str]:
        """Yield the lines of a table: a header and a line a row."""
        aligned = ["right" if column.kind in _RIGHT else "left" for column in columns]
        rows = (self._rows(batch, columns) for batch in batches)
        headers = [column.header for column in columns]
        return lined_up(rows, headers, aligned, markdown=self.markdown)

    def _rows(self, batch: Batch, columns: tuple[Column, ...]) -> list[list[str]]:
        rows = readable_values(batch, columns)
        if self.days:
            _cut_to_days(rows, columns)
        if self.markdown:
            texts = [place for place, column in enumerate(columns) if column.is_free_text]
            for row in rows:
                for place in texts:
                    row[place] = without_markup(row[place])
        return rows


def _cut_to_days(rows: list[list[str]], columns: tuple[Column, ...]) -> None:
    for place, column in enumerate(columns):
        if column.kind in (Kind.DATE, Kind.ACTIVITY):
            for row in rows:
                row[place] = row[place].partition("T")[0]


def without_markup(text: str) -> str:
    """Give text that Markdown, and HTML inside it, shows as it is, and that addresses nobody.

    A chat looks for `@everyone` whatever the Markdown, so something unseen stands behind each `@`.
    """
    return _MARKUP.sub(r"\\\1", text).replace("@", "@\N{ZERO WIDTH SPACE}")
