"""The same criteria give the same members whatever the source, and in every format."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from coursectl import sources
from coursectl.gather import Gathering
from coursectl.render.columns import COURSE, MEMBER, Column
from coursectl.render.csv import CsvRenderer
from coursectl.render.interface import Answer, Caption, Renderer
from coursectl.render.json import JsonRenderer
from coursectl.render.table import TableRenderer
from coursectl.render.text import TextRenderer
from coursectl.roster.criteria import Batch, Criteria, Sort
from coursectl.roster.member import Member
from coursectl.roster.moments import Age
from coursectl.sources.api.client import Api
from coursectl.sources.api.members import CourseMembers
from coursectl.sources.export import Export
from coursectl.sources.interface import Source
from tests.community import DOCUMENTED, SEEN, Community, Course
from tests.running import coursectl

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NAME = "Food Safety"

FORMATS: dict[str, Renderer] = {
    "table": TableRenderer(width=200, color_system="truecolor"),
    "narrow table": TableRenderer(width=80),
    "plain": TextRenderer(),
    "markdown": TextRenderer(markdown=True),
    "csv": CsvRenderer(),
    "raw csv": CsvRenderer(raw=True),
    "csv for Excel": CsvRenderer(excel=True),
    "tsv": CsvRenderer("\t"),
    "raw tsv": CsvRenderer("\t", raw=True),
    "json": JsonRenderer(),
    "jsonl": JsonRenderer(lines=True),
}


@pytest.fixture(scope="module")
def community() -> Iterator[Community]:
    with Community().running() as community:
        yield community


# Rosters and criteria

_WORDS = ("Ann", "ANN", "ann", "İ", "ß", "ss", "李小龍", "👩🏽\u200d🚀", "},{", '"', ",", "'", " ")
_ACTING = (
    "\n",
    "\r",
    "\t",
    "\x00",
    "\x1b[31m",
    "\u202e",
    "\ufeff",
    "=1+1",
    "-2",
    "|",
    "[bold]",
    "\\",
)

texts = st.one_of(
    st.lists(st.sampled_from(_WORDS + _ACTING), max_size=4).map("".join), st.text(max_size=8)
)

_naive = datetime.fromisoformat
_lately = (_naive("2026-10-20"), _naive("2026-11-23"))
moments = st.one_of(
    st.datetimes(*_lately),
    # Exactly 30 and 7 days ago.
    st.sampled_from((_naive("2026-10-24T12:00"), _naive("2026-11-16T12:00"))),
    st.datetimes(_naive("0001-01-02"), _naive("9999-12-30")),
)


@st.composite
def date_times(draw: st.DrawFn) -> str:
    moment = draw(moments).replace(tzinfo=UTC)
    match draw(st.sampled_from("Z+n")):
        case "Z":
            return moment.replace(tzinfo=None).isoformat() + "Z"
        case "+":
            return (moment + timedelta(hours=2)).replace(tzinfo=None).isoformat() + "+02:00"
        case _:
            return moment.isoformat()


@st.composite
def rosters(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rows as the API may send them; but for the id, each field may be null or left out.

    A status that nobody has heard of cannot be asked for, so nobody has one.
    """
    fields = {
        "username": st.none() | texts,
        "real_name": st.none() | texts,
        "avatar": st.none() | texts,
        "join_status": st.sampled_from((None, *DOCUMENTED, SEEN)),
        "user_completion_rate": st.none()
        | st.integers(0, 100)
        | st.floats(0, 100)
        | st.sampled_from((25, 25.0, 50)),
        "last_active_at": st.none() | date_times(),
        "joined_at": st.none() | date_times(),
    }
    rows = st.fixed_dictionaries({"id": st.integers(0, 2**53)}, optional=fields)
    return draw(st.lists(rows, max_size=9, unique_by=lambda row: row["id"]))


