import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursectl.errors import UsageError
from coursectl.render.changes import (
    change_answer,
    change_sections,
    change_table,
    changes_outline,
    write_json,
)
from coursectl.render.columns import CHANGE_COLUMNS
from coursectl.render.csv import CsvRenderer
from coursectl.render.outline import Figures, Rows, Words
from coursectl.render.screen import ScreenRenderer
from coursectl.roster.change_kind import ChangeKind
from coursectl.roster.changes import Change, Changes, Side
from coursectl.roster.moments import Age, written
from tests.render.answers import AS_OF, MEMBERS, member, rendered
from tests.render.outlines import lines_by
from tests.render.test_json import ACTING

WEEK_AGO = datetime(2026, 11, 16, 6, tzinfo=UTC)
JOINED = datetime(2026, 3, 2, 8, tzinfo=UTC)
ACTIVE = "2026-10-20T12:00:00Z"


def at(id_: int, **fields: Any) -> Any:
    """A member as a comparison gives one: moments are text."""
    found = member(id_, **fields)
    for field in ("last_active_at", "joined_at"):
        moment = found[field]  # type: ignore[literal-required]
        found[field] = moment and written(moment)  # type: ignore[literal-required]
    return found


def changes(*told: Change, **known: Any) -> Changes:
    by_kind = {kind: [each for each in told if each.kind is kind] for kind in ChangeKind}
    usual: dict[str, Any] = {
        "course": "Food Safety",
        "course_id": 42,
        "community": "https://community.example",
        "before": Side(WEEK_AGO, 1),
        "after": Side(AS_OF, 2),
        "as_of": AS_OF,
        "inactive": Age(hours=30 * 24),
        "counts": {kind: len(each) for kind, each in by_kind.items()},
        "of": lambda kind: iter(by_kind[kind]),
    }
    return Changes(**(usual | known))


EACH = (
    Change(ChangeKind.JOINED, None, at(1)),
    Change(ChangeKind.LEFT, at(2, user_completion_rate=7, last_active_at=ACTIVE), None),
    Change(ChangeKind.INVITED, None, at(9, join_status="invited", joined_at=None)),
    Change(ChangeKind.REQUESTED, None, at(10, join_status="requested", joined_at=None)),
    Change(ChangeKind.WITHDRAWN, at(11, join_status="invited", joined_at=None), None),
    Change(ChangeKind.MOVED, at(3), at(3, join_status="manager")),
    Change(ChangeKind.PROGRESSED, at(4, user_completion_rate=20), at(4, user_completion_rate=45.5)),
    Change(ChangeKind.REGRESSED, at(5, user_completion_rate=30), at(5, user_completion_rate=None)),
    Change(ChangeKind.COMPLETED, None, at(6, user_completion_rate=100)),
    Change(ChangeKind.SILENT, at(7, last_active_at=ACTIVE), at(7, last_active_at=ACTIVE)),
    Change(ChangeKind.RENAMED, at(8, real_name=None), at(8, real_name="Bea", username=None)),
)
"""One change of each kind."""


# A page


def test_a_page_says_whose_changes_it_has_and_of_which_time():
    page = changes_outline(changes(*EACH), shown=9, remedy=str)
    assert page.title == "Food Safety"
    assert page.facts == (
        "2026-11-16 06:00 UTC to 2026-11-23 06:00 UTC",
        "1 to 2 members",
    )


def test_counts_come_first_and_then_a_section_of_each_kind_that_there_is():
    found = change_sections(changes(*EACH[:2], *EACH[9:]))
    assert [section.key for section in found] == [
        "changes",
        "changes-joined",
        "changes-left",
        "changes-silent",
        "changes-renamed",
    ]
    assert found[0].title == "What changed since 2026-11-16"
    (figures,) = found[0].blocks
    assert isinstance(figures, Figures)
    assert [item.value for item in figures.items] == [1, 1, *[0] * 7, 1, 1]


def test_where_nothing_changed_the_page_says_so():
    (section,) = change_sections(changes())
    assert section.blocks[1] == Words(("Nothing changed.",))


def test_silence_that_cannot_be_told_is_not_known():
    unknown = changes(counts={ChangeKind.SILENT: None}, before=Side(None, 0))
    (section,) = change_sections(unknown)
    assert section.title == "What changed"
    (item,) = section.blocks[0].items
    assert (item.value, item.null) == (None, "not known")
    page = changes_outline(unknown, shown=9, remedy=str)
    assert page.facts[0] == "not known when to 2026-11-23 06:00 UTC"


def table_of(change: Change) -> Rows:
    _, section = change_sections(changes(change))
    (table,) = section.blocks
    assert isinstance(table, Rows)
    return table


@pytest.mark.parametrize(
    ("change", "told"),
    list(
        zip(
            EACH,
            (
                {"From": None, "To": "joined", "Joined": JOINED},
                {
                    "From": "joined",
                    "To": None,
                    "Completion": 7,
                    "Last active": datetime(2026, 10, 20, 12, tzinfo=UTC),
                },
                {"From": None, "To": "invited"},
                {"From": None, "To": "requested"},
                {"From": "invited", "To": None},
                {"From": "joined", "To": "manager"},
                {"From": 20, "To": 45.5, "Delta": 25.5},
                {"From": 30, "To": None, "Delta": None},
                {"From": None, "Last active": None},
                {
                    "Completion": 0,
                    "Last active": datetime(2026, 10, 20, 12, tzinfo=UTC),
                    "Joined": JOINED,
                },
                {"Username before": "member_8", "Name before": None},
            ),
            strict=True,
        )
    ),
    ids=lambda value: str(value.kind) if isinstance(value, Change) else "",
)
def test_people_are_shown_with_what_fits_the_kind(change, told):
    table = table_of(change)
    (row,) = table.rows
    shown = {column.header: row[column.key] for column in table.columns}
    who = change.member
    assert (
        shown
        == {
            "ID": who["id"],
            "Username": who["username"],
            "Name": who["real_name"],
        }
        | told
    )


