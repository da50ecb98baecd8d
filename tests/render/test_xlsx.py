import io
import re
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from coursectl.errors import InvalidData, UsageError
from coursectl.printable import printable
from coursectl.render.columns import COLUMN_KEYS, COURSE_COLUMNS, MEMBER, Column, Kind
from coursectl.render.interface import Answer, Caption
from coursectl.render.outline import Bars, Figure, Figures, Line, Outline, Rows, Section, Words
from coursectl.render.xlsx import LONGEST_TEXT, MOST_ROWS, WorkbookRenderer, XlsxRenderer
from coursectl.roster.courses import CourseBatch
from tests.render.answers import AS_OF, MEMBERS, answer, member, rendered


def naive(*parts: int) -> datetime:
    """A moment as a cell has it."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)


def opened(data: bytes) -> Workbook:
    with warnings.catch_warnings():
        # It does not know the bars of this century.
        warnings.filterwarnings("ignore", "(Unknown|Conditional Formatting) extension")
        return openpyxl.load_workbook(io.BytesIO(data))


def book_of(shown: Answer) -> Workbook:
    return opened(rendered(XlsxRenderer(), shown))


def sheet_of(shown: Answer) -> Worksheet:
    (sheet,) = book_of(shown).worksheets
    return sheet


def values(sheet: Worksheet) -> list[tuple]:
    return list(sheet.iter_rows(values_only=True))


def only_cell(**field: object) -> openpyxl.cell.Cell:
    """The cell of a field of a member."""
    (key,) = field
    return sheet_of(answer(member(**field), columns=key))["A2"]


def unescaped(text: str) -> str:
    """What Excel shows of text that looks like an escape of its own; openpyxl leaves it."""
    return re.sub(r"_x005F(_x[0-9A-Fa-f]{4}_)", r"\1", text)


def held(value: object) -> object:
    """What a cell can hold of a value."""
    match value:
        case "":
            return None
        case str():
            return re.sub("[\ufffe\uffff]", "", printable(value)) or None
        case int() if value >= 10**15:
            return str(value)
        case datetime():
            return pytest.approx(value.replace(tzinfo=None), abs=timedelta(milliseconds=1))
        case float():
            return pytest.approx(value, rel=1e-15, abs=1e-300)
    return value


@pytest.mark.slow
@settings(max_examples=60)
@example([member(real_name="<r>" * 2), member(2, username="<r><t>a</t></r>")], 1)
@given(st.lists(MEMBERS, max_size=4), st.integers(1, 3))
def test_values_read_back_as_far_as_a_cell_can_hold_them(members, batch):
    shown = answer(*members, columns=",".join(COLUMN_KEYS), course="Food\n=Safety", batch=batch)
    _, *rows = values(sheet_of(shown))
    found = [[unescaped(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    assert found == [["Food =Safety", *map(held, each.values())] for each in members]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        '=HYPERLINK("https://evil.example","Ann")',
        "{=1+1}",
        "+1",
        "@SUM(1)",
        "https://evil.example",
        "mailto:ann@evil.example",
        "internal:Members!A1",
        "12",
        "1e5",
        "TRUE",
        "#REF!",
        "<r><t>Ann</t></r>",
        "<r>",
        "&amp;",
        "]]>",
        " Ann ",
    ],
)
def test_text_is_text(text):
    cell = only_cell(real_name=text)
    assert cell.data_type == "s"
    assert cell.value == text
    assert cell.hyperlink is None


def test_markup_in_a_name_is_no_part_of_the_sheet():
    name = '</t></is></c><c r="Z9"><v>1</v></c><r>x</r>'
    for text in (name, f"<r>{name}</r>"):
        assert values(sheet_of(answer(member(real_name=text), columns="real_name"))) == [
            ("Name",),
            (text,),
        ]


def test_what_acts_on_a_terminal_and_what_xml_forbids_is_left_out():
    told = only_cell(real_name="a\x1b[31m\x00\u202eb\ufffe\uffff\nc\x85d")
    assert told.value == "a[31mb c d"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a" * LONGEST_TEXT, "a" * LONGEST_TEXT),
        ("a" * (LONGEST_TEXT + 1), "a" * (LONGEST_TEXT - 1) + "…"),
        # Of these, each takes two units.
        ("😀" * 16_383, "😀" * 16_383),
        ("😀" * 16_384, "😀" * 16_383 + "…"),
        ("a" + "😀" * 16_384, "a" + "😀" * 16_382 + "…"),
    ],
)
def test_text_that_no_cell_holds_is_cut_with_an_ellipsis(text, kept):
    assert only_cell(avatar=text).value == kept


@pytest.mark.parametrize("id_", [0, 1224, 10**15 - 1])
def test_an_id_is_a_number(id_):
    assert sheet_of(answer(member(id_), columns="id"))["A2"].value == id_


def test_an_id_of_more_digits_than_a_spreadsheet_keeps_is_text():
    assert sheet_of(answer(member(2**63 - 1), columns="id"))["A2"].value == str(2**63 - 1)


@pytest.mark.parametrize(
    ("rate", "look"),
    [
        (87, '0"%"'),
        (100.0, '0"%"'),
        (20.04, '0"%"'),
        (12.5, '[<99.95]0.0"%";[<100]">99.9%";0"%"'),
        (99.96, '[<99.95]0.0"%";[<100]">99.9%";0"%"'),
        (0.04, '[=0]0"%";[<0.05]"<0.1%";0.0"%"'),
    ],
)
def test_a_rate_is_a_number_that_shows_as_percent_and_never_as_100_before_the_end(rate, look):
    cell = only_cell(user_completion_rate=rate)
    assert (cell.value, cell.number_format) == (rate, look)


def test_a_moment_is_a_date_and_its_header_says_that_it_is_in_utc():
    sheet = sheet_of(answer(member(), columns="joined_at,last_active_at"))
    assert values(sheet) == [
        ("Joined (UTC)", "Last active (UTC)"),
        (naive(2026, 3, 2, 8), None),
    ]
    assert sheet["A2"].is_date


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1900, 3, 1, tzinfo=UTC),
        datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    ],
)
def test_dates_at_the_edges_are_dates(moment):
    assert only_cell(joined_at=moment).value == moment.replace(tzinfo=None)


@pytest.mark.parametrize("year", [1, 1600, 1899, 1900])
def test_a_moment_before_the_first_date_that_spreadsheets_agree_on_is_text(year):
    moment = datetime(year, 2, 28, 23, 59, 59, tzinfo=UTC)
    assert only_cell(joined_at=moment).value == f"{year:04}-02-28T23:59:59Z"


def test_a_moment_that_is_still_text_is_a_date_all_the_same():
    assert only_cell(joined_at="2026-03-02T08:00:00.5Z").value == naive(
        2026, 3, 2, 8, 0, 0, 500_000
    )


def test_a_null_is_a_blank_cell():
    nulls = dict.fromkeys(COLUMN_KEYS[2:])
    assert values(sheet_of(answer(member(**nulls))))[1] == (1, *[None] * 7)


def test_the_header_stays_and_filters():
    sheet = sheet_of(answer(member(1), member(2)))
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:H3"
    assert sheet.print_title_rows == "$1:$1"
    assert all(cell.font.bold for cell in sheet[1])


def bars_in(data: bytes, sheet: int = 1) -> list[tuple[str, list[str]]]:
    """Where a sheet has bars, and what the shortest and the longest of them stand for."""
    xml = zipfile.ZipFile(io.BytesIO(data)).read(f"xl/worksheets/sheet{sheet}.xml")
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    return [
        (each.attrib["sqref"], [end.attrib["val"] for end in each.iter(f"{space}cfvo")])
        for each in ET.fromstring(xml).iter(f"{space}conditionalFormatting")
    ]


def test_completion_has_bars_from_0_to_100():
    data = rendered(XlsxRenderer(), answer(member(1), member(2)))
    assert bars_in(data) == [("F2:F3", ["0", "100"])]


def test_columns_are_as_wide_as_what_they_hold_within_reason():
    sheet = sheet_of(answer(member(username="佐藤" * 8, real_name="a" * 255)))
    widths = {sheet[f"{letter}1"].value: sheet.column_dimensions[letter].width for letter in "ABCG"}
    assert 8 < widths["ID"] < 12
    assert 32 < widths["Username"] < 36
    assert 60 < widths["Name"] < 62
    assert widths["Last active (UTC)"] > 20


def test_a_roster_of_nobody_is_a_sheet_with_its_header():
    sheet = sheet_of(answer())
    assert len(values(sheet)) == 1
    assert sheet.auto_filter.ref == "A1:H1"


def test_the_sheet_is_named_after_what_it_holds():
    assert sheet_of(answer()).title == "Members"
    course = {"id": 57, "name": "Knife Skills", "slug": None, "type": "structured"}
    course |= {"privacy": "", "role": "manager", "created_at": AS_OF}
    batch = CourseBatch([course], AS_OF)
    shown = Answer(COURSE_COLUMNS, [batch], lambda: Caption("", ()), heading="Courses")
    sheet = sheet_of(shown)
    assert sheet.title == "Courses"
    made = AS_OF.replace(tzinfo=None)
    assert values(sheet)[1] == (57, "Knife Skills", None, "structured", "draft", "manager", made)


def test_more_rows_than_a_sheet_holds_are_refused():
    class Batch:
        def __init__(self, size: int) -> None:
            self.rows = [member()] * size
            self.shared: dict[str, str] = {}
            self.as_of = AS_OF

    batches = map(Batch, [1, MOST_ROWS])
    out = io.BytesIO()
    with pytest.raises(UsageError) as refused:
        XlsxRenderer().render(Answer(MEMBER[:1], batches, lambda: Caption("", ())), out)
    assert "1,048,575 rows" in refused.value.message
    assert ".parquet" in refused.value.hints[0]
    assert not out.getvalue()


def test_the_same_roster_gives_the_same_bytes():
    first = rendered(XlsxRenderer(), answer(member()))
    assert rendered(XlsxRenderer(), answer(member())) == first
    assert opened(first).properties.created == AS_OF.replace(tzinfo=None)


def test_a_workbook_that_does_not_know_when_it_was_made_does_not_say_now():
    made = book_of(answer()).properties.created
    assert made == naive(1980, 1, 1)


@pytest.fixture
def temporary(tmp_path, monkeypatch) -> Iterator[Path]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_what_failed_on_the_way_writes_nothing_and_leaves_nothing_behind(temporary):
    out = io.BytesIO()
    with pytest.raises(InvalidData):
        XlsxRenderer().render(answer(member(), error=InvalidData("torn", "mend it")), out)
    assert not out.getvalue()
    assert list(temporary.iterdir()) == []


class Full:
    """A disk that takes no more."""

    def write(self, data: bytes, /) -> None:
        raise OSError(28, "No space left on device")


def test_a_full_disk_is_what_it_is(temporary):
    with pytest.raises(OSError, match="No space left on device"):
        XlsxRenderer().render(answer(member()), Full())
    assert list(temporary.iterdir()) == []


# Outlines

ROWS = Rows("Everybody", MEMBER, [member(1), member(2)], AS_OF, searchable=True)
NUDGED = Rows("", MEMBER[:3], [member(2)], AS_OF, left_out=12, remedy="see --inactive")
FIGURES = Figures(
    (
        Figure("Members", 1234),
        Figure("Mean completion", 99.96, Kind.PERCENT, note="of 3 members"),
        Figure("Median", 50, Kind.PERCENT),
        Figure("Fetched", AS_OF, Kind.DATE),
        Figure("Course", "=1+1", Kind.TEXT),
        Figure("Own mean", None, Kind.PERCENT, null="not told"),
        Figure("Days", 1.5),
    )
)
BARS = Bars("By status", "Status", (("joined", 3), ("<r>=1</r>", 1), ("none", 0)), whole=4)
LINE = Line("Members over time", Kind.NUMBER, ((AS_OF, 3), (AS_OF + timedelta(days=7), None)))


def outlined(*sections: Section, footer: Words | None = None) -> bytes:
    out = io.BytesIO()
    outline = Outline("Food Safety", ("2 members", "as of then"), sections, footer)
    WorkbookRenderer().render_outline(outline, out)
    return out.getvalue()


def test_a_page_of_figures_comes_first_then_tables_then_what_it_all_means():
    book = opened(
        outlined(
            Section("figures", "Figures", (FIGURES,)),
            Section("nudge", "Need a nudge", (Words(("Silent for long.",)), NUDGED)),
            Section("roster", "Roster", (ROWS,)),
            footer=Words(("Who counts.", "What active means. " * 40)),
        )
    )
    assert book.sheetnames == ["Summary", "Need a nudge", "Roster", "About"]
    assert values(book["Summary"]) == [
        ("Food Safety", None, None),
        ("2 members", None, None),
        ("as of then", None, None),
        (None, None, None),
        ("Figures", None, None),
        ("Members", 1234, None),
        ("Mean completion", 99.96, "of 3 members"),
        ("Median", 50, None),
        ("Fetched (UTC)", AS_OF.replace(tzinfo=None), None),
        ("Course", "=1+1", None),
        ("Own mean", None, "not told"),
        ("Days", 1.5, None),
        (None, None, None),
        ("Need a nudge", None, None),
        ("Silent for long.", None, None),
        ("Sheet Need a nudge", 1, "12 more: see --inactive"),
        (None, None, None),
        ("Roster", None, None),
        ("Sheet Roster", 2, None),
    ]
    assert book["Summary"]["B6"].number_format == "#,##0"
    assert book["Summary"]["B8"].number_format == '0"%"'
    assert book["Summary"]["B10"].data_type == "s"
    assert book["Summary"]["A16"].hyperlink.location == "'Need a nudge'!A1"
    assert [row[0] for row in values(book["Roster"])] == ["ID", 1, 2]
    assert book["Roster"].freeze_panes == "A2"
    assert [row[0] for row in values(book["About"])] == [
        "Who counts.",
        "What active means. " * 40,
    ]
    assert book["About"].row_dimensions[1].height is None
    assert 100 < book["About"].row_dimensions[2].height < 130
    assert book.properties.created == AS_OF.replace(tzinfo=None)


def test_counts_have_bars_and_shares():
    data = outlined(
        Section("status", "Status", (BARS,)),
        Section("joins", "Joins", (Bars("By week", "Week", (("2026-11-23", 7), ("later", 2))),)),
        Section("none", "None", (Bars("By day", "Day", ()), Bars("No", "No", (("a", 0),)))),
    )
    rows = values(opened(data)["Summary"])
    assert rows[5:11] == [
        (None, None, None),
        ("By status", None, None),
        ("Status", "Count", "Share"),
        ("joined", 3, 75),
        ("<r>=1</r>", 1, 25),
        ("none", 0, 0),
    ]
    assert bars_in(data) == [
        ("B9:B11", ["0", "4"]),
        ("B17:B18", ["0", "7"]),
        ("B27", ["0", "1"]),
    ]


def test_a_figure_over_time_has_a_chart_that_says_what_it_shows():
    data = outlined(
        Section("trend", "Trend", (LINE, Line("Nothing yet", Kind.PERCENT, ()))),
    )
    book = opened(data)
    assert values(book["Summary"])[6:10] == [
        ("Members over time", None),
        ("Time (UTC)", "Value"),
        (AS_OF.replace(tzinfo=None), 3),
        (naive(2026, 11, 30, 6), None),
    ]
    archive = zipfile.ZipFile(io.BytesIO(data))
    charts = [name for name in archive.namelist() if "charts/" in name]
    assert charts == ["xl/charts/chart1.xml"]
    chart = archive.read("xl/charts/chart1.xml").decode()
    assert "<c:f>Summary!$B$9:$B$10</c:f>" in chart
    drawing = archive.read("xl/drawings/drawing1.xml").decode()
    assert 'descr="Members over time"' in drawing


def test_tables_of_one_section_have_a_sheet_each():
    tables = [Rows(title, MEMBER[:1], [], AS_OF) for title in ("Joined", "Left")]
    book = opened(outlined(Section("changes", "Changes", tuple(tables))))
    assert book.sheetnames == ["Summary", "Joined", "Left"]


@pytest.mark.parametrize(
    ("titles", "names"),
    [
        (["a" * 40, "a" * 40], ["a" * 31, f"{'a' * 29} 2"]),
        (["😀" * 16, "😀" * 16], ["😀" * 15, "😀" * 14 + " 2"]),
        (["[Maths]: 1/2 *?\\"], ["Maths   1 2"]),
        (["'quoted'"], ["quoted"]),
        (["O'Brien"], ["O'Brien"]),
        (["", "?"], ["Sheet", "Sheet 2"]),
        (["SUMMARY", "History"], ["SUMMARY 2", "History 2"]),
        (["\x1b<r>x</r>\n"], ["<r>x< r>"]),
    ],
)
def test_a_sheet_has_a_name_that_spreadsheets_take_and_no_other_has(titles, names):
    sections = [
        Section(f"s{number}", title, (Rows("", MEMBER[:1], [], AS_OF),))
        for number, title in enumerate(titles)
    ]
    book = opened(outlined(*sections))
    assert book.sheetnames == ["Summary", *names]
    page = book["Summary"]
    links = [cell.hyperlink.location for (cell,) in page["A4:A99"] if cell.hyperlink]
    assert links == ["'{}'!A1".format(name.replace("'", "''")) for name in names]


@pytest.mark.parametrize(
    ("kind", "values", "top"), [(Kind.PERCENT, (54.8, 54.7), 100), (Kind.NUMBER, (159, 1204), 1400)]
)
def test_a_chart_over_time_is_by_time_and_from_0(kind, values, top):
    moments = (AS_OF, AS_OF + timedelta(days=62))
    line = Line("Line", kind, tuple(zip(moments, values, strict=True)))
    data = outlined(Section("trend", "Trend", (line,)))
    chart = zipfile.ZipFile(io.BytesIO(data)).read("xl/charts/chart1.xml").decode()
    assert "<c:scatterChart>" in chart
    days = [(moment - datetime(1899, 12, 30, tzinfo=UTC)) / timedelta(days=1) for moment in moments]
    assert [
        (float(low), float(high))
        for high, low in re.findall(r'<c:max val="([^"]+)"/><c:min val="([^"]+)"/>', chart)
    ] == [tuple(days), (0, top)]


@pytest.mark.parametrize(
    ("hours", "told"),
    [((0, 12), "yyyy-mm-dd hh:mm"), ((0,), "yyyy-mm-dd"), ((0, 48), "yyyy-mm-dd")],
)
def test_a_chart_of_one_day_names_the_minutes(hours, told):
    line = Line("", Kind.NUMBER, tuple((AS_OF + timedelta(hours=hour), 1) for hour in hours))
    data = outlined(Section("trend", "Trend", (line,)))
    chart = zipfile.ZipFile(io.BytesIO(data)).read("xl/charts/chart1.xml").decode()
    assert f'<c:numFmt formatCode="{told}"' in chart


def test_an_outline_gives_the_same_bytes_again():
    sections = (Section("a", "A", (FIGURES, BARS, LINE, ROWS)),)
    assert outlined(*sections) == outlined(*sections)


def test_columns_that_other_tables_have_are_typed_by_their_kind():
    columns = (
        Column("delta", "Change", Kind.PERCENT),
        Column("at", "At", Kind.ACTIVITY),
        Column("status", "Status", Kind.STATUS),
    )
    row = {"delta": -12.5, "at": AS_OF, "status": "joined"}
    book = opened(outlined(Section("a", "A", (Rows("", columns, [row], AS_OF),))))
    assert values(book["A"]) == [
        ("Change", "At (UTC)", "Status"),
        (-12.5, AS_OF.replace(tzinfo=None), "joined"),
    ]
