import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from coursectl.printable import printable
from coursectl.render.columns import Kind
from coursectl.render.outline import Bars, Figure, Figures, Line, Words
from coursectl.render.screen import ScreenRenderer, sparkline
from coursectl.render.table import TableRenderer
from tests.render.answers import AS_OF, TEXTS, answer, member, rendered
from tests.render.outlines import (
    EXAMPLE,
    LINES,
    OUTLINES,
    lines_by,
    looks_like,
    page,
    points,
    rows,
    shown_by,
    with_texts,
    word_for,
)
from tests.test_terminal import on_terminal

SGR = re.compile(r"\x1b\[([\d;]*)m")
WIDTHS = [200, 80, 40, 20]


def body_of(*blocks, width=80, **options):
    """Give the lines below the heading."""
    title, blank, heading, *lines = lines_by(ScreenRenderer(width), page(*blocks, **options))
    assert (title, blank, heading) == ("Food Safety", "", "All")
    return lines


# The page


@pytest.mark.parametrize("width", [200, 80, 40])
def test_a_page_looks_as_it_did(width):
    looks_like(f"outline-screen-{width}.txt")


def test_the_title_stands_above_the_facts_and_the_footer_below_all():
    outline = page(Words(("Hello.",)), facts=("2 members", "as of then"), footer=Words(("Bye.",)))
    assert lines_by(ScreenRenderer(80), outline) == [
        "Food Safety",
        "2 members · as of then",
        "",
        "All",
        "Hello.",
        "",
        "Bye.",
    ]


@pytest.mark.parametrize("width", [*WIDTHS, None])
def test_no_line_of_a_page_is_wider_than_the_terminal(width):
    shown = lines_by(ScreenRenderer(width), EXAMPLE)
    assert [line for line in shown if cell_len(line) > (width or 200)] == []


@pytest.mark.slow
@settings(max_examples=200)
@given(OUTLINES, st.sampled_from(WIDTHS))
def test_whatever_somebody_wrote_no_line_is_wider_than_the_terminal(outline, width):
    shown = lines_by(ScreenRenderer(width), outline)
    assert [line for line in shown if cell_len(line) > width] == []


@pytest.mark.slow
@settings(max_examples=200)
@given(OUTLINES)
def test_whatever_somebody_wrote_moves_no_cursor_and_breaks_no_line(outline):
    shown = shown_by(ScreenRenderer(color_system="truecolor"), outline)
    bare = SGR.sub("", shown)
    assert [each for each in bare if ord(each) < 32 and each != "\n"] == []
    assert bare.splitlines() == bare[:-1].split("\n")


@pytest.mark.slow
@settings(max_examples=200)
@given(OUTLINES)
def test_a_text_takes_as_many_lines_as_a_word_in_its_place(outline):
    def kept(text):
        return text if printable(text).strip(" ") else ""

    outline = with_texts(outline, kept)
    tame = with_texts(outline, word_for)
    assert len(lines_by(ScreenRenderer(), outline)) == len(lines_by(ScreenRenderer(), tame))


def test_a_section_without_anything_is_a_heading():
    nothing = (Figures(()), Bars("Bars", "Bar", ()), rows(title="Rows"), Words(()))
    assert body_of(*nothing) == []
    assert body_of(*nothing, Words(("Hello.",))) == ["Hello."]


def test_a_block_has_its_title_where_the_heading_does_not_say_it():
    shown = body_of(Bars("All", "Bar", (("a", 1),)), Bars("Others", "Bar", (("b", 1),)), width=20)
    assert shown == ["a  ━━━━━━━━━━━━━━  1", "", "Others", "b  ━━━━━━━━━━━━━━  1"]


@pytest.mark.slow
def test_on_a_terminal_of_any_size_a_summary_fits():
    for width in (200, 80, 40):
        shown = on_terminal("summary", "demo", "--no-pager", width=width, height=120)
        assert shown.code == 0
        assert shown.lines[:3] == ["Food Safety Essentials", "as of 2026-11-23 06:00 UTC", ""]
        (joined,) = [line for line in shown.lines if line.startswith("joined  ")]
        assert joined.endswith(" 164   82%")
        assert shown.colour_of("━━━") == "green"


