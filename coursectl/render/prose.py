"""An outline in plain text for a mail, or in Markdown for a chat or a wiki."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from wcwidth import wcswidth

from coursectl.printable import printable
from coursectl.render.columns import Kind
from coursectl.render.interface import Sink
from coursectl.render.lined_up import lined_up
from coursectl.render.lines import packed, words
from coursectl.render.outline import (
    Bars,
    Figures,
    Lines,
    Outline,
    Rows,
    Section,
    Shown,
    Words,
    shown_blocks,
)
from coursectl.render.text import TextRenderer, without_markup
from coursectl.render.values import figure, length, share

_WIDTH = 80
"""Cells that a line of words takes in a mail."""
_WIDEST_BAR = 30

# What makes a line of Markdown a list, a rule, or a heading of the line above it.
_AT_THE_START = re.compile(r"^(\d+(?=\.(?: |$))|(?=[-=]))")


@dataclass(frozen=True, slots=True)
class ProseRenderer:
    """A page of text: nothing cut off, no colour, ISO dates; with `markdown` in Markdown."""

    markdown: bool = False

    def render_outline(self, outline: Outline, out: Sink) -> None:
        """Write a title, and section by section what stands there."""
        out.write("".join(f"{line.rstrip()}\n" for line in self._page(outline)).encode())

    def _page(self, outline: Outline) -> Iterator[str]:
        yield from self._heading(outline.title, 1)
        if outline.facts:
            yield from self._facts(outline.facts)
        for section in outline.sections:
            yield ""
            yield from self._heading(section.title, 2)
            yield from self._section(section)
        if outline.footer:
            yield from ["", "---", ""] if self.markdown else ["", "-" * _WIDTH]
            yield from self._words(outline.footer, "- ")

    def _section(self, section: Section) -> Iterator[str]:
        for place, (title, lines) in enumerate(shown_blocks(section, self._block)):
            if self.markdown or place:
                yield ""
            if title:
                name = self._text(title)
                yield from [f"**{name}**", ""] if self.markdown else [f"{name}:"]
            yield from lines

    def _block(self, block: Shown) -> Iterator[str]:
        match block:
            case Figures():
                yield from self._figures(block)
            case Bars():
                yield from self._bars(block)
            case Lines():
                yield from self._lines(block)
            case Rows():
                yield from self._rows(block)
            case Words():
                yield from self._words(block)

    # Words

    def _text(self, text: str) -> str:
        text = printable(text).strip()
        return without_markup(text) if self.markdown else text

    def _heading(self, text: str, level: int) -> list[str]:
        text = self._text(text)
        if self.markdown:
            return [f"{'#' * level} {text}"]
        return [text, "=-"[level - 1] * max(_cells(text), 3)]

    def _facts(self, facts: tuple[str, ...]) -> list[str]:
        if self.markdown:
            return ["", self._paragraph(" · ".join(facts))]
        return packed(map(printable, facts), _WIDTH, _cells, between=" · ")

    def _words(self, told: Words, bullet: str = "") -> Iterator[str]:
        """Give paragraphs so that one sees where each begins, in Markdown behind `bullet`."""
        several = len(told.paragraphs) > 1
        for number, text in enumerate(told.paragraphs):
            if self.markdown:
                yield from [""] * bool(number and not bullet)
                yield bullet + self._paragraph(text)
            else:
                shown = words(self._text(text))
                yield from packed(shown, _WIDTH, _cells, indent="  " * several)

    def _paragraph(self, text: str) -> str:
        return _AT_THE_START.sub(r"\1\\", self._text(text))

    # Tables

    def _table(self, rows: list[list[str]], headers: list[str], aligned: list[str]) -> list[str]:
        if self.markdown:
            rows = [[without_markup(cell) for cell in row] for row in rows]
        lines = lined_up([rows], headers, aligned, markdown=self.markdown)
        return [line.removesuffix("\n") for line in lines]

    def _figures(self, figures: Figures) -> list[str]:
        colon = "" if self.markdown else ":"
        rows = [
            [
                printable(item.label) + colon,
                figure(item.value, item.kind, item.null),
                printable(item.note),
            ]
            for item in figures.items
        ]
        columns = 3 if any(note for *_, note in rows) else 2
        headers = ["Figure", "Value", "Note"][:columns]
        aligned = ["left", "right", "left"][:columns]
        lines = self._table([row[:columns] for row in rows], headers, aligned) if rows else []
        return lines if self.markdown else lines[1:]  # a mail needs no header here

    def _bars(self, bars: Bars) -> list[str]:
        if not bars.bars:
            return []
        most = bars.whole or max(count for _, count in bars.bars)
        rows = []
        for label, count in bars.bars:
            row = [printable(label), figure(count, Kind.NUMBER)]
            if bars.whole:
                row.append(share(count, bars.whole))
            if not self.markdown:
                row.append("#" * length(count, most, _WIDEST_BAR))
            rows.append(row)
        headers = [self._text(bars.label), "Members", *(["Share"] if bars.whole else [])]
        aligned = ["left", *["right"] * (len(headers) - 1)]
        if not self.markdown:
            headers, aligned = [*headers, ""], [*aligned, "left"]
        return self._table(rows, headers, aligned)

    def _lines(self, lines: Lines) -> list[str]:
        rows = []
        for line in lines.items:
            known = [value for _, value in line.points if value is not None]
            told = (known[0], known[-1], min(known), max(known)) if known else (None,) * 4
            rows.append([printable(line.title), *(figure(value, line.kind) for value in told)])
        headers = ["Over time", "First", "Last", "Least", "Most"]
        return self._table(rows, headers, ["left", *["right"] * 4])

    def _rows(self, rows: Rows) -> Iterator[str]:
        if rows.rows:
            lines = TextRenderer(self.markdown, days=True).table(rows.columns, [rows])
            yield from (line.removesuffix("\n") for line in lines)
        if rows.left_out:
            told = f"and {rows.left_out:,} more" + (f": {rows.remedy}" if rows.remedy else "")
            yield from [""] * bool(self.markdown and rows.rows)
            yield self._text(told)


def _cells(text: str) -> int:
    return max(wcswidth(text), 0)
