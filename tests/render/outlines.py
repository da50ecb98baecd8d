"""Outlines made by hand, outlines of anything, and what a renderer makes of them."""

import hashlib
import io
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import strategies as st

from coursectl.render.columns import MEMBER, Column, Kind
from coursectl.render.outline import (
    Bars,
    Block,
    Figure,
    Figures,
    Line,
    Outline,
    OutlineRenderer,
    Rows,
    Section,
    Words,
)
from coursectl.render.prose import ProseRenderer
from coursectl.render.screen import ScreenRenderer
from coursectl.roster.member import Member
from tests.render.answers import AS_OF, MEMBERS, MOMENTS, RATES, TEXTS, member

GOLDEN = Path(__file__).with_name("golden")
RENDERERS: dict[str, OutlineRenderer] = {
    "outline-screen-200.txt": ScreenRenderer(200),
    "outline-screen-80.txt": ScreenRenderer(80),
    "outline-screen-40.txt": ScreenRenderer(40),
    "outline-plain.txt": ProseRenderer(),
    "outline-markdown.txt": ProseRenderer(markdown=True),
}
"""The golden files of `EXAMPLE`, and what makes them."""

COLUMNS = tuple(column for column in MEMBER if column.key != "avatar")


def page(*blocks: Block, footer: Words | None = None, facts: tuple[str, ...] = ()) -> Outline:
    """Give a page of one section."""
    return Outline("Food Safety", facts, (Section("all", "All", blocks),), footer)


def points(
    *values: float | None, first: datetime = AS_OF
) -> tuple[tuple[datetime, float | None], ...]:
    """Give a value a week."""
    return tuple((first + timedelta(weeks=week), value) for week, value in enumerate(values))


def rows(
    *members: Member,
    title: str = "All",
    columns: Iterable[Column] = COLUMNS,
    left_out: int = 0,
    remedy: str = "",
) -> Rows:
    """Give members as a table."""
    return Rows(title, tuple(columns), members, AS_OF, left_out, remedy)


def shown_by(renderer: OutlineRenderer, outline: Outline) -> str:
    """Give all that `renderer` writes."""
    out = io.BytesIO()
    renderer.render_outline(outline, out)
    return out.getvalue().decode()


def lines_by(renderer: OutlineRenderer, outline: Outline) -> list[str]:
    """Give the lines that `renderer` writes."""
    text = shown_by(renderer, outline)
    assert text.endswith("\n")
    return text[:-1].split("\n")


EXAMPLE = Outline(
    "Food Safety Essentials",
    ("1,204 members", "status joined, invited", "as of 2026-11-23 06:00 UTC"),
    (
        Section(
            "figures",
            "At a glance",
            (
                Figures(
                    (
                        Figure("Members", 1204),
                        Figure("Counted", 1100, note="joined"),
                        Figure("Mean completion", 54.8125, Kind.PERCENT),
                        Figure("Median", None, Kind.PERCENT, null="nobody"),
                        Figure("Last joined", datetime(2026, 11, 1, 9, 30, tzinfo=UTC), Kind.DATE),
                        Figure("Need a nudge", 86, note="silent for 30d"),
                        Figure("Course", "食品安全 [red]", Kind.TEXT),
                    )
                ),
            ),
        ),
        Section(
            "status",
            "By status",
            (
                Bars(
                    "By status",
                    "Status",
                    (("creator", 1), ("manager", 0), ("joined", 1100), ("odd|one", 103)),
                    1204,
                ),
                Bars("Joins by week", "Week of", (("2026-11-02", 3), ("2026-11-09", 12))),
            ),
        ),
        Section(
            "time",
            "Over time",
            (
                Line("Members", Kind.NUMBER, points(3, 4, 8, None, 12)),
                Line("Mean completion", Kind.PERCENT, points(None, 80, 60.5, 62, 54.8)),
                Words(("So far, so good.",)),
            ),
        ),
        Section(
            "nudge",
            "Who needs a nudge",
            (
                rows(
                    member(7, real_name="Ann O'Brien <ann@example.com>", user_completion_rate=50),
                    member(
                        1024, real_name="佐藤 さくら", last_active_at=AS_OF - timedelta(days=40)
                    ),
                    title="Who needs a nudge",
                    left_out=1084,
                    remedy="coursectl members 42 --status joined --max-completion 99.999"
                    " --inactive 30d --sort last_active_at",
                ),
            ),
        ),
    ),
    Words(
        (
            "Counted: Completion, activity and joins count the members whose status is joined, or,"
            " with --status, those of the statuses named there.",
            "Active: A member is active when they complete a lesson (last_active_at), not when they"
            " log in.",
        )
    ),
)

