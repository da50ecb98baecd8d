import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt
from wcwidth import wcswidth

from coursectl.printable import printable
from coursectl.render.columns import Kind
from coursectl.render.outline import Bars, Figure, Figures, Line, Outline, Section, Words
from coursectl.render.prose import ProseRenderer
from coursectl.render.text import TextRenderer
from tests.render.answers import answer, member, rendered
from tests.render.outlines import (
    EXAMPLE,
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

PLAIN = ProseRenderer()
MARKDOWN = ProseRenderer(markdown=True)


def plain(*blocks, **options):
    """Give the lines of a mail below the heading."""
    *above, heading, underline, first = lines_by(PLAIN, page(*blocks, **options))[:6]
    assert (*above, heading, underline) == ("Food Safety", "===========", "", "All", "---")
    return [first, *lines_by(PLAIN, page(*blocks, **options))[6:]]


def markdown(*blocks, **options):
    """Give the lines of Markdown below the heading."""
    lines = lines_by(MARKDOWN, page(*blocks, **options))
    assert lines[:4] == ["# Food Safety", "", "## All", ""]
    return lines[4:]


# Both


def test_a_mail_looks_as_it_did():
    looks_like("outline-plain.txt")


def test_a_page_of_markdown_looks_as_it_did():
    looks_like("outline-markdown.txt")


@pytest.mark.slow
@pytest.mark.measured
@settings(max_examples=200)
@given(OUTLINES)
def test_whatever_somebody_wrote_it_is_lines_of_text_without_trailing_blanks(outline):
    for renderer in (PLAIN, MARKDOWN):
        shown = shown_by(renderer, outline)
        assert [each for each in shown if ord(each) < 32 and each != "\n"] == []
        assert shown.splitlines() == shown[:-1].split("\n")
        assert [line for line in shown.split("\n") if line != line.rstrip()] == []


@pytest.mark.slow
@pytest.mark.measured
@settings(max_examples=200)
@given(OUTLINES)
def test_a_text_takes_as_many_lines_as_a_word_in_its_place(outline):
    def kept(text):
        return text if printable(text).strip() else ""

    outline = with_texts(outline, kept)
    tame = with_texts(outline, word_for)
    for renderer in (PLAIN, MARKDOWN):
        assert len(lines_by(renderer, outline)) == len(lines_by(renderer, tame))


@pytest.mark.parametrize("renderer", [PLAIN, MARKDOWN])
def test_a_section_without_anything_is_a_heading(renderer):
    nothing = (Figures(()), Bars("Bars", "Bar", ()), rows(title="Rows"), Words(()))
    assert lines_by(renderer, page(*nothing)) == lines_by(renderer, page())


# A mail


def test_in_a_mail_headings_are_underlined_as_wide_as_they_are():
    outline = Outline("食品安全", (), (Section("x", "A", (Words(("Hello.",)),)),), Words(("Bye.",)))
    assert lines_by(PLAIN, outline) == [
        "食品安全",
        "========",
        "",
        "A",
        "---",
        "Hello.",
        "",
        "-" * 80,
        "Bye.",
    ]


def test_in_a_mail_figures_are_values_behind_their_labels():
    figures = Figures(
        (
            Figure("Members", 1204),
            Figure("Mean completion", 54.84, Kind.PERCENT, note="of the joined"),
            Figure("Median", None, Kind.PERCENT, null="nobody"),
            Figure("Fetched", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), Kind.DATE),
        )
    )
    assert plain(figures) == [
        "Members:                         1,204",
        "Mean completion:                 54.8%  of the joined",
        "Median:                         nobody",
        "Fetched:          2026-01-02 03:04 UTC",
    ]


def test_in_a_mail_bars_are_drawn_beside_their_numbers():
    bars = Bars("All", "Status", (("joined", 999), ("invited", 0), ("odd", 1)), 1000)
    assert plain(bars) == [
        "Status   Members  Share",
        "joined       999  99.9%  #############################",
        "invited        0     0%",
        "odd            1   0.1%  #",
    ]


def test_in_a_mail_bars_that_are_no_share_compare_with_the_longest():
    assert plain(Bars("Joins", "Week of", (("2026-11-02", 5), ("2026-11-09", 10)))) == [
        "Joins:",
        "Week of     Members",
        "2026-11-02        5  ###############",
        "2026-11-09       10  ##############################",
    ]
    assert plain(Bars("All", "Week of", (("2026-11-02", 0),))) == [
        "Week of     Members",
        "2026-11-02        0",
    ]


def test_figures_over_time_are_told_by_their_ends_and_their_bounds():
    members = Line("Members", Kind.NUMBER, points(3, 1200, 8, None))
    mean = Line("Mean", Kind.PERCENT, points(None, 80, 60.5, 54.8))
    assert plain(members, mean, Line("Nothing", Kind.NUMBER, ())) == [
        "Over time  First   Last  Least   Most",
        "Members        3      8      3  1,200",
        "Mean         80%  54.8%  54.8%    80%",
        "",
        "Over time  First  Last  Least  Most",
        "Nothing        -     -      -     -",
    ]