ages = st.sampled_from([Age(hours=7 * 24), Age(hours=30 * 24), Age(months=1), Age(months=120_000)])
whens = ages | st.datetimes(*_lately, timezones=st.just(UTC))
rates = st.none() | st.sampled_from((0, 25, 50, 100)) | st.floats(0, 100)
sorts = st.builds(
    Sort, st.sampled_from([column.key for column in (COURSE, *MEMBER)]), st.booleans()
)
wanted_statuses = st.frozensets(
    st.sampled_from((None, *DOCUMENTED, SEEN, "expired")), min_size=1, max_size=4
)

criterias = st.builds(
    Criteria,
    statuses=st.none() | wanted_statuses,
    search=st.none() | st.sampled_from(("ann", "A", "SS", "i", " ", "&", "李", ",", "\n")) | texts,
    min_completion=rates,
    max_completion=st.none() | rates,
    active=st.none() | st.none() | ages,
    inactive=st.none() | st.none() | ages,
    never_active=st.sampled_from((False, False, True)),
    joined_after=st.none() | st.none() | whens,
    joined_before=st.none() | st.none() | whens,
    sort=st.none() | sorts,
    limit=st.none() | st.integers(0, 6),
).filter(lambda criteria: criteria.search != "")


def built(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Criteria]:
    """Criteria of these fields and no other: `builds` would invent those of a named tuple."""
    return st.builds(lambda **chosen: Criteria(**chosen), **fields)


few_criterias = st.one_of(
    st.just(Criteria()),
    built(statuses=wanted_statuses, limit=st.none() | st.integers(0, 6)),
    built(search=texts.filter(bool), sort=st.none() | sorts),
    built(inactive=ages, sort=sorts, limit=st.integers(0, 6)),
    criterias,
)


# Both sources


def export_of(rows: list[dict[str, Any]], folder: Path) -> Export:
    """Save a roster as coursectl would: in the order in which the API gives it."""
    path = folder / "roster.json"
    course = {"id": 42, "name": NAME, "slug": "food-safety"}
    path.write_text(json.dumps({"course": course, "count": len(rows), "results": rows}))
    return Export(path, "roster.json")


def oldest_first(rows: list[dict[str, Any]], *, nulls_first: bool) -> list[dict[str, Any]]:
    rows = sorted(rows, key=itemgetter("id"))
    some = [row for row in rows if row.get("joined_at") is not None]
    some.sort(key=lambda row: datetime.fromisoformat(row["joined_at"]))
    none = [row for row in rows if row.get("joined_at") is None]
    return none + some if nulls_first else some + none


def gathered(source: Source, criteria: Criteria) -> tuple[list[Batch], Caption]:
    """The members, and what a table says of them, with every fact that may differ."""
    gathering = Gathering(
        [source], criteria, now=NOW, as_of=NOW, shows_ages=True, shows_course=True
    )
    batches = list(gathering.batches())
    names = ", ".join(roster.course for roster in gathering.rosters)
    as_of = [str(roster.as_of) for roster in gathering.rosters]
    return batches, Caption(names, (f"{gathering.shown} of {gathering.total()}", *as_of))


def rendered(
    renderer: Renderer,
    batches: list[Batch],
    caption: Caption,
    columns: tuple[Column, ...] = (COURSE, *MEMBER),
) -> bytes:
    out = io.BytesIO()
    renderer.render(Answer(columns, batches, lambda: caption), out)
    return out.getvalue()


def members(batches: list[Batch]) -> list[Member]:
    return [member for batch in batches for member in batch.members]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exports")


@pytest.mark.slow
@given(
    rows=rosters(),
    criteria=few_criterias,
    largest_page=st.integers(1, 10),
    nulls_first=st.booleans(),
)
@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow])
def test_the_api_and_an_export_give_the_same_members_in_every_format(
    community, folder, rows, criteria, largest_page, nulls_first
):
    # The API has no word for members without a status. The community sends them together with
    # every request for several statuses: else none could be had, and the sources would differ by
    # what the API cannot say rather than by what coursectl does.
    community.courses = {42: Course(42, rows, name=NAME)}
    # Nor does it refuse a word: what it refuses, it is not asked for, and a warning says so.
    community.refuses_unknown_statuses = False
    community.nulls_first = nulls_first
    community.largest_page = largest_page
    community.requests.clear()
    export = export_of(oldest_first(rows, nulls_first=nulls_first), folder)

    from_api = gathered(CourseMembers(42, Api(community.settings)), criteria)
    from_export = gathered(export, criteria)

    assert members(from_api[0]) == members(from_export[0])
    assert from_api[1] == from_export[1]
    for name, renderer in FORMATS.items():
        for columns in ((COURSE, *MEMBER), MEMBER):
            assert rendered(renderer, *from_api, columns) == rendered(
                renderer, *from_export, columns
            ), name
    event("some members" if members(from_export[0]) else "no members")


