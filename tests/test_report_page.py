"""The page of a report in a real browser."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from unicodedata import normalize

import pytest
from playwright.sync_api import Browser, Page

from coursectl.printable import printable
from coursectl.render.columns import MEMBER, Kind, default_columns
from coursectl.render.html import HtmlRenderer
from coursectl.render.outline import Line, Outline, Rows, Section
from coursectl.roster.criteria import Criteria
from tests.chromium import chromium, violations
from tests.render.answers import AS_OF, member
from tests.running import coursectl

pytestmark = pytest.mark.slow

(AVATAR,) = (column for column in MEMBER if column.key == "avatar")
HOSTILE = (
    "<script>document.title = 'taken'</script>",
    "</script><script>document.title = 'taken'</script>",
    '"><img src=x onerror="document.title = \'taken\'">',
    "{{ 7 * 7 }}{% raw %}",
    "\u202ereversed",
    "two\nlines",
    "x" * 255,
    None,
    "مرحبا",
    "佐藤 さくら",
    "]]>--><!--",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("page") / "report.html"
    assert coursectl("report", "demo", "-q", "-o", file).code == 0
    return file


@contextmanager
def opened(browser: Browser, file: Path, **context: object) -> Iterator[Page]:
    """Open a page that must ask for nothing but itself, and have nothing to complain of."""
    heard: list[str] = []
    asked: list[str] = []
    held = browser.new_context(reduced_motion="reduce", **context)
    page = held.new_page()
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    yield page
    held.close()
    assert heard == []
    assert asked == [file.as_uri()]


def column(page: Page, place: int) -> list[tuple[bool, str]]:
    """The cells of a column of the roster: whether there is no value, and the value."""
    found = page.evaluate(
        """place => [...document.querySelectorAll('#roster tbody tr')].map(row => {
            const cell = row.cells[place];
            const time = cell.querySelector('time');
            const value = time ? time.dateTime : cell.dataset.value ?? cell.textContent;
            return [cell.classList.contains('null'), value];
        })""",
        place,
    )
    return [tuple(each) for each in found]


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("header", "place", "key"),
    [
        ("ID", 0, int),
        ("Completion", 4, lambda text: float(text.rstrip("%"))),
        ("Last active", 5, str),
        ("Joined", 6, str),
    ],
)
def test_the_roster_is_sorted_both_ways_and_nulls_come_last(browser, demo, header, place, key):
    with opened(browser, demo) as page:
        button = page.locator("#roster thead button", has_text=header)
        for direction in ("ascending", "descending"):
            button.press("Enter")
            assert page.locator("#roster [aria-sort]").get_attribute("aria-sort") == direction
            cells = column(page, place)
            there = [key(value) for is_null, value in cells if not is_null]
            assert there == sorted(there, reverse=direction == "descending")
            nulls = [is_null for is_null, _ in cells]
            assert nulls == sorted(nulls)
            assert len(cells) == 200


@pytest.mark.no_cover
@pytest.mark.parametrize(("header", "place"), [("Username", 1), ("Name", 2), ("Status", 3)])
def test_text_is_sorted_as_people_would(browser, demo, header, place):
    with opened(browser, demo) as page:
        button = page.locator("#roster thead button").nth(place)
        assert button.text_content() == header
        for sign in (1, -1):
            button.click()
            there = [value for is_null, value in column(page, place) if not is_null]
            in_order = page.evaluate(
                """([texts, sign]) => {
                    const { compare } = new Intl.Collator(undefined, { numeric: true });
                    const signs = texts.slice(1).map((text, at) => compare(texts[at], text));
                    return signs.every(each => sign * each <= 0);
                }""",
                [there, sign],
            )
            assert in_order


def test_a_search_finds_members_whatever_the_accents_and_says_how_many(browser, demo):
    with opened(browser, demo) as page:
        box = page.get_by_label("Search")
        box.fill("INES patel")
        told = page.locator("#roster output")
        told.filter(has_text="1 of 200 found").wait_for()
        assert told.get_attribute("aria-live") == "polite"
        assert [name for _, name in column(page, 2)] == ["Inês Patel"]
        box.fill("nobody of that name")
        told.filter(has_text=re.compile("^0 of 200")).wait_for()
        box.fill("")
        page.locator("#roster tbody tr").nth(199).wait_for()


def test_a_search_finds_letters_that_are_not_on_every_keyboard(browser, tmp_path):
    rows = [member(1, real_name="Łukasz Groß"), member(2, real_name="Søren Æbelø")]
    table = Rows(
        "Roster", default_columns(several=False, readable=True), rows, AS_OF, searchable=True
    )
    file = tmp_path / "letters.html"
    with file.open("wb") as out:
        HtmlRenderer().render_outline(
            Outline("Course", (), (Section("roster", "Roster", (table,)),)), out
        )
    with opened(browser, file) as page:
        for typed, found in (("lukasz gross", "Łukasz Groß"), ("soren aebelo", "Søren Æbelø")):
            page.get_by_label("Search").fill(typed)
            page.locator("output", has_text="1 of 2 found").wait_for()
            page.locator("#roster tbody tr", has_text=found).wait_for()
            page.get_by_label("Search").fill("")
            page.locator("#roster tbody tr").nth(1).wait_for()


@pytest.mark.slow
@pytest.mark.no_cover
def test_a_search_on_the_page_finds_whom_the_terminal_finds(browser, tmp_path):
    names = ["Zoë", "Zoe\u0308", "Straße", "STRASSE", "İnci", "Işıl", "οδος", "ΟΔΟΣ", "Łukasz"]
    names += ["김철수", normalize("NFD", "김철수"), "O’Brien", "\ufb01ona", "علی\u200cرضا", "Ánh"]
    names += ["Jo\u00adhn", "Søren Æbelø", "Ван", "ВАН", "mañana", "ẞ", "が"]
    rows = [member(id_, real_name=name) for id_, name in enumerate(names, 1)]
    columns = default_columns(several=False, readable=True)
    table = Rows("Roster", columns, rows, AS_OF, searchable=True)
    file = tmp_path / "names.html"
    with file.open("wb") as out:
        outline = Outline("Course", (), (Section("roster", "Roster", (table,)),))
        HtmlRenderer().render_outline(outline, out)
    typed = [*names, *(name.upper() for name in names), *(name.lower() for name in names)]
    typed += ["zoe", "ss", "inci", "isil", "οδός", "lukasz", "o'brien", "fi", "anh", "john", "ue"]
    with opened(browser, file) as page:
        box, told = page.get_by_label("Search"), page.locator("#roster output")
        for text in dict.fromkeys(typed):
            found = [each["id"] for each in Criteria(search=text).select(rows, AS_OF)]
            box.fill("\u0308")
            told.filter(has_text=re.compile("^$")).wait_for(state="attached")
            box.fill(text)
            told.filter(has_text=f"{len(found)} of {len(names)} found").wait_for()
            assert [int(id_) for _, id_ in column(page, 0)] == found, text


@pytest.mark.no_cover
def test_the_header_that_stays_hides_no_link_that_has_the_focus(browser, tmp_path):
    rows = [member(id_, avatar=f"https://community.example/{id_}.png") for id_ in range(200)]
    columns = (*default_columns(several=False, readable=True), AVATAR)
    table = Rows("Roster", columns, rows, AS_OF)
    file = tmp_path / "avatars.html"
    with file.open("wb") as out:
        outline = Outline("Course", (), (Section("roster", "Roster", (table,)),))
        HtmlRenderer(links_avatars=True).render_outline(outline, out)
    with opened(browser, file) as page:
        page.locator("#roster a").nth(199).focus()
        for _ in range(60):
            page.keyboard.press("Shift+Tab")
            assert page.evaluate(
                """() => {
                    const link = document.activeElement.getBoundingClientRect();
                    const header = document.querySelector("thead").getBoundingClientRect();
                    return link.top >= header.bottom;
                }"""
            )


def test_everything_can_be_read_without_script(browser, demo):
    with opened(browser, demo, java_script_enabled=False) as page:
        assert page.locator("#roster tbody tr").count() == 200
        assert page.locator("button, input").count() == 0
        assert page.locator("svg title").count() >= 4


def test_it_prints_all_rows_and_no_controls(browser, demo):
    with opened(browser, demo, color_scheme="dark") as page:
        page.emulate_media(media="print")
        assert not page.get_by_label("Search").is_visible()
        assert not page.locator("nav").is_visible()
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(28, 36, 48)"
        assert page.evaluate("getComputedStyle(document.querySelector('.rows')).maxHeight") == (
            "none"
        )
        paper = page.pdf(format="A4")
        assert paper.startswith(b"%PDF-")
        assert paper.count(b"/Type /Page\n") > 5


def test_all_rows_are_printed_where_a_screen_shows_the_first_of_them(browser, tmp_path):
    rows = [member(place, username=f"member_{place}") for place in range(1_500)]
    columns = default_columns(several=False, readable=True)[:2]
    table = Rows("Roster", columns, rows, AS_OF)
    file = tmp_path / "long.html"
    with file.open("wb") as out:
        outline = Outline("Course", (), (Section("roster", "Roster", (table,)),))
        HtmlRenderer().render_outline(outline, out)
    with opened(browser, file) as page:
        shown = page.locator("#roster tbody tr")
        assert shown.count() == 1_000
        page.evaluate(
            """() => addEventListener("beforeprint", () => {
                window.printed = document.querySelectorAll("#roster tbody tr").length;
            })"""
        )
        page.pdf()
        assert page.evaluate("window.printed") == 1_500
        assert shown.count() == 1_000


def test_names_without_a_space_stay_on_the_paper(browser, tmp_path):
    rows = [member(1, username="x" * 255, real_name="y" * 255)]
    table = Rows("Roster", default_columns(several=False, readable=True), rows, AS_OF)
    file = tmp_path / "wide.html"
    with file.open("wb") as out:
        outline = Outline("z" * 255, (), (Section("roster", "Roster", (table,)),))
        HtmlRenderer().render_outline(outline, out)
    paper = {"width": 680, "height": 1000}  # A4 less its margins, in CSS pixels
    with opened(browser, file, viewport=paper) as page:
        page.emulate_media(media="print")
        assert page.evaluate("document.documentElement.scrollWidth") <= paper["width"]


@pytest.mark.no_cover
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing_and_the_page_fits_its_window(browser, demo, scheme, width):
    size = {"width": width, "height": 800}
    with opened(browser, demo, color_scheme=scheme, viewport=size) as page:
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        # What has not come into view yet is no less to be looked at.
        page.evaluate(
            """() => document.querySelectorAll('.rows').forEach(each => {
                each.style.contentVisibility = 'visible';
            })"""
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(page) == []


def test_lines_over_time_are_accessible(browser, tmp_path):
    points = tuple((AS_OF + timedelta(days=day), [1, None, 3, 2][day % 4]) for day in range(9))
    lines = tuple(Line(title, Kind.NUMBER, points) for title in ("Members", "Completed"))
    file = tmp_path / "trend.html"
    outline = Outline("Course", (), (Section("course-1", "Over time", lines),))
    with file.open("wb") as out:
        HtmlRenderer().render_outline(outline, out)
    with opened(browser, file) as page:
        assert page.locator("svg[role=img]").count() == 2
        assert violations(page) == []


def test_nothing_runs_that_was_slipped_into_the_page(browser, demo, tmp_path):
    text = demo.read_text(encoding="utf-8")
    probe = "<script>document.title = 'taken'</script><p onclick=\"document.title = 'taken'\">x</p>"
    file = tmp_path / "probed.html"
    file.write_text(text.replace("<main", probe + "<main", 1), encoding="utf-8")
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(file.as_uri())
    page.locator("p", has_text=re.compile("^x$")).click()
    assert page.title() == "Food Safety Essentials"
    assert page.locator("#roster button").count() > 0
    assert any("Content Security Policy" in each for each in complaints)
    page.close()


@pytest.mark.no_cover
def test_twenty_thousand_hostile_names_are_text_and_are_searched_at_once(browser, tmp_path):
    number = 20_000
    rows = [
        member(
            place,
            real_name=HOSTILE[place % len(HOSTILE)],
            username=f"member_{place}",
            user_completion_rate=place * 7919 % 1001 / 10,
            joined_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=place),
        )
        for place in range(number)
    ]
    columns = default_columns(several=False, readable=True)
    table = Rows("Roster", columns, rows, AS_OF, searchable=True)
    file = tmp_path / "large.html"
    with file.open("wb") as out:
        outline = Outline(HOSTILE[1], (HOSTILE[0],), (Section("roster", "Roster", (table,)),))
        HtmlRenderer().render_outline(outline, out)
    with opened(browser, file) as page:
        assert page.title() == printable(HOSTILE[1])
        names = {name for _, name in column(page, 2)}
        assert names == {printable(name) if name else "-" for name in HOSTILE}
        start = monotonic()
        page.locator("#roster thead button").nth(0).click()
        page.locator("#roster thead button").nth(0).click()
        assert column(page, 0)[0] == (False, str(number - 1))
        page.get_by_label("Search").fill("member_12345")
        page.locator("output", has_text="1 of 20,000 found").wait_for()
        assert monotonic() - start < 10
        page.get_by_label("Search").fill("")
        page.get_by_role("button", name="Show all 20,000 rows").click()
        assert len(column(page, 0)) == number
