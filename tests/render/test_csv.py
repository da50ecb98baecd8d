import csv
import io
import re
import unicodedata
from time import process_time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from coursectl.errors import InvalidData
from coursectl.render.columns import COLUMN_KEYS
from coursectl.render.csv import CsvRenderer, _defuse, _looked_at, _put_among, _records_of
from coursectl.roster.criteria import Batch
from tests.render.answers import MEMBERS, TEXTS, answer, demo_looks_like, member, rendered

HEADER = "id,username,real_name,avatar,join_status,user_completion_rate,last_active_at,joined_at"

CELLS = st.one_of(
    st.none(),
    st.integers(0, 2**63 - 1),
    st.floats(0, 100),
    st.sampled_from([1e-5, 1e-7, 0.0, 12.5, 25.0]),
    TEXTS,
)
PLAIN_CELLS = st.one_of(
    st.none(),
    st.integers(0, 100),
    st.sampled_from([1e-5, 1e-7, 12.5]),
    st.sampled_from(["", "null", "[", "]", "[null", "null]", "][", "{}", " ", "true", "佐藤", "'"]),
)
DELIMITERS = st.sampled_from([",", "\t"])
ENDS = st.sampled_from(["\n", "\r\n"])


def tables(cells, least_columns=1):
    return st.integers(least_columns, 5).flatmap(
        lambda width: st.lists(st.tuples(*[cells] * width), min_size=1, max_size=6)
    )