def selected(rows: list[dict[str, Any]], folder: Path) -> tuple[list[Batch], Caption]:
    return gathered(export_of(rows, folder), Criteria())


def values(row: dict[str, Any]) -> dict[str, Any]:
    """What a row says, null where it says nothing."""
    return {column.key: row.get(column.key) for column in MEMBER}


def as_row(read: dict[str, Any]) -> dict[str, Any]:
    """A member as read back from JSON or CSV, with moments for date-times, to compare."""
    return {
        key: datetime.fromisoformat(value)
        if value is not None and key in ("last_active_at", "joined_at")
        else value
        for key, value in read.items()
    }


@pytest.mark.slow
@given(rows=rosters())
@settings(max_examples=200)
def test_json_reads_back_to_the_same_values(folder, rows):
    batches, caption = selected(rows, folder)
    expected = [as_row(values(row)) for row in rows]

    array = json.loads(rendered(JsonRenderer(), batches, caption, MEMBER))
    lines = rendered(JsonRenderer(lines=True), batches, caption, MEMBER).decode().split("\n")

    assert [as_row(read) for read in array] == expected
    assert lines.pop() == ""
    assert [as_row(json.loads(line)) for line in lines] == expected
    for read in array:
        assert list(read) == [column.key for column in MEMBER]
        for key in ("last_active_at", "joined_at"):
            assert read[key] is None or read[key].endswith("Z")


@pytest.mark.slow
@given(rows=rosters())
@settings(max_examples=200)
@pytest.mark.parametrize(
    "renderer",
    [
        CsvRenderer(raw=True),
        CsvRenderer("\t", raw=True),
        CsvRenderer(raw=True, excel=True),
    ],
    ids=["csv", "tsv", "Excel"],
)
def test_raw_csv_reads_back_to_the_same_values(folder, renderer, rows):
    batches, caption = selected(rows, folder)
    text = rendered(renderer, batches, caption, MEMBER).decode()
    assert text.startswith("\ufeff") == renderer.excel
    text = text.removeprefix("\ufeff")

    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=renderer.delimiter)
    found = list(reader)

    assert reader.fieldnames == [column.key for column in MEMBER]
    assert [as_row(typed(read)) for read in found] == [
        # CSV has no null: it reads back as no text.
        as_row({key: None if value == "" else value for key, value in values(row).items()})
        for row in rows
    ]


def typed(read: dict[str, str]) -> dict[str, Any]:
    """A record of CSV with its numbers as numbers, and None for what is empty."""
    kept: dict[str, Any] = {key: value or None for key, value in read.items()}
    kept["id"] = int(read["id"])
    if read["user_completion_rate"]:
        kept["user_completion_rate"] = float(read["user_completion_rate"])
    return kept


def test_the_program_gives_the_same_for_a_course_and_for_its_export(community, folder):
    demo = json.loads((Path(sources.__file__).parent / "demo.json").read_text(encoding="utf-8"))
    rows = oldest_first(demo["results"], nulls_first=False)
    community.courses = {42: Course(42, rows, name=NAME)}
    community.nulls_first = False
    community.largest_page = 30
    export_of(rows, folder)
    arguments = ("-s", "joined,none,invited", "--inactive", "30d", "--as-of", "2026-11-23", "--csv")

    from_api = coursectl("members", "42", *arguments, environment=community.environment)
    from_export = coursectl("members", "roster.json", *arguments, cwd=folder)

    assert (from_api.code, from_export.code) == (0, 0)
    assert from_api.stdout == from_export.stdout
    assert from_api.stdout.count(b"\n") > 50