@pytest.mark.parametrize("is_markdown", [False, True])
def test_rows_look_like_the_list_of_members(is_markdown):
    members = [member(each, real_name="佐藤 | <b>さくら" * 20) for each in range(1, 4)]
    table = rendered(TextRenderer(is_markdown, days=True), answer(*members, readable=True)).decode()
    shown = shown_by(ProseRenderer(is_markdown), page(rows(*members, left_out=2, remedy="Ask.")))
    between = "\n" * is_markdown
    assert shown.endswith(f"\n{table}{between}and 2 more: Ask.\n")


def test_of_people_who_are_all_left_out_the_number_is_told():
    assert plain(rows(left_out=1204)) == ["and 1,204 more"]
    assert markdown(rows(left_out=1204)) == ["and 1,204 more"]


def test_words_of_a_mail_are_wrapped_and_none_is_cut():
    address = "https://community.example/" + "x" * 100
    told = "Whom the API's own figure counts, the API does not say. 佐藤 " * 3 + address
    lines = plain(Words((told,)))
    assert lines[-1] == address
    assert max(map(wcswidth, lines[:-1])) in range(70, 81)
    assert " ".join(lines) == told


def test_of_several_paragraphs_of_a_mail_each_begins_further_out():
    lines = plain(Words(("One " * 30, "Two " * 30)))
    assert [line[:5] for line in lines] == ["One O", "  One", "Two T", "  Two"]


def test_facts_of_a_mail_go_to_the_next_line_as_a_whole():
    facts = ("1,204 members", "status joined, invited " * 3, "as of then")
    assert lines_by(PLAIN, page(facts=facts))[2:5] == [
        "1,204 members",
        "status joined, invited status joined, invited status joined, invited",
        "as of then",
    ]


# Markdown


def parsed(text):
    """Read Markdown as GitHub does; give its blocks, and the text of each with what is in it."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    inside = {child.type for token in tokens for child in token.children or ()}
    return [token.type for token in tokens], inside, tokens


def text_of(token):
    return "".join(child.content for child in token.children)


def test_markdown_has_headings_pipe_tables_paragraphs_and_a_list_of_definitions():
    outline = page(
        Figures((Figure("Members", 7), Figure("Counted", 5, note="joined"))),
        Bars("By status", "Status", (("joined", 5), ("none", 2)), 7),
        Words(("One.", "Two.")),
        Line("Mean", Kind.PERCENT, points(1, 2)),
        facts=("7 members", "as of then"),
        footer=Words(("Counted: the joined.", "Active: lately.")),
    )
    assert lines_by(MARKDOWN, outline) == [
        "# Food Safety",
        "",
        "7 members · as of then",
        "",
        "## All",
        "",
        "| Figure  | Value | Note   |",
        "|:--------|------:|:-------|",
        "| Members |     7 |        |",
        "| Counted |     5 | joined |",
        "",
        "**By status**",
        "",
        "| Status | Members | Share |",
        "|:-------|--------:|------:|",
        "| joined |       5 | 71.4% |",
        "| none   |       2 | 28.6% |",
        "",
        "One.",
        "",
        "Two.",
        "",
        "| Over time | First | Last | Least | Most |",
        "|:----------|------:|-----:|------:|-----:|",
        "| Mean      |    1% |   2% |    1% |   2% |",
        "",
        "---",
        "",
        "- Counted: the joined.",
        "- Active: lately.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[click](https://evil.example)",
        "![x](https://evil.example/pixel.png)",
        "**bold** _it_ ~~no~~ `code` &amp; \\",
        "| a | b |",
        "# Title",
        "> quote",
        "- item",
        "+ item",
        "* item",
        "1. item",
        "1) item",
        "---",
        "===",
        "    code",
        "~~~",
        "a\n\n# b",
        "2026-11-23 was a day",
    ],
)
def test_in_markdown_a_text_is_a_text_wherever_it_stands(text):
    outline = with_texts(EXAMPLE, lambda was: text if was else "")
    kinds, inside, tokens = parsed(shown_by(MARKDOWN, outline))
    tame, _, _ = parsed(shown_by(MARKDOWN, with_texts(EXAMPLE, lambda was: was and "x")))
    assert kinds == tame
    assert inside <= {"text", "text_special", "strong_open", "strong_close"}
    shown = printable(text).strip()
    (title, *_) = [token for token in tokens if token.type == "inline"]
    assert text_of(title) == shown
    assert sum(shown in text_of(token) for token in tokens if token.type == "inline") > 20


@pytest.mark.slow
@settings(max_examples=200)
@given(OUTLINES)
def test_whatever_somebody_wrote_becomes_no_markup(outline):
    outline = with_texts(outline, lambda text: text if re.search(r"\S", printable(text)) else "x")
    tame = with_texts(outline, word_for)
    kinds, inside, _ = parsed(shown_by(MARKDOWN, outline))
    assert inside <= {"text", "text_special", "strong_open", "strong_close"}
    assert kinds == parsed(shown_by(MARKDOWN, tame))[0]