def test_of_many_people_the_first_are_shown_and_how_to_see_all():
    many = [Change(ChangeKind.JOINED, None, at(id_)) for id_ in range(5)]
    _, section = change_sections(changes(*many), shown=2, remedy="list {}".format)
    (table,) = section.blocks
    assert [row["id"] for row in table.rows] == [0, 1]
    assert table.left_out == 3
    assert table.remedy == "list joined"


def test_ages_are_measured_from_when_the_second_roster_was_fetched():
    assert table_of(EACH[9]).as_of == AS_OF
    lines = lines_by(ScreenRenderer(200), changes_outline(changes(EACH[9]), shown=9, remedy=str))
    assert "33 days ago" in lines[-1]


def test_all_changes_may_stand_in_one_table_below_the_counts():
    (section,) = change_table(changes(*EACH))
    since, counts, table = section.blocks
    assert [item.value for item in since.items] == [WEEK_AGO]
    assert [item.value for item in counts.items] == [1] * len(EACH)
    assert [row["change"] for row in table.rows] == list(ChangeKind)
    assert [column.key for column in table.columns] == [column.key for column in CHANGE_COLUMNS]
    assert [(row["from"], row["to"]) for row in table.rows[6:10]] == [
        (20, 45.5),
        (30, None),
        (None, 100),
        (datetime.fromisoformat(ACTIVE), datetime.fromisoformat(ACTIVE)),
    ]
    (section,) = change_table(changes())
    *_, words, table = section.blocks
    assert words == Words(("Nothing changed.",))
    assert table.rows == []


# Rows


def test_a_row_has_what_it_was_and_is_as_text():
    text = rendered(CsvRenderer(), change_answer(changes(*EACH), typed=False)).decode()
    assert text.splitlines() == [
        "change,id,username,real_name,join_status,from,to,delta",
        "joined,1,member_1,Ann,joined,,joined,",
        "left,2,member_2,Ann,joined,joined,,",
        "invited,9,member_9,Ann,invited,,invited,",
        "requested,10,member_10,Ann,requested,,requested,",
        "withdrawn,11,member_11,Ann,invited,invited,,",
        "moved,3,member_3,Ann,manager,joined,manager,",
        "progressed,4,member_4,Ann,joined,20,45.5,25.5",
        "regressed,5,member_5,Ann,joined,30,,",
        "completed,6,member_6,Ann,joined,,100,",
        f"silent,7,member_7,Ann,joined,{ACTIVE},{ACTIVE},",
        "renamed,8,,Bea,joined,(member_8),Bea,",
    ]


def test_changes_without_a_name_of_their_course_are_called_changes():
    answer = change_answer(changes(course=None), typed=False)
    assert answer.caption().title == answer.heading == "Changes"


# JSON


def json_of(found: Changes, *, lines: bool = False) -> bytes:
    out = io.BytesIO()
    write_json(found, out, lines=lines)
    return out.getvalue()


CHANGES = st.lists(
    st.one_of(
        st.builds(lambda m: Change(ChangeKind.JOINED, None, m), MEMBERS),
        st.builds(lambda m: Change(ChangeKind.LEFT, m, None), MEMBERS),
        st.builds(
            Change,
            st.sampled_from(
                (ChangeKind.MOVED, ChangeKind.PROGRESSED, ChangeKind.SILENT, ChangeKind.RENAMED)
            ),
            MEMBERS,
            MEMBERS,
        ),
    ),
    max_size=4,
)


@settings(max_examples=100)
@given(CHANGES)
def test_json_is_whole_acts_on_nothing_and_has_the_lines_of_jsonl(told):
    found = changes(*told)
    whole, lines = json_of(found), json_of(found, lines=True)
    for text in (whole, lines):
        assert not {*text.decode()}.intersection({*ACTING} - {"\n"})
    document = json.loads(whole)
    assert document["changes"] == [json.loads(line) for line in lines.decode().splitlines()]
    assert len(document["changes"]) == len(told) == sum(document["counts"].values())
    assert [each["real_name"] for each in document["changes"]] == [
        each.member["real_name"] for kind in ChangeKind for each in told if each.kind is kind
    ]


def test_json_of_many_changes_has_each_once():
    many = [Change(ChangeKind.JOINED, None, at(id_)) for id_ in range(2_500)]
    assert [each["id"] for each in json.loads(json_of(changes(*many)))["changes"]] == [
        *range(2_500)
    ]
    assert json_of(changes(*many), lines=True).count(b"\n") == 2_500


def test_json_says_null_of_what_is_not_known():
    found = changes(
        course=None,
        course_id=None,
        community=None,
        before=Side(None, 0),
        counts={ChangeKind.SILENT: None},
    )
    document = json.loads(json_of(found))
    assert document["course"] == {"id": None, "name": None}
    assert document["community"] is None
    assert document["before"] == {"fetched_at": None, "members": 0}
    assert document["counts"] == {"silent": None}
    assert document["changes"] == []


def test_json_is_left_open_if_the_changes_cannot_be_read_to_their_end():
    def broken(_kind: ChangeKind) -> Iterator[Change]:
        yield EACH[0]
        raise UsageError("no room")

    out = io.BytesIO()
    with pytest.raises(UsageError):
        write_json(changes(*EACH, of=broken), out, lines=False)
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(out.getvalue())
