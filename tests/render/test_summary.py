import io
import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from coursectl.render.columns import SUMMARY_COLUMNS, Kind
from coursectl.render.outline import Bars, Block, Figures, Rows, Words
from coursectl.render.summary import (
    course_facts,
    summary_batch,
    summary_outline,
    summary_sections,
    write_json,
)
from coursectl.roster.summary import Counting, Summary, Tally
from tests.render.answers import AS_OF, MEMBERS, member
from tests.render.test_json import ACTING

REMEDY = "coursectl members 42"


def summary(
    *members, as_of: datetime = AS_OF, most: int | None = None, in_hindsight: bool = False, **known
) -> Summary:
    tally = Tally(as_of, Counting(most_nudged=most, in_hindsight=in_hindsight))
    tally.take(list(members))
    return tally.summary(**({"course": "Food Safety"} | known))


def blocks(found: Summary, key: str) -> tuple[Block, ...]:
    (section,) = [each for each in summary_sections(found, remedy=REMEDY) if each.key == key]
    return section.blocks


def words(found: Summary, key: str) -> str:
    return " ".join(
        paragraph
        for block in blocks(found, key)
        if isinstance(block, Words)
        for paragraph in block.paragraphs
    )


def bars(found: Summary, key: str, place: int = -1) -> Bars:
    return [block for block in blocks(found, key) if isinstance(block, Bars)][place]


def documents(*found: Summary) -> list[dict]:
    out = io.BytesIO()
    write_json(found, out, lines=False)
    document = json.loads(out.getvalue())
    assert document["shape"] == "summary/1"
    return document["courses"]


def test_a_page_says_whose_it_is_as_of_when_and_of_which_members():
    page = summary_outline(summary(), ("status manager",), remedy=REMEDY)
    assert page.title == "Food Safety"
    assert page.facts == ("status manager", "as of 2026-11-23 06:00 UTC")
    assert [section.title for section in page.sections] == [
        "At a glance",
        "By status",
        "Completion",
        "Activity",
        "Joins by week",
        "Who needs a nudge",
    ]
    assert len({section.key for section in page.sections}) == 6


def test_at_a_glance_are_the_figures_that_matter_with_what_they_are_of():
    found = summary(
        member(1, user_completion_rate=100, last_active_at=AS_OF),
        member(2, user_completion_rate=50),
        member(3, join_status="invited"),
    )
    (figures,) = blocks(found, "figures")
    assert isinstance(figures, Figures)
    assert [(each.label, each.value, each.note) for each in figures.items] == [
        ("Members", 3, ""),
        ("Counted", 2, "joined"),
        ("Mean completion", 75, ""),
        ("Median", 75, ""),
        ("At 100%", 1, ""),
        ("Active in 30 days", 1, ""),
        ("Need a nudge", 1, "silent for 30d"),
    ]
    assert {each.kind for each in figures.items if each.value == 75} == {Kind.PERCENT}