# Figures

SIX = Figures(tuple(Figure(f"Label {number}", number) for number in range(1, 7)))


def test_figures_stand_side_by_side_in_columns_that_line_up():
    assert body_of(SIX, width=40) == [
        "Label 1   Label 2   Label 3",
        "1         2         3",
        "",
        "Label 4   Label 5   Label 6",
        "4         5         6",
    ]
    assert body_of(SIX, width=57) == [
        "Label 1   Label 2   Label 3   Label 4   Label 5   Label 6",
        "1         2         3         4         5         6",
    ]


def test_where_few_figures_find_room_they_are_a_list():
    figures = Figures(
        (Figure("Members", 1204), Figure("Mean", 50.25, Kind.PERCENT, note="of the joined"))
    )
    both = Figures((*figures.items, Figure("Median", None, Kind.PERCENT, null="nobody")))
    assert body_of(both, width=26) == [
        "Members  1,204",
        "Mean     50.3%  of the jo…",
        "Median   nobody",
    ]


def test_a_note_stands_below_its_figure():
    figures = Figures((Figure("Members", 7), Figure("Counted", 5, note="joined")))
    assert body_of(figures) == ["Members   Counted", "7         5", "          joined"]


def test_one_figure_is_cut_where_the_terminal_is_narrower():
    assert body_of(Figures((Figure("A label of some length", 7),)), width=12) == [
        "A label of…",
        "7",
    ]


@pytest.mark.parametrize(
    ("value", "kind", "said"),
    [
        (1234567, Kind.NUMBER, "1,234,567"),
        (99.99, Kind.PERCENT, ">99.9%"),
        (100, Kind.PERCENT, "100%"),
        (None, Kind.NUMBER, "-"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), Kind.DATE, "2026-01-02 03:04 UTC"),
        ("\x1b[1mAnn\nBo", Kind.TEXT, "[1mAnn Bo"),
    ],
)
def test_a_figure_is_said_as_a_person_reads_it(value, kind, said):
    assert body_of(Figures((Figure("What", value, kind),))) == ["What", said]


# Bars


def test_a_bar_has_its_label_its_count_and_its_share():
    bars = Bars("All", "Status", (("joined", 1100), ("invited", 0), ("other", 104)), 1204)
    assert body_of(bars, width=40) == [
        "joined   ━━━━━━━━━━━━━━━━─  1,100  91.4%",
        "invited  ─────────────────      0     0%",
        "other    ━────────────────    104   8.6%",
    ]


@pytest.mark.parametrize("width", [200, 80, 40, 32])
@pytest.mark.parametrize("is_share", [True, False])
def test_no_bar_of_some_is_without_length_and_none_of_less_is_whole(width, is_share):
    counts = (0, 1, 499_999, 999_998, 10**6)
    bars = Bars("All", "", tuple((str(count), count) for count in counts), 10**6 * is_share or None)
    drawn = [re.sub("[^━─]", "", line) for line in body_of(bars, width=width)]
    lengths = [bar.count("━") for bar in drawn]
    (room,) = set(map(len, drawn))
    assert lengths[0] == 0
    assert min(lengths[1:]) >= 1
    assert max(lengths[:-1]) == room - 1
    assert lengths[-1] == room


def test_bars_of_nobody_are_empty():
    assert body_of(Bars("All", "", (("a", 0), ("b", 0)), 0), width=20) == [
        "a  ──────────────  0",
        "b  ──────────────  0",
    ]


@pytest.mark.parametrize(("count", "said"), [(1, "<0.1%"), (500, "0.1%"), (999_999, ">99.9%")])
def test_a_share_is_never_0_for_some_and_never_100_for_not_all(count, said):
    (line,) = body_of(Bars("All", "", (("a", count),), 10**6))
    assert line.endswith(f"  {said}")


def test_without_room_for_bars_there_are_numbers():
    bars = Bars("All", "", (("a very long label", 1),), 2)
    assert body_of(bars, width=16) == ["a ve…  1  50%"]


def test_a_long_label_leaves_two_thirds_to_its_bar():
    (line,) = body_of(Bars("All", "", (("佐藤" * 40, 1),)), width=30)
    assert line == "佐藤佐藤…   ━━━━━━━━━━━━━━━  1"
    assert cell_len(line) == 30


