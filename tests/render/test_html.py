import io
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings

from coursectl.printable import printable
from coursectl.render.columns import MEMBER, Kind
from coursectl.render.html import HtmlRenderer
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


@settings(deadline=None, max_examples=60)
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


def test_nothing_to_show_is_an_empty_table_of_no_rows():
    assert "<tbody" not in page_of(roster())
