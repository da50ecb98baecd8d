import io
import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings

from coursectl.printable import printable
from coursectl.render.columns import MEMBER, Kind
from coursectl.render.html import HtmlRenderer
from coursectl.render.html.charts import LineChart, line_chart
from coursectl.render.outline import Bars, Figure, Figures, Line, Outline, Rows, Section, Words
from tests.render.answers import AS_OF, TEXTS, member


def page_of(*blocks: object, title: str = "Course", links_avatars: bool = False) -> str:
    out = io.BytesIO()
    outline = Outline(title, ("a fact",), (Section("part", "Part", tuple(blocks)),))
    HtmlRenderer(links_avatars).render_outline(outline, out)
    return out.getvalue().decode()


def roster(*members: object, columns: tuple = MEMBER, left_out: int = 0) -> Rows:
    return Rows("Roster", columns, members, AS_OF, left_out, "all of <them>", searchable=True)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read(page: str) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    return reader


@settings(max_examples=60)
@given(TEXTS, TEXTS)
def test_foreign_text_stays_text_wherever_it_stands(text, other):
    def blocks(one: str, two: str) -> tuple:
        return (
            Figures((Figure(one, two, Kind.TEXT, note=two),)),
            Bars(one, two, ((one, 1), (two, 0)), 2),
            Line(one, Kind.NUMBER, ((AS_OF, 1.0), (AS_OF, None))),
            roster(member(username=f"{one}a", real_name=f"{two}a", join_status=f"{one}a")),
            Words((one, two)),
        )

    plain = read(page_of(*blocks("plain", "other"), title="title"))
    tricky = read(page_of(*blocks(f"{text}.", f"{other}."), title=f"{text}."))
    assert tricky.tags == plain.tags
    assert tricky.attributes == plain.attributes
    assert printable(f"{text}.") in tricky.texts


def test_a_page_needs_nothing_but_itself_and_styles_nothing_in_place():
    reader = read(page_of(Figures((Figure("When", AS_OF, Kind.DATE),)), roster(member())))
    assert reader.attributes.isdisjoint({"style", "src", "onclick", "onload"})
    assert {"img", "link", "iframe", "form"}.isdisjoint(reader.tags)


def test_the_policy_lets_run_what_is_in_the_page_only():
    page = page_of()
    for part in (
        "default-src &#39;none&#39;",
        "script-src &#39;sha256-",
        "base-uri &#39;none&#39;",
    ):
        assert part in page
    assert "unsafe" not in page


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "//community.example/a.png",
        "https://",
        "http://[",
        "",
        None,
    ],
)
def test_only_addresses_on_the_web_become_links(address):
    page = page_of(roster(member(avatar=address)), links_avatars=True)
    assert "<a href" not in page.partition("<main")[2]


def test_an_avatar_is_linked_only_when_asked_for_and_tells_nobody_where_from():
    table = roster(member(avatar="https://community.example/a.png?x=1&y=2"))
    assert "community.example" not in page_of(table)
    linked = page_of(table, links_avatars=True)
    assert 'href="https://community.example/a.png?x=1&amp;y=2"' in linked
    assert 'rel="noreferrer noopener"' in linked


def test_a_rate_keeps_what_is_rounded_away_for_sorting():
    page = page_of(roster(member(user_completion_rate=99.96)))
    assert '<td class="number" data-value="99.96">&gt;99.9%</td>' in page


def test_a_table_says_how_many_it_leaves_out_and_how_to_see_them():
    assert "and 1,234 more: <code>all of &lt;them&gt;</code>" in page_of(
        roster(member(), left_out=1234)
    )


def test_a_line_without_a_value_is_not_drawn():
    assert "<svg" not in page_of(Line("Mean", Kind.PERCENT, ((AS_OF, None),)))


def chart_of(kind: Kind, values: dict[float, float | None]) -> tuple[LineChart, str]:
    """Lay out values by the days after a moment; give that, and the page it is drawn on."""
    days = ((AS_OF + timedelta(days=day), value) for day, value in values.items())
    line = Line("Line", kind, tuple(days))
    chart = line_chart(line)
    assert chart is not None
    return chart, page_of(line)


def test_points_lie_by_their_time_so_that_a_gap_looks_like_one():
    chart, page = chart_of(Kind.NUMBER, {0: 1, 1: 1, 61: 1, 62: 1})
    places = [x for run in chart.runs for x, _ in run]
    along = [(x - chart.left) / (chart.right - chart.left) for x in places]
    assert along == pytest.approx([0, 1 / 62, 61 / 62, 1], abs=0.001)
    assert re.findall(r'<circle class="bar" cx="([\d.]+)"', page) == list(map(str, places))
    assert ">2026-11-23</text>" in page
    assert ">2027-01-24</text>" in page


def test_a_tenth_of_a_point_moves_a_line_by_a_thousandth_of_its_height():
    chart, page = chart_of(Kind.PERCENT, {0: 54.8, 1: 54.7})
    (run,) = chart.runs
    up = [(chart.bottom - y) / (chart.bottom - chart.top) for _, y in run]
    assert up == pytest.approx([0.548, 0.547], abs=0.001)
    assert ">0%</text>" in page
    assert ">100%</text>" in page
    assert "at least 54.7% and at most 54.8%" in page


@pytest.mark.parametrize(
    ("most", "top"),
    [(0, "1"), (1, "1"), (7, "7"), (36, "36"), (67, "68"), (159, "160"), (1204, "1,400")],
)
def test_counts_are_drawn_from_0_to_a_round_number_that_holds_all(most, top):
    chart, page = chart_of(Kind.NUMBER, {0: most, 1: most, 2: 0})
    (run,) = chart.runs
    height = most / int(top.replace(",", "")) * (chart.bottom - chart.top)
    assert [chart.bottom - y for _, y in run] == pytest.approx([height, height, 0], abs=0.1)
    assert chart.scale == ("0", top)
    assert f">{top}</text>" in page


def test_rosters_of_one_day_are_told_apart_on_a_chart_and_in_its_table():
    chart, page = chart_of(Kind.NUMBER, {0: 1, 0.25: 2, 0.5: 3})
    assert (chart.first, chart.last) == ("2026-11-23 06:00", "2026-11-23 18:00")
    assert ">2026-11-23 12:00</time>" in page


def test_a_single_point_stands_above_the_middle_of_its_day():
    chart, page = chart_of(Kind.PERCENT, {0: 50})
    assert chart.runs[0][0][0] == (chart.left + chart.right) / 2
    assert page.count("2026-11-23</text>") == 1


def test_nothing_to_show_is_an_empty_table_of_no_rows():
    assert "<tbody" not in page_of(roster())