# Lines


def over_days(kind: Kind, values: dict[float, float | None]) -> Line:
    days = ((AS_OF + timedelta(days=day), value) for day, value in values.items())
    return Line("Line", kind, tuple(days))


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"),
        ([54, None, 55], "█ █"),
        ([None, None], "  "),
        ([7, 7, 7], "███"),
        ([0, 0, 0], "▁▁▁"),
        ([1], "█"),
        ([], ""),
        ([100, 150], "▅█"),
    ],
)
def test_a_sparkline_of_counts_goes_from_0_to_the_most(values, shown):
    assert sparkline(Line("", Kind.NUMBER, points(*values)), len(values)) == shown


@pytest.mark.parametrize(
    ("values", "shown"),
    [([54.8, 54.7], "▅▅"), ([0, 50, 100], "▁▅█"), ([99.9, 100], "██"), ([0.1, 0], "▁▁")],
)
def test_a_sparkline_of_percents_goes_from_0_to_100(values, shown):
    assert sparkline(Line("", Kind.PERCENT, points(*values)), len(values)) == shown


@pytest.mark.parametrize(
    ("days", "cells"),
    [
        ((0, 1, 2, 3), [0, 1, 2, 3]),
        ((0, 7, 14, 42), [0, 1, 2, 6]),
        ((0, 1, 61), [0, 1, 39]),
        ((0, 60), [0, 1]),
        ((0, 0.01, 1, 2, 3.01), [0, 1, 2, 3]),
        ((0, 31, 59, 90, 120, 212), [0, 1, 2, 3, 4, 7]),
        ((0,), [0]),
    ],
)
def test_points_of_a_sparkline_lie_by_their_time(days, cells):
    line = over_days(Kind.NUMBER, dict.fromkeys(days, 5))
    shown = body_of(line, width=200)[0].removeprefix("Line  ").removesuffix("  5")
    assert [place for place, cell in enumerate(shown) if cell == "█"] == cells
    assert len(shown) == cells[-1] + 1


def test_values_that_share_a_cell_are_shown_by_their_mean():
    line = over_days(Kind.PERCENT, {0: 0, 1: 100, 9: None, 10: 100})
    assert sparkline(line, 3) == "▅ █"


def test_rosters_of_one_day_are_told_apart_by_the_minute():
    line = over_days(Kind.NUMBER, {0: 1, 0.25: 2})
    assert body_of(line)[1].strip() == "2026-11-23 06:00 to 2026-11-23 12:00"


@given(LINES, st.integers(0, 50))
def test_a_sparkline_is_as_long_as_its_room(line, cells):
    assert len(sparkline(line, cells)) == cells


def test_lines_over_the_same_time_stand_together_above_it():
    members = Line("Members", Kind.NUMBER, points(31, 40, 200))
    mean = Line("Mean completion", Kind.PERCENT, points(None, 75.81, 54))
    same = Line("Same", Kind.NUMBER, points(3, 3, 3))
    assert body_of(members, mean, same) == [
        "Members          ▂▂█     31 → 200",
        "Mean completion   ▆▅  75.8% → 54%",
        "Same             ███      3",
        "                 2026-11-23 to 2026-12-07",
    ]


def test_lines_over_another_time_stand_apart():
    then = Line("Then", Kind.NUMBER, points(1, 2, first=AS_OF - timedelta(days=100)))
    now = Line("Now", Kind.NUMBER, points(1))
    assert body_of(then, now) == [
        "Then  ▅█  1 → 2",
        "      2026-08-15 to 2026-08-22",
        "",
        "Now  █  1",
        "     2026-11-23",
    ]


def test_a_line_of_nothing_is_a_dash():
    assert body_of(Line("Mean", Kind.PERCENT, ())) == ["Mean  -"]
    assert body_of(Line("Mean", Kind.PERCENT, points(None)))[0] == "Mean     -"