def test_bars_of_statuses_are_shares_of_all_and_those_of_completion_of_who_has_a_rate():
    found = summary(
        member(1, user_completion_rate=9.99),
        member(2, user_completion_rate=10),
        member(3, user_completion_rate=100),
        member(4, user_completion_rate=None),
        member(5, join_status=None),
    )
    assert bars(found, "status").bars == (("joined", 4), ("none", 1))
    assert bars(found, "status").whole == 5
    tenths = bars(found, "completion")
    assert tenths.whole == 3
    assert [number for _, number in tenths.bars] == [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert (tenths.bars[0][0], *tenths.bars[-2:]) == (
        "0 to 10%",
        ("90 to under 100%", 0),
        ("100%", 1),
    )


def test_bands_of_activity_add_up_to_all_and_to_those_not_done():
    found = summary(
        member(1, last_active_at=AS_OF),
        member(2, last_active_at=AS_OF - timedelta(days=7)),
        member(3, last_active_at=AS_OF - timedelta(days=7, seconds=1)),
        member(4, last_active_at=AS_OF - timedelta(days=31)),
        member(5, last_active_at=AS_OF - timedelta(days=91)),
        member(6, last_active_at=AS_OF, user_completion_rate=100),
        member(7, last_active_at=None, user_completion_rate=None),
    )
    all_, not_done = blocks(found, "activity")
    assert isinstance(all_, Bars)
    assert isinstance(not_done, Bars)
    assert all_.bars == (
        ("within 7 days", 3),
        ("8 to 30 days ago", 1),
        ("31 to 90 days ago", 1),
        ("longer ago", 1),
        ("never", 1),
    )
    assert (all_.whole, not_done.title, not_done.whole) == (7, "Of those under 100%", 5)
    assert [number for _, number in not_done.bars] == [2, 1, 1, 1, 0]


def test_in_hindsight_it_is_said_of_how_many_the_activity_is_not_known():
    found = summary(
        member(1, last_active_at=AS_OF + timedelta(days=1)),
        in_hindsight=True,
        fetched_at=AS_OF + timedelta(days=2),
    )
    assert bars(found, "activity", 0).bars[-1] == ("not known", 1)
    assert words(found, "activity").startswith("Of 1 it is not known when they were last active")
    assert words(found, "nudge").endswith("is not told.")
    page = summary_outline(found, remedy="")
    assert page.facts == (
        "as of 2026-11-23 06:00 UTC",
        "fetched 2026-11-25 06:00 UTC: who joined later is left out, rates and statuses are of"
        " then",
    )


def test_joins_are_the_last_twelve_weeks_with_empty_ones_and_words_on_the_others():
    moments = [AS_OF - timedelta(weeks=weeks) for weeks in (0, 0, 3, 11, 12, 30, -1)]
    found = summary(*(member(id_, joined_at=moment) for id_, moment in enumerate(moments)))
    shown = bars(found, "joins").bars
    assert len(shown) == 12
    assert [bar for bar in shown if bar[1]] == [
        ("2026-09-07", 1),
        ("2026-11-02", 1),
        ("2026-11-23 so far", 2),
    ]
    assert [one for one, _ in shown] == sorted(one for one, _ in shown)
    assert words(found, "joins") == ("2 joined before 2026-09-07; 1 in the weeks after 2026-11-23.")
    assert words(summary(member(1, joined_at=AS_OF)), "joins") == ""


def test_weeks_begin_on_a_monday_whatever_day_it_is():
    for day in range(7):
        as_of = datetime(2024, 2, 26, 12, tzinfo=UTC) + timedelta(days=day)
        assert bars(summary(as_of=as_of), "joins").bars[-1][0] == "2024-02-26 so far"


def test_who_needs_a_nudge_is_counted_by_kind_and_listed():
    found = summary(*(member(id_) for id_ in range(5)), most=2, course_type="self-paced")
    counts, rows = blocks(found, "nudge")
    assert isinstance(counts, Figures)
    assert [(each.label, each.value) for each in counts.items] == [
        ("Never began", 5),
        ("Stalled", 0),
        ("Nearly done", 0),
    ]
    assert isinstance(rows, Rows)
    assert [column.header for column in rows.columns] == [
        "ID",
        "Username",
        "Name",
        "Completion",
        "Last active",
        "Joined",
        "Kind",
    ]
    assert (len(rows.rows), rows.left_out, rows.remedy) == (2, 3, REMEDY)
    assert rows.rows[0]["kind"] == "never began"


@pytest.mark.parametrize(
    ("type_", "said"),
    [
        ("self-paced", ""),
        ("structured", "This course opens over time (structured). Who has done all that is open"),
        ("scheduled", "This course opens over time (scheduled). Who has done all that is open"),
        (None, "Whether this course opens over time is not known"),
        ("fortnightly", "Whether this course opens over time is not known"),
    ],
)
def test_who_may_have_done_all_that_is_open_is_said_to_be_unknown(type_, said):
    found = summary(member(1), course_type=type_)
    assert words(found, "nudge").startswith(said)
    assert bool(words(found, "nudge")) == bool(said)
    (document,) = documents(found)
    assert document["course"]["type"] == type_
    assert document["nudge"]["done_all_that_is_open"] == (0 if not said else None)
    told = " ".join(course_facts([found, found]))
    assert bool(said) == told.startswith("2 ")


def test_when_nobody_needs_a_nudge_it_says_so():
    assert words(summary(), "nudge") == (
        "Nobody: no member is joined, under 100 %, and silent for 30d."
    )


# The API's mean


def beside(own_mean: float, *rates: float, **known) -> str:
    members = [member(id_, user_completion_rate=rate) for id_, rate in enumerate(rates)]
    return words(summary(*members, own_mean=own_mean, **known), "completion")


def test_without_a_mean_of_the_api_nothing_is_said_of_it():
    assert words(summary(member(1)), "completion") == ""


def test_the_mean_of_the_api_stands_beside_ours_with_whom_each_counts():
    manager = member(9, join_status="manager", user_completion_rate=100)
    found = summary(member(1, user_completion_rate=50), manager, own_mean=75)
    assert words(found, "completion") == (
        "The community itself says 75% (avg_completion_rate). Ours is the mean of the members who"
        " are joined and have a rate (1). Theirs is what one gets for the joined and the managers,"
        " so the two are not compared."
    )


def test_the_mean_of_the_api_may_be_the_same_or_less_or_nobodys():
    assert "(avg_completion_rate), the same as ours." in beside(50, 50)
    assert "Theirs is what one gets for the same members." in beside(50, 50)
    assert "(avg_completion_rate). Ours is the mean" in beside(37.5, 50)
    assert "Whom theirs counts, the API does not say, so the two are not" in beside(37.5, 50)
    assert "Theirs is of the whole course, so the two are not" in beside(50, 50, is_whole=False)
    assert "Ours is the mean of the members here who are joined" in beside(50, 50, is_whole=False)
    assert "0.8 points less than ours." in beside(54, 54.8)
    assert "Theirs is what one gets for the same members, rounded." in beside(54, 54.8)
    assert beside(50) == (
        "The community itself says 50% (avg_completion_rate); there is no member with a rate to"
        " hold against it."
    )


# A row, and JSON


def test_a_row_has_a_value_for_every_column_and_its_counts_add_up():
    statuses = ("creator", "joined", "joined", "new", "other", None)
    found = summary(*(member(id_, join_status=status) for id_, status in enumerate(statuses)))
    (row,) = summary_batch([found], AS_OF).rows
    assert list(row) == [column.key for column in SUMMARY_COLUMNS]
    assert (row["creator"], row["manager"], row["joined"]) == (1, 0, 2)
    assert (row["other_status"], row["no_status"], row["members"]) == (2, 1, 6)
    assert row["tenth_0"] == row["counted"] == row["never_active"] == row["nudge"] == 2


def test_json_has_the_documented_shape():
    found = summary(
        member(
            7,
            username="ann",
            user_completion_rate=12.5,
            last_active_at=datetime(2026, 10, 1, tzinfo=UTC),
        ),
        member(8, join_status=None),
        course_id=42,
        course_type="scheduled",
        community="https://community.example",
        fetched_at=AS_OF,
        own_mean=13,
    )
    assert documents(found) == [
        {
            "course": {"id": 42, "name": "Food Safety", "type": "scheduled"},
            "community": "https://community.example",
            "fetched_at": "2026-11-23T06:00:00Z",
            "as_of": "2026-11-23T06:00:00Z",
            "members": 2,
            "invalid_rows": 0,
            "incomplete": None,
            "by_status": {"joined": 1, "none": 1},
            "counted": {"statuses": ["joined"], "members": 1},
            "completion": {
                "members": 1,
                "without_rate": 0,
                "mean": 12.5,
                "lower_quartile": 12.5,
                "median": 12.5,
                "upper_quartile": 12.5,
                "at_0": 0,
                "at_100": 0,
                "from_90_under_100": 0,
                "not_done": 1,
                "tenths": [
                    {"from": start, "to": start + 10, "members": int(start == 10)}
                    for start in range(0, 100, 10)
                ],
            },
            "activity": {
                "within_7_days": 0,
                "within_30_days": 0,
                "within_90_days": 1,
                "days_8_to_30": 0,
                "days_31_to_90": 1,
                "longer_ago": 0,
                "never": 0,
                "not_known": 0,
                "not_done": {
                    "within_7_days": 0,
                    "days_8_to_30": 0,
                    "days_31_to_90": 1,
                    "longer_ago": 0,
                    "never": 0,
                    "not_known": 0,
                },
            },
            "joins": [{"week": "2026-03-02", "members": 1}],
            "unfinished_week": "2026-11-23",
            "own_mean": {
                "avg_completion_rate": 13,
                "difference": -0.5,
                "counts": "the same members",
            },
            "nudge": {
                "inactive": "30d",
                "members": 1,
                "never_began": 0,
                "stalled": 1,
                "nearly_done": 0,
                "not_known": 0,
                "done_all_that_is_open": None,
                "people": [
                    {
                        "id": 7,
                        "username": "ann",
                        "real_name": "Ann",
                        "join_status": "joined",
                        "user_completion_rate": 12.5,
                        "last_active_at": "2026-10-01T00:00:00Z",
                        "joined_at": "2026-03-02T08:00:00Z",
                        "kind": "stalled",
                    }
                ],
            },
        }
    ]


def test_json_of_nobody_has_the_same_shape_with_nulls():
    (document,) = documents(summary())
    assert document["completion"]["mean"] is None
    assert (document["own_mean"], document["fetched_at"], document["joins"]) == (None, None, [])
    assert document["course"] == {"id": None, "name": "Food Safety", "type": None}
    assert document["nudge"]["members"] == 0
    assert document["nudge"]["people"] == []


def test_json_of_many_who_need_a_nudge_is_one_document_like_that_of_few():
    some = [summary(*map(member, range(1, number + 1))) for number in (0, 1, 2_500, 1_000)]
    out = io.BytesIO()
    write_json(some, out, lines=False)
    document = json.loads(out.getvalue())
    assert [len(each["nudge"]["people"]) for each in document["courses"]] == [0, 1, 2_500, 1_000]
    assert out.getvalue() == to_json(document, indent=2) + b"\n"
    out = io.BytesIO()
    write_json(some, out, lines=True)
    lines = out.getvalue().splitlines(keepends=True)
    assert len(lines) == 4
    for line, course in zip(lines, document["courses"], strict=True):
        assert line == to_json({"shape": "summary/1", **course}) + b"\n"


def test_a_name_that_looks_like_the_list_of_people_is_only_a_name():
    name = '"people": [] "people":[]'
    for each in documents(summary(member(1, real_name=name), course=name), summary(course=name)):
        assert each["course"]["name"] == name
        assert [person["real_name"] for person in each["nudge"]["people"]] in ([name], [])


def test_moments_of_those_who_need_a_nudge_may_be_text():
    moment = datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=UTC)
    text = "2026-01-02T03:04:05.000600Z"
    as_text = summary(member(1, last_active_at=text, joined_at=text))
    as_moments = summary(member(1, last_active_at=moment, joined_at=moment))
    assert blocks(as_text, "nudge") == blocks(as_moments, "nudge")
    assert documents(as_text) == documents(as_moments)