def records_by_the_book(rows, delimiter, end):
    """Write what csv.writer writes, with floats in the notation that JSON has for them."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
    for row in rows:
        writer.writerow(
            [to_json(cell).decode() if isinstance(cell, float) else cell for cell in row]
        )
    return out.getvalue().encode()


def read(data, delimiter=","):
    """Read records as any reader of RFC 4180 does."""
    return list(csv.reader(io.StringIO(data.decode(), newline=""), delimiter=delimiter))


def texts_in(rows):
    return [place for place in range(len(rows[0])) if any(isinstance(r[place], str) for r in rows)]


def of_kinds(rows):
    """Make a column text, or numbers, as the columns of a roster are."""
    return [
        tuple(
            str(cell) if place in texts_in(rows) and cell is not None else cell
            for place, cell in enumerate(row)
        )
        for row in rows
    ]


def written(rows, delimiter, end):
    """Write rows as the renderer does, and tell how many of them went the long way."""
    lines, odd = _looked_at(to_json(rows), rows, raw=True)
    plain = [line for place, line in enumerate(lines) if place not in odd]
    careful = {place: records_by_the_book([rows[place]], delimiter, end) for place in odd}
    records = _put_among(_records_of(plain, rows, delimiter, end), careful)
    return b"".join(records), len(odd)


@pytest.mark.slow
@settings(max_examples=1000)
@given(tables(CELLS), DELIMITERS, ENDS)
def test_rows_that_need_no_quotes_are_written_as_the_csv_module_writes_them(rows, delimiter, end):
    rows = of_kinds(rows)
    assert written(rows, delimiter, end)[0] == records_by_the_book(rows, delimiter, end)


@pytest.mark.slow
@settings(max_examples=300)
@given(tables(PLAIN_CELLS, least_columns=2), DELIMITERS, ENDS)
def test_cells_that_look_odd_but_need_no_quotes_go_the_short_way(rows, delimiter, end):
    rows = of_kinds(rows)
    assert written(rows, delimiter, end) == (records_by_the_book(rows, delimiter, end), 0)


@pytest.mark.parametrize("cell", ["a,b", 'a"b', "a\\b", "a\nb", "a\tb", "a\rb", ",null"])
def test_only_a_row_with_a_cell_that_needs_quotes_goes_the_long_way(cell):
    rows = [(1, "a"), (2, cell), (3, "b")]
    assert list(_looked_at(to_json(rows), rows, raw=True)[1]) == [1]


def test_where_rows_cannot_be_told_apart_all_go_the_long_way():
    rows = [(1, "a"), (2, "],["), (3, "b")]
    assert written(rows, ",", "\n") == (records_by_the_book(rows, ",", "\n"), 3)


def test_of_a_single_column_nothing_goes_the_long_way_since_an_empty_record_is_none():
    rows = [("a",), ("",), (None,), ("b",)]
    assert sorted(_looked_at(to_json(rows), rows, raw=True)[1]) == [1, 2]


@pytest.mark.parametrize(
    "cell",
    [
        "=1",
        "+1",
        "-1",
        "@a",
        " =1",
        "\u200b=1",
        "\uff1d1",
        "a;=1",
        "a| +1",
        "a;\u200b=1",
        "\x1b[2J",
        "\x7f",
        "\x9b",
        "\u202e",
        "\n",
    ],
)
def test_a_cell_that_does_something_is_noticed(cell):
    rows = [(1, "a"), (2, cell), (3, "a")]
    assert list(_looked_at(to_json(rows), rows, raw=False)[1]) == [1]
    rows = [("a", 1), (cell, 2), ("a", 3)]
    assert list(_looked_at(to_json(rows), rows, raw=False)[1]) == [1]


@pytest.mark.slow
@settings(max_examples=300)
@given(st.lists(MEMBERS, max_size=6), DELIMITERS, st.booleans(), st.integers(1, 3))
def test_raw_records_read_back_to_the_same_values(members, delimiter, excel, batch):
    columns = ",".join(COLUMN_KEYS)
    renderer = CsvRenderer(delimiter, raw=True, excel=excel)
    shown = answer(*members, columns=columns, course='Food, "Safety"', batch=batch)
    data = rendered(renderer, shown).removeprefix(b"\xef\xbb\xbf")
    header, *records = read(data, delimiter)
    assert header == list(COLUMN_KEYS)
    values = [{"course": 'Food, "Safety"'} | m for m in members]
    assert [[_as_text(m[key]) for key in COLUMN_KEYS] for m in values] == [
        [_same_number(cell) if key == "user_completion_rate" else cell for key, cell in pairs]
        for pairs in (zip(COLUMN_KEYS, record, strict=True) for record in records)
    ]


def _as_text(value):
    if value is None:
        return ""
    if isinstance(value, int | float):
        return str(value) if isinstance(value, int) else repr(value)
    return value if isinstance(value, str) else to_json(value).decode().strip('"')


def _same_number(cell):
    if cell.isdecimal() or not cell:
        return cell
    return repr(float(cell))


@pytest.mark.parametrize("name", ["a\rb", "\r", "a\nb", "a\r\nb", '"', ",", "\t", "'=1", " a "])
@pytest.mark.parametrize("excel", [False, True])
def test_a_raw_name_reads_back_as_it_is(name, excel):
    members = [member(1, real_name=name), member(2)]
    data = rendered(CsvRenderer(raw=True, excel=excel), answer(*members, columns="id,real_name"))
    assert read(data.removeprefix(b"\xef\xbb\xbf"))[1:] == [["1", name], ["2", "Ann"]]


@pytest.mark.parametrize("value", [None, ""])
def test_nothing_in_the_only_column_is_still_a_record(value):
    shown = answer(member(1, real_name=value), member(2), columns="real_name")
    assert rendered(CsvRenderer(), shown) == b'real_name\n""\nAnn\n'


def test_an_empty_answer_has_a_header():
    assert rendered(CsvRenderer(), answer()) == f"{HEADER}\n".encode()
    assert rendered(CsvRenderer("\t"), answer(columns="id,username")) == b"id\tusername\n"


def test_a_batch_without_members_adds_nothing():
    shown = answer(member(), columns="id,username")
    (batch,) = shown.batches
    shown = shown._replace(batches=[Batch(batch.roster, []), batch])
    assert rendered(CsvRenderer(), shown) == b"id,username\n1,member_1\n"


def test_a_record_holds_bare_numbers_dates_in_utc_and_nothing_for_a_null():
    shown = answer(member(7, user_completion_rate=12.5), member(8, user_completion_rate=25))
    assert rendered(CsvRenderer(), shown).decode() == (
        f"{HEADER}\n"
        "7,member_7,Ann,,joined,12.5,,2026-03-02T08:00:00Z\n"
        "8,member_8,Ann,,joined,25,,2026-03-02T08:00:00Z\n"
    )


def test_tsv_has_tabs_between_and_no_quotes_around_a_comma():
    shown = answer(member(real_name="Ann, B."), columns="id,real_name,joined_at")
    assert rendered(CsvRenderer("\t"), shown) == (
        b"id\treal_name\tjoined_at\n1\tAnn, B.\t2026-03-02T08:00:00Z\n"
    )


def test_excel_gets_one_bom_and_carriage_returns():
    members = [member(1), member(2, real_name="a,b")]
    shown = answer(*members, columns="id,real_name", batch=1)
    assert rendered(CsvRenderer(excel=True), shown) == (
        b'\xef\xbb\xbfid,real_name\r\n1,Ann\r\n2,"a,b"\r\n'
    )


def test_without_excel_there_is_neither_bom_nor_carriage_return():
    data = rendered(CsvRenderer(), answer(member(real_name="a,b")))
    assert b"\r" not in data
    assert not data.startswith(b"\xef\xbb\xbf")


# What a spreadsheet would run

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    '=HYPERLINK("https://evil.example","Ann")',
    "\t=1",
    " =1",
    "\r=1",
    "\n=1",
    "\u00a0=1",
    "\u3000=1",
    "\u200b=1",
    "\u200d\u200c=1",
    "\u2060=1",
    "\ufeff=1",
    "\u202e=1",
    "\x00=1",
    "\x1b=1",
    "\uff1d1",
    "\uff0b1",
    "\uff0d1",
    "\uff20a",
    "\ufe661",
    '"=1',
]


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_free_text_that_a_spreadsheet_would_run_is_defused(formula, delimiter):
    text = dict.fromkeys(("username", "real_name", "avatar", "join_status"), formula)
    keys = ["id", "course", *text]
    members = [member(1, **text), member(2)]
    shown = answer(*members, columns=",".join(keys), course=formula)
    _, record, harmless = read(rendered(CsvRenderer(delimiter), shown), delimiter)
    assert record[0] == "1"
    assert {cell[0] for cell in record[1:]} == {"'"}
    assert harmless[2:] == ["member_2", "Ann", "", "joined"]


SIGNS = ("=", "+", "-", "@")
SKIPPED = '" \u3000\u200b\u200c\u200d\u2060'


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("separator", [",", ";", "|", "\t"])
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_no_formula_stands_behind_what_may_end_a_cell(formula, separator, delimiter):
    name = f"a{separator}{formula}{separator}b"
    text = dict.fromkeys(("username", "real_name", "avatar", "join_status"), name)
    shown = answer(member(1, **text), columns=",".join(["course", *text]), course=name)
    record = rendered(CsvRenderer(delimiter), shown).decode().splitlines()[1]
    for cell in re.split("[,;|\t]", record):
        assert not unicodedata.normalize("NFKC", cell).lstrip(SKIPPED).startswith(SIGNS)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a;=1+1;b", "a;'=1+1;b"),
        ("a;b; -2|+3", "a;b;' -2|'+3"),
        ("a;b|c,d", "a;b|c,d"),
        ("=a;=b", "'=a;'=b"),
        (";;;", ";;;"),
    ],
)
def test_what_stands_behind_a_separator_is_defused_where_it_stands(name, written):
    for raw in (False, True):
        shown = answer(member(real_name=name), columns="id,real_name")
        record = read(rendered(CsvRenderer(raw=raw), shown))[1]
        assert record == ["1", name if raw else written]


def test_to_defuse_a_text_takes_time_in_proportion_to_it():
    began = process_time()
    for text in (";" * 300_000, "; " * 300_000, ";" + " " * 300_000, ';"' * 300_000):
        _defuse(text)
    assert process_time() - began < 2


@pytest.mark.parametrize("formula", FORMULAS)
def test_raw_defuses_nothing(formula):
    shown = answer(member(real_name=formula), columns="id,real_name")
    assert read(rendered(CsvRenderer(raw=True), shown))[1] == ["1", formula]


@pytest.mark.parametrize("name", ["Ann", "O'Brien", "a=b", "Ann-Lee", "(Ann)", "'=1", "5 = 5", ""])
def test_other_text_is_left_as_it_is(name):
    shown = answer(member(real_name=name), columns="id,real_name")
    assert read(rendered(CsvRenderer(), shown))[1] == ["1", name]


def test_numbers_and_dates_are_never_defused():
    shown = answer(
        member(user_completion_rate=1e-7, real_name="=1"),
        columns="id,user_completion_rate,joined_at,real_name",
    )
    assert read(rendered(CsvRenderer(), shown))[1] == ["1", "1e-7", "2026-03-02T08:00:00Z", "'=1"]


@pytest.mark.slow
@settings(max_examples=500)
@given(st.lists(st.builds(member, st.integers(0), real_name=TEXTS, join_status=TEXTS), min_size=1))
def test_a_cell_holds_no_line_end_and_nothing_that_acts_on_a_terminal(members):
    data = rendered(CsvRenderer(), answer(*members, columns="id,real_name,join_status"))
    assert len(data.decode().splitlines()) == len(members) + 1
    for record in read(data)[1:]:
        assert len(record) == 3
        for character in "".join(record):
            assert unicodedata.category(character) not in ("Cc", "Zl", "Zp")
            assert unicodedata.bidirectional(character) not in (
                "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"
            )  # fmt: skip


@pytest.mark.slow
@settings(max_examples=500)
@given(TEXTS)
def test_no_cell_that_a_member_wrote_begins_like_a_formula(name):
    assume(name)
    shown = answer(member(real_name=name), columns="id,real_name")
    cell = read(rendered(CsvRenderer(), shown))[1][1]
    assert not unicodedata.normalize("NFKC", cell).lstrip().startswith(("=", "+", "-", "@"))


def test_what_fails_later_leaves_the_records_before_it():
    out = io.BytesIO()
    shown = answer(member(), columns="id", error=InvalidData("row 2"))
    with pytest.raises(InvalidData, match="row 2"):
        CsvRenderer().render(shown, out)
    assert out.getvalue() == b"id\n1\n"


def test_the_demo_in_csv_looks_as_it_did():
    demo_looks_like("demo-csv.txt", "--csv")