def test_a_long_series_fits_into_a_narrow_terminal():
    line = Line("Members in some course", Kind.NUMBER, points(*range(1000)))
    wide, time = body_of(line, width=200)
    assert wide == f"Members in some course  {sparkline(line, 40)}  0 → 999"
    assert time == f"{' ' * 24}2026-11-23 to 2046-01-15"
    narrow, time = body_of(line, width=22)
    assert narrow == "Members in…  0 → 999"
    assert time.endswith("…")


# Rows


@pytest.mark.parametrize("width", [None, *WIDTHS])
@pytest.mark.parametrize("system", [None, "truecolor"])
def test_rows_look_like_the_table_of_members(width, system):
    members = [
        member(each, real_name=f"佐藤 {each}" * 9, last_active_at=AS_OF - timedelta(days=each))
        for each in range(1, 6)
    ]
    table = rendered(TableRenderer(width, system), answer(*members, readable=True)).decode()
    header_and_members = table.split("\n\n")[1].rstrip("\n")
    assert header_and_members.count("\n") == 6
    shown = shown_by(ScreenRenderer(width, system), page(rows(*members)))
    assert header_and_members in shown


def test_how_to_see_what_was_left_out_can_be_copied_word_by_word():
    command = "coursectl members 42 --status joined --max-completion 99.999 --inactive 30d"
    lines = body_of(rows(member(), left_out=1204, remedy=command), width=40)
    told = lines[lines.index("and 1,204 more: coursectl members 42") :]
    assert " ".join(told) == f"and 1,204 more: {command}"


def test_of_people_who_are_all_left_out_the_number_is_told():
    assert body_of(rows(left_out=3)) == ["and 3 more"]


# Words


def test_words_are_wrapped_and_no_word_is_lost():
    told = "Whom the API's own figure counts, the API does not say: " + "佐藤" * 20 + " said so."
    lines = body_of(Words((told,)), width=20)
    assert max(map(cell_len, lines)) == 20
    assert "".join(lines).replace(" ", "") == told.replace(" ", "")


def test_on_a_wide_terminal_words_are_no_wider_than_can_be_read():
    lines = body_of(Words(("word " * 100,)), width=200)
    assert {len(line) for line in lines} == {99}


def test_of_several_paragraphs_each_begins_further_out():
    assert body_of(Words(("One two three", "Four and five")), width=11) == [
        "One two",
        "  three",
        "Four and",
        "  five",
    ]


# Colour


def test_without_a_colour_system_there_is_no_escape_code():
    assert "\x1b" not in shown_by(ScreenRenderer(80), EXAMPLE)


@pytest.mark.parametrize("system", ["standard", "256", "truecolor", "windows"])
def test_no_color_leaves_bold_and_dim_and_no_colour(system):
    shown = shown_by(ScreenRenderer(80, system, no_color=True), EXAMPLE)
    assert {code for found in SGR.findall(shown) for code in found.split(";")} == {"0", "1", "2"}


@pytest.mark.parametrize("width", [None, *WIDTHS])
def test_colour_changes_no_text(width):
    coloured = SGR.sub("", shown_by(ScreenRenderer(width, "truecolor"), EXAMPLE))
    bare = shown_by(ScreenRenderer(width), EXAMPLE)
    assert [line.rstrip() for line in coloured.split("\n")] == bare.split("\n")


def test_each_bar_of_a_status_has_its_colour():
    statuses = ("creator", "manager", "joined", "invited", "requested", "20 to 30%")
    bars = Bars("All", "", tuple((status, 1) for status in statuses))
    shown = lines_by(ScreenRenderer(80, "standard"), page(bars))[3:]
    assert [SGR.findall(line)[0] for line in shown] == ["35", "34", "32", "33", "36", "36"]


@pytest.mark.parametrize("name", ["Ann [/bad]", "[red]Ann[/red]", ":smile:", "[link=x]Ann"])
def test_markup_is_text(name):
    outline = page(Words((name,)), Bars(name, name, ((name, 1),)), Figures((Figure(name, 1),)))
    shown = lines_by(ScreenRenderer(80, "truecolor"), outline)
    assert sum(name in line for line in shown) == 4


@given(TEXTS)
def test_a_title_is_one_line(title):
    outline = page(Words(("Hello.",)))
    shown = lines_by(ScreenRenderer(), with_texts(outline, lambda _: title))
    assert shown[0] == printable(title)