def test_a_status_that_is_called_none_is_not_no_status():
    (document,) = documents(summary(member(1, join_status="none"), member(2, join_status=None)))
    assert document["by_status"] == {'"none"': 1, "none": 1}


@settings(max_examples=60)
@given(st.lists(st.lists(MEMBERS, max_size=4, unique_by=lambda row: row["id"]), max_size=3))
def test_json_is_json_that_a_terminal_shows_as_it_is_and_lines_are_a_course_each(rosters):
    found = [summary(*members) for members in rosters]
    out = io.BytesIO()
    write_json(found, out, lines=False)
    text = out.getvalue().decode()
    assert not [each for each in ACTING if each in text.replace("\n", "")]
    courses = json.loads(text)["courses"]
    for each, document in zip(found, courses, strict=True):
        assert sum(document["by_status"].values()) == each.members
        people = document["nudge"]["people"]
        assert [person["real_name"] for person in people] == [
            m["real_name"] for m in each.nudges.people
        ]
    lines = io.BytesIO()
    write_json(found, lines, lines=True)
    split = [json.loads(line) for line in lines.getvalue().decode().split("\n")[:-1]]
    assert split == [{"shape": "summary/1"} | document for document in courses]


def test_the_day_of_a_week_is_a_date():
    (document,) = documents(summary(member(1, joined_at=datetime(2024, 2, 29, tzinfo=UTC))))
    assert date.fromisoformat(document["joins"][0]["week"]).weekday() == 0
