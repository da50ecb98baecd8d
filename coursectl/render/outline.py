"""What a page of figures says, section by section, before it has a look.

Summaries, changes, trends and reports are put into outlines; how an outline looks on a terminal, in
a mail, on a web page or in a workbook, each format decides for itself. All text in an outline may
be foreign, that of `Words` excepted: a renderer makes it safe in its own way.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from math import ceil
from typing import TYPE_CHECKING, Any, Protocol

from coursectl.errors import UsageError
from coursectl.render.columns import Column, Kind

if TYPE_CHECKING:
    from coursectl.render.interface import Answer, Sink

MOST_ROWS = 100_000
"""Rows of a table on a page; a browser takes seconds to sort them."""

MOST_CHARACTERS = 32_000_000
"""Characters of all texts in these rows."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One value under its label."""

    label: str
    value: Any
    """As `kind` has it; None where there is none to be had."""
    kind: Kind = Kind.NUMBER
    note: str = ""
    """What else there is to say of it, in a few words."""
    null: str = "-"
    """What a person reads for None."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Values that stand together."""

    items: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar chart of counts: a label, a bar and a number a line."""

    title: str
    label: str
    """What the labels are: the header over them."""
    bars: tuple[tuple[str, int], ...]
    whole: int | None = None
    """What each count is a share of, if it is one; without it, bars compare with the longest."""


@dataclass(frozen=True, slots=True)
class Line:
    """A figure over time."""

    title: str
    kind: Kind
    points: tuple[tuple[datetime, float | None], ...]
    """By time; None where there is no value."""

    @property
    def places(self) -> tuple[float, ...]:
        """How much of the whole time has passed at each point, 0 to 1; half of none."""
        moments = [moment for moment, _ in self.points]
        if not moments:
            return ()
        whole = (moments[-1] - moments[0]).total_seconds()
        return tuple(
            (moment - moments[0]).total_seconds() / whole if whole else 0.5 for moment in moments
        )

    @property
    def top(self) -> int:
        """What a scale that begins at 0 ends at: all percents, or a round number that holds all."""
        if self.kind is Kind.PERCENT:
            return 100
        most = max(
            1, ceil(max((value for _, value in self.points if value is not None), default=1))
        )
        step = max(1, int(10 ** (len(str(most)) - 1)) // 5)
        return -(-most // step) * step


@dataclass(frozen=True, slots=True)
class Rows:
    """A table of members or courses."""

    title: str
    """What the table holds, for whoever cannot see it; not shown where the section says it."""
    columns: tuple[Column, ...]
    rows: Sequence[Mapping[str, Any]]
    as_of: datetime
    """The moment, UTC, from which ages are measured."""
    left_out: int = 0
    """Rows that there are besides these."""
    remedy: str = ""
    """How to see them."""
    searchable: bool = False
    """Whether it is worth a search box where there can be one."""

    @property
    def shared(self) -> Mapping[str, str]:
        """What all of these have in common beside `rows`, which makes them a `Batch`: nothing."""
        return {}


class HeldRows:
    """Rows of a page, all of which are in memory: so many at most, and so much text."""

    def __init__(self, columns: tuple[Column, ...]) -> None:
        self.rows: list[dict[str, Any]] = []
        # The id names whose avatar is linked, where no column of text does.
        self._keys = {"id", *(column.key for column in columns)}
        self._characters = 0

    def add(self, rows: Iterable[Mapping[str, Any]], shared: Mapping[str, str]) -> None:
        """Append rows, each with what is `shared`. Raise UsageError where they are too many."""
        for row in rows:
            held = {key: value for key, value in row.items() if key in self._keys}
            self._characters += sum(len(text) for text in held.values() if isinstance(text, str))
            self.rows.append({**held, **shared})
        if len(self.rows) > MOST_ROWS or self._characters > MOST_CHARACTERS:
            raise UsageError(
                f"more than {MOST_ROWS:,} rows, or {MOST_CHARACTERS:,} characters in them, which is"
                " all that a page holds",
                "coursectl summary gives the figures of any number, and coursectl members writes"
                " .csv, .json and .txt.",
            )


@dataclass(frozen=True, slots=True)
class Words:
    """Paragraphs of our own words."""

    paragraphs: tuple[str, ...]


Block = Figures | Bars | Line | Rows | Words


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it."""

    key: str
    """A name for it in an address: small letters and hyphens, unlike all others."""
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """A whole page."""

    title: str
    facts: tuple[str, ...]
    """What stands below the title: of how many, as of when."""
    sections: tuple[Section, ...]
    footer: Words | None = None


@dataclass(frozen=True, slots=True)
class Lines:
    """Figures over the same time."""

    items: tuple[Line, ...]


Shown = Figures | Bars | Lines | Rows | Words
"""A block as text shows it."""


def _over_time(blocks: Iterable[Block]) -> Iterator[Shown]:
    """Give blocks in order, with lines that follow each other over the same time as one."""

    def time(numbered: tuple[int, Block]) -> tuple[Any, ...]:
        number, block = numbered
        if not isinstance(block, Line):
            return ("block", number)
        return ("line", *(moment for moment, _ in (*block.points[:1], *block.points[-1:])))

    for _, run in groupby(enumerate(blocks), key=time):
        found = [block for _, block in run]
        lines = tuple(block for block in found if isinstance(block, Line))
        if lines:
            yield Lines(lines)
        else:
            yield from (block for block in found if not isinstance(block, Line))


def shown_blocks(
    section: Section, lines_of: Callable[[Shown], Iterable[str]]
) -> Iterator[tuple[str, list[str]]]:
    """Give the lines of each block of a section that shows any, and the title above them, or ""."""
    for block in _over_time(section.blocks):
        lines = list(lines_of(block))
        if lines:
            title = block.title if isinstance(block, Bars | Rows) else ""
            yield title if title != section.title else "", lines


class OutlineRenderer(Protocol):
    """How an outline looks. It writes UTF-8, or what its format is made of."""

    def render_outline(self, outline: Outline, out: "Sink") -> None:
        """Write `outline` to `out`."""


def outline_of(answer: "Answer") -> Outline:
    """Give an answer of rows, all of which are held for that, as a page of nothing else."""
    held = HeldRows(answer.columns)
    as_of = None
    for batch in answer.batches:
        held.add(batch.rows, batch.shared)
        as_of = batch.as_of
    caption = answer.caption()
    sections: tuple[Section, ...] = ()
    if as_of is not None:
        table = Rows(answer.heading, answer.columns, held.rows, as_of, searchable=True)
        sections = (Section(answer.heading.lower(), answer.heading, (table,)),)
    return Outline(caption.title, caption.facts, sections)


@dataclass(frozen=True, slots=True)
class OutlinedRenderer:
    """An answer of rows as a page."""

    page: OutlineRenderer

    def render(self, answer: "Answer", out: "Sink") -> None:
        """Write the rows, all of which are held for that."""
        self.page.render_outline(outline_of(answer), out)