FIGURES = st.one_of(
    st.builds(Figure, TEXTS, st.none() | st.integers(0, 10**9), note=TEXTS, null=st.just("-")),
    st.builds(Figure, TEXTS, RATES, st.just(Kind.PERCENT), note=TEXTS),
    st.builds(Figure, TEXTS, TEXTS, st.just(Kind.TEXT)),
    st.builds(Figure, TEXTS, MOMENTS, st.just(Kind.DATE)),
)
COUNTS = st.lists(st.tuples(TEXTS, st.integers(0, 10**9)), max_size=4).map(tuple)
BARS = st.builds(
    lambda title, label, bars, is_share: Bars(
        title, label, bars, sum(count for _, count in bars) if is_share else None
    ),
    TEXTS,
    TEXTS,
    COUNTS,
    st.booleans(),
)
LINES = st.builds(
    lambda title, kind, values: Line(title, kind, points(*values)),
    TEXTS,
    st.sampled_from([Kind.NUMBER, Kind.PERCENT]),
    st.lists(st.none() | st.integers(0, 100), max_size=60),
)
ROWS = st.builds(
    lambda title, members, left_out, remedy: rows(
        *members, title=title, left_out=left_out, remedy=remedy
    ),
    TEXTS,
    st.lists(MEMBERS, max_size=3),
    st.integers(0, 9),
    TEXTS,
)
PARAGRAPHS = st.builds(Words, st.lists(TEXTS, max_size=3).map(tuple))
BLOCKS = st.one_of(
    st.builds(Figures, st.lists(FIGURES, max_size=5).map(tuple)), BARS, LINES, ROWS, PARAGRAPHS
)
OUTLINES = st.builds(
    Outline,
    TEXTS,
    st.lists(TEXTS, max_size=3).map(tuple),
    st.lists(
        st.builds(Section, st.just("key"), TEXTS, st.lists(BLOCKS, max_size=3).map(tuple)),
        max_size=2,
    ).map(tuple),
    st.none() | PARAGRAPHS,
)
"""Outlines in which whatever can be text is anything that somebody may have written."""


def with_texts(outline: Outline, of: Callable[[str], str]) -> Outline:
    """Give the same outline with each text, but those in rows, made into another."""

    def block(was: Block) -> Block:
        match was:
            case Figures():
                return Figures(
                    tuple(
                        Figure(
                            of(item.label),
                            of(item.value) if item.kind is Kind.TEXT else item.value,
                            item.kind,
                            of(item.note),
                        )
                        for item in was.items
                    )
                )
            case Bars():
                bars = tuple((of(label), count) for label, count in was.bars)
                return Bars(of(was.title), of(was.label), bars, was.whole)
            case Line():
                return Line(of(was.title), was.kind, was.points)
            case Rows():
                return Rows(
                    of(was.title), was.columns, was.rows, was.as_of, was.left_out, of(was.remedy)
                )
            case Words():
                return Words(tuple(map(of, was.paragraphs)))

    sections = tuple(
        Section(section.key, of(section.title), tuple(map(block, section.blocks)))
        for section in outline.sections
    )
    footer = outline.footer and Words(tuple(map(of, outline.footer.paragraphs)))
    return Outline(of(outline.title), tuple(map(of, outline.facts)), sections, footer)


def word_for(text: str) -> str:
    """Give a harmless word for a text, another for each; nothing for nothing."""
    return text and f"x{hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}"


def looks_like(golden: str) -> None:
    """Compare what becomes of `EXAMPLE` with a golden file, byte for byte."""
    file = GOLDEN / golden
    expected = file.read_text(encoding="utf-8") if file.exists() else ""
    assert shown_by(RENDERERS[golden], EXAMPLE) == expected, (
        "a page looks different; if it is meant to: python -m tests.render.outlines"
    )


if __name__ == "__main__":
    for name, renderer in RENDERERS.items():
        (GOLDEN / name).write_text(shown_by(renderer, EXAMPLE), encoding="utf-8", newline="\n")
