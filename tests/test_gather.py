"""From sources to the members that were asked for, and what is to be said of them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from coursectl.errors import IncompleteRoster, InvalidData, NotFound
from coursectl.gather import Gathering, Tolerance
from coursectl.roster.criteria import Criteria, Sort
from coursectl.roster.member import Provenance
from coursectl.roster.moments import Age
from coursectl.sources.api.client import Api
from coursectl.sources.api.members import CourseMembers
from coursectl.sources.export import Export
from coursectl.sources.interface import Source
from tests.community import Community, Course, row

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FETCHED = datetime(2026, 6, 30, tzinfo=UTC)
PATH = "/api/v2/course/42/users/"
COURSE = {"id": 42, "name": "Food Safety", "slug": "food-safety"}

Saved = Callable[..., Export]


@pytest.fixture
def saved(tmp_path: Path) -> Saved:
    """Save a document of any kind, and give the export."""

    def saved(document: object, name: str = "roster.json") -> Export:
        path = tmp_path / name
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return Export(path, name)

    return saved


def page(*rows: dict[str, Any], **envelope: Any) -> dict[str, Any]:
    """A page object; what it says of itself stands before the members."""
    return {"count": len(rows)} | envelope | {"results": list(rows)}


def page_told_behind(*rows: dict[str, Any], **envelope: Any) -> dict[str, Any]:
    return {"results": list(rows), "count": len(rows)} | envelope


def gathering(*sources: Source, criteria: Criteria | None = None, **how: Any) -> Gathering:
    return Gathering(sources, criteria or Criteria(), now=NOW, **how)


def ids(gathering: Gathering) -> list[int]:
    return [member["id"] for batch in gathering.batches() for member in batch.members]


def course(community: Community, id_: int = 42) -> CourseMembers:
    return CourseMembers(id_, Api(community.settings))


# Several sources


def test_several_rosters_come_one_after_another(saved, community):
    first = saved([row(7), row(3)], "first.json")
    second = saved([row(3), row(9)], "second.json")
    gathered = gathering(first, course(community), second)

    assert ids(gathered) == [7, 3, 1, 2, 3, 4, 5, 3, 9]
    assert [roster.course for roster in gathered.rosters] == [
        "first.json",
        "course 42",
        "second.json",
    ]
    assert (gathered.shown, gathered.total()) == (9, 9)


def test_a_sort_goes_across_all_rosters(saved):
    first = saved([row(7, user_completion_rate=10), row(3, user_completion_rate=30)], "first.json")
    second = saved([row(3, user_completion_rate=20)], "second.json")
    gathered = gathering(
        first, second, criteria=Criteria(sort=Sort("user_completion_rate", descending=True))
    )

    batches = [
        (batch.roster.course, [member["id"] for member in batch.members])
        for batch in gathered.batches()
    ]
    assert batches == [("first.json", [3]), ("second.json", [3]), ("first.json", [7])]


def test_a_limit_goes_across_all_rosters(saved):
    first = saved([row(1), row(2)], "first.json")
    second = saved([row(3), row(4)], "second.json")
    gathered = gathering(first, second, criteria=Criteria(limit=3))

    assert ids(gathered) == [1, 2, 3]
    assert (gathered.shown, gathered.total()) == (3, 4)


def test_a_roster_that_fails_fails_the_answer(saved, tmp_path):
    missing = Export(tmp_path / "missing.json", "missing.json")

    with pytest.raises(NotFound, match=r"missing\.json"):
        ids(gathering(saved([row(1)]), missing))


def test_no_source_is_an_empty_answer():
    assert ids(gathering()) == []


def test_the_total_counts_members_who_are_not_wanted_too(saved, community):
    criteria = Criteria(statuses=frozenset({"invited"}))
    gathered = gathering(saved([row(8, join_status="invited"), row(9)]), course(community))
    assert ids(gathered) == [8, 9, 1, 2, 3, 4, 5]

    gathered = gathering(
        saved([row(8, join_status="invited"), row(9)]), course(community), criteria=criteria
    )
    assert ids(gathered) == [8]
    assert (gathered.shown, gathered.total()) == (1, 7)


# The moment that ages are measured from

QUIET = row(1, last_active_at="2026-05-29T00:00:00Z")
BUSY = row(2, last_active_at="2026-06-01T00:00:00Z")
"""When the roster was fetched, 32 and 29 days ago; by now both half a year ago."""

INACTIVE = Criteria(inactive=Age(hours=30 * 24))


@pytest.mark.parametrize("page", [page, page_told_behind], ids=["before", "behind"])
def test_ages_are_measured_from_when_the_roster_was_fetched_wherever_it_says_so(saved, page):
    export = saved(page(QUIET, BUSY, fetched_at="2026-06-30T00:00:00Z"))
    gathered = gathering(export, criteria=INACTIVE)

    assert ids(gathered) == [1]
    assert [roster.as_of for roster in gathered.rosters] == [FETCHED]


def test_members_held_back_for_the_moment_come_whole_and_in_order(saved):
    rows = [row(id_, last_active_at=None) for id_ in range(3_000)]
    gathered = gathering(
        saved(page_told_behind(*rows, fetched_at="2026-06-30T00:00:00Z")), criteria=INACTIVE
    )

    assert ids(gathered) == list(range(3_000))
    assert gathered.shown == 3_000


def test_a_roster_that_does_not_say_when_it_was_fetched_is_of_now(saved):
    for document in ([QUIET, BUSY], page(QUIET, BUSY), page_told_behind(QUIET, BUSY)):
        gathered = gathering(saved(document), criteria=INACTIVE)

        assert ids(gathered) == [1, 2]
        assert [roster.as_of for roster in gathered.rosters] == [NOW]


@pytest.mark.parametrize("page", [page, page_told_behind], ids=["before", "behind"])
def test_a_moment_that_a_person_names_goes_before_the_rosters_own(saved, page):
    export = saved(page(QUIET, BUSY, fetched_at="2026-11-01T00:00:00Z"))
    gathered = gathering(export, criteria=INACTIVE, as_of=FETCHED)

    assert ids(gathered) == [1]
    assert [roster.as_of for roster in gathered.rosters] == [FETCHED]


def test_an_age_that_a_person_names_is_counted_from_now(saved):
    export = saved(page(QUIET, BUSY, fetched_at="2026-11-01T00:00:00Z"))
    gathered = gathering(export, criteria=INACTIVE, as_of=Age(hours=146 * 24))

    assert ids(gathered) == [1]
    assert [roster.as_of for roster in gathered.rosters] == [datetime(2026, 6, 30, 12, tzinfo=UTC)]


def test_each_roster_has_its_own_moment(saved):
    old = saved(page(QUIET, BUSY, fetched_at="2026-06-30T00:00:00Z"), "old.json")
    new = saved(page(QUIET, BUSY), "new.json")
    gathered = gathering(old, new, criteria=INACTIVE)

    assert ids(gathered) == [1, 1, 2]
    assert [roster.as_of for roster in gathered.rosters] == [FETCHED, NOW]


def test_a_roster_from_the_api_is_of_the_moment_when_it_is_fetched(community):
    before = datetime.now(UTC)
    source = course(community)
    gathered = gathering(source, criteria=INACTIVE)
    ids(gathered)

    assert before <= gathered.rosters[0].as_of <= datetime.now(UTC)
    assert gathered.rosters[0].as_of == source.fetched_at


# The course's name


@pytest.mark.parametrize("page", [page, page_told_behind], ids=["before", "behind"])
def test_an_export_that_names_its_course_is_called_so_on_every_batch(saved, page):
    gathered = gathering(saved(page(row(1), row(2), course=COURSE)), shows_course=True)

    assert {batch.roster.course for batch in gathered.batches()} == {"Food Safety"}


def test_an_export_that_names_no_course_is_called_by_its_path(saved):
    gathered = gathering(saved(page(row(1), course={"id": 42})), shows_course=True)

    assert ids(gathered) == [1]
    assert gathered.rosters[0].course == "roster.json"


@pytest.mark.parametrize(("shows", "name"), [(True, "Food Safety"), (False, "course 42")])
def test_the_api_is_asked_for_the_courses_name_only_where_it_is_shown(community, shows, name):
    gathered = gathering(course(community), shows_course=shows)
    ids(gathered)

    assert gathered.rosters[0].course == name
    names = [query for query in community.asked("/api/v2/course/42/") if not query]
    assert len(names) == shows


# Where to stop


def test_requests_end_when_the_limit_is_met(community):
    community.largest_page = 2
    gathered = gathering(course(community), criteria=Criteria(limit=3))

    assert ids(gathered) == [1, 2, 3]
    assert len(community.pages(PATH)) == 2
    assert (gathered.shown, gathered.total()) == (3, 5)


@pytest.mark.parametrize(
    "how", [{"shows_ages": True}, {"shows_course": True}, {"shows_ages": True, "as_of": NOW}]
)
def test_requests_end_when_the_limit_is_met_though_ages_or_the_course_are_shown(community, how):
    community.largest_page = 3
    gathered = gathering(course(community), criteria=Criteria(limit=2), **how)

    assert ids(gathered) == [1, 2]
    assert len(community.pages(PATH)) == 1


def test_who_joined_with_the_last_member_on_a_page_may_stand_on_the_next(community):
    community.largest_page = 3
    for member in community.courses[42].members:
        member["joined_at"] = "2026-01-01T00:00:00Z"
    community.courses[42].members.reverse()

    assert ids(gathering(course(community), criteria=Criteria(limit=2))) == [1, 2]


def test_requests_go_on_until_the_limit_is_met_by_wanted_members(community):
    community.largest_page = 2
    community.courses[42].members[2]["user_completion_rate"] = 50
    gathered = gathering(course(community), criteria=Criteria(limit=1, min_completion=50))

    assert ids(gathered) == [3]
    assert len(community.pages(PATH)) == 2


def test_a_sort_needs_every_page(community):
    community.largest_page = 2
    gathered = gathering(
        course(community), criteria=Criteria(limit=2, sort=Sort("id", descending=True))
    )

    assert ids(gathered) == [5, 4]
    assert any(int(query["offset"]) >= 3 for query in community.asked(PATH))


def test_a_limit_of_none_at_all_asks_for_one_page(community):
    community.largest_page = 2
    gathered = gathering(course(community), criteria=Criteria(limit=0))

    assert ids(gathered) == []
    assert len(community.pages(PATH)) == 1
    assert (gathered.shown, gathered.total()) == (0, 5)


def test_a_limit_met_before_a_course_leaves_its_first_page_for_the_total(saved, community):
    community.largest_page = 2
    gathered = gathering(saved([row(8), row(9)]), course(community), criteria=Criteria(limit=2))

    assert ids(gathered) == [8, 9]
    assert len(community.pages(PATH)) == 1
    assert gathered.total() == 7


def test_a_roster_that_was_not_read_to_its_end_need_not_be_whole(community):
    community.largest_page = 2
    community.misdeed_for_good = community.edited(lambda page: page.update(count=9))

    assert ids(gathering(course(community), criteria=Criteria(limit=2))) == [1, 2]


def test_an_export_is_read_and_proved_to_its_end_whatever_the_limit(saved):
    with pytest.raises(IncompleteRoster, match="expected 9 members, received 2 unique"):
        ids(gathering(saved(page(row(1), row(2), count=9)), criteria=Criteria(limit=1)))

    rows = [row(id_) for id_ in range(3_000)] + [row(3_000, user_completion_rate=101)]
    with pytest.raises(InvalidData, match="1 invalid member"):
        ids(gathering(saved(rows), criteria=Criteria(limit=1)))


# What is accepted


def test_an_incomplete_roster_is_refused(saved):
    with pytest.raises(IncompleteRoster) as caught:
        ids(gathering(saved(page(row(1), count=5_000))))

    assert caught.value.message == (
        "roster.json is not the whole roster: expected 5,000 members, received 1 unique"
    )


def test_an_incomplete_roster_that_is_allowed_comes_with_a_warning(saved, community):
    community.misdeed_for_good = community.edited(lambda page: page.update(count=6))
    gathered = gathering(
        saved(page(row(8), count=5_000)),
        course(community),
        tolerance=Tolerance(allow_incomplete=True),
    )

    assert ids(gathered) == [8, 1, 2, 3, 4, 5]
    assert gathered.incomplete == [
        "roster.json is not the whole roster: expected 5,000 members, received 1 unique",
        "course 42 is not the whole roster: expected 6 members, received 5 unique",
    ]


def test_invalid_rows_are_refused(saved):
    with pytest.raises(InvalidData, match=r"roster\.json: 1 invalid member"):
        ids(gathering(saved([row(1), row(1, id="x")])))


def test_invalid_rows_that_are_left_out_come_with_a_warning_that_says_why(saved):
    document = json.dumps([row(1), row(1, id="x"), row(2, user_completion_rate=101)], indent=1)
    gathered = gathering(saved(document), tolerance=Tolerance(skip_invalid=True))

    assert ids(gathered) == [1]
    assert gathered.total() == 1
    assert gathered.warnings == [
        (
            "roster.json: left out 2 invalid of 3 rows",
            'roster.json:12: row 2: id: found "x", expected a whole number, 0 or more',
            "roster.json:22: row 3 (id 2): user_completion_rate: found 101,"
            " expected a number from 0 to 100, or null",
        )
    ]


def test_ten_invalid_rows_are_named_and_the_others_counted(saved):
    rows = [row(id_, user_completion_rate=101) for id_ in range(1_012)]
    gathered = gathering(saved(rows), tolerance=Tolerance(skip_invalid=True))

    assert ids(gathered) == []
    [(what, *why)] = gathered.warnings
    assert what == "roster.json: left out 1,012 invalid of 1,012 rows"
    assert len(why) == 11
    assert why[-1] == "and 1,002 more"


def test_invalid_rows_of_the_api_are_left_out_with_a_warning_too(community):
    community.courses[42].members[2]["avatar"] = 7
    gathered = gathering(course(community), tolerance=Tolerance(skip_invalid=True))

    assert ids(gathered) == [1, 2, 4, 5]
    [(what, why)] = gathered.warnings
    assert what == "course 42: left out 1 invalid of 5 rows"
    assert why.startswith(f"{PATH}:1: row 3 (id 3): avatar: found 7, expected text")


# What is to be said


def test_a_roster_as_it_should_be_is_nothing_to_talk_about(saved, community):
    gathered = gathering(saved(page(row(1))), course(community))
    ids(gathered)

    assert gathered.warnings == []


def test_a_status_that_is_not_documented_is_named_once(saved):
    rows = [row(id_, join_status=("expired", "joined")[id_ % 2]) for id_ in range(3_000)]
    gathered = gathering(saved([*rows, row(3_000, join_status="banned\x1b[2J")]))

    assert len(ids(gathered)) == 3_001
    assert gathered.warnings == [
        ("roster.json: join_status 'banned[2J' is not one that the API documents; kept as it is",),
        ("roster.json: join_status 'expired' is not one that the API documents; kept as it is",),
    ]


@pytest.mark.parametrize(
    ("number", "last"),
    [
        (10, "join_status 'odd 09' is not one that the API documents; kept as it is"),
        (11, "and 1 more values of join_status that the API does not document"),
        (1_234, "and 1,224 more values of join_status that the API does not document"),
    ],
)
def test_ten_statuses_that_are_not_documented_are_named_and_the_rest_counted(saved, number, last):
    gathered = gathering(saved([row(id_, join_status=f"odd {id_:02}") for id_ in range(number)]))
    ids(gathered)

    assert len(gathered.warnings) == min(number, 11)
    assert gathered.warnings[-1] == (f"roster.json: {last}",)


def test_a_status_that_is_not_documented_is_named_though_nobody_wants_it(saved):
    export = saved([row(1), row(2, join_status="expired")])
    gathered = gathering(export, criteria=Criteria(statuses=frozenset({"joined"})))

    assert ids(gathered) == [1]
    assert len(gathered.warnings) == 1


def test_whom_the_source_may_lack_is_passed_on(community):
    gathered = gathering(course(community), criteria=Criteria(statuses=frozenset({"expired"})))

    assert ids(gathered) == []
    assert gathered.caveats == [
        (
            "course 42: the server does not take the status 'expired',"
            " so nobody with it can be listed",
        )
    ]


def test_progress_tells_members_that_have_arrived_of_those_there_are(community):
    community.largest_page = 2
    steps: list[tuple[int, int | None]] = []
    ids(gathering(course(community), on_progress=lambda *step: steps.append(step)))

    assert steps[0] == (2, 5)
    assert steps[-1] == (5, 5)
    assert {total for _, total in steps} == {5}


def test_progress_knows_no_total_where_the_roster_does_not_say(saved):
    steps: list[tuple[int, int | None]] = []
    export = saved({"results": [row(1), row(2)]})
    ids(gathering(export, on_progress=lambda *step: steps.append(step)))

    assert steps == [(2, None)]


def test_a_course_that_is_asked_for_twice_is_fetched_twice(community):
    community.courses[43] = Course(43, [row(9)])
    gathered = gathering(course(community), course(community, 43), course(community))

    assert ids(gathered) == [1, 2, 3, 4, 5, 9, 1, 2, 3, 4, 5]
    assert [roster.course for roster in gathered.rosters] == ["course 42", "course 43", "course 42"]


# As sent


def test_members_as_sent_have_the_fields_that_were_sent_and_no_other(saved):
    sent = [{"b": [1], "id": 1, "joined_at": "2026-01-02T03:04:05+02:00"}, {"id": 2}]
    gathered = gathering(saved(page(*sent)), as_sent=True)
    assert [member for batch in gathered.batches() for member in batch.members] == sent
    assert gathered.conclusion() == {"count": 2}


def test_where_members_as_sent_are_from_is_known_before_the_first_of_them(saved, community):
    told = {"community": "https://c.d", "fetched_at": FETCHED.isoformat(), "course": COURSE}
    for document in (page(row(1), **told), page_told_behind(row(1), **told)):
        gathered = gathering(saved(document), as_sent=True)
        next(gathered.batches())
        assert gathered.provenance == Provenance("https://c.d", COURSE, FETCHED)

    gathered = gathering(course(community), as_sent=True)
    next(gathered.batches())
    assert gathered.provenance is not None
    assert gathered.provenance.community == community.url
    assert gathered.provenance.course["avg_completion_rate"] == 0
    assert gathered.provenance.fetched_at is not None


def test_where_members_as_sent_are_from_is_known_when_there_are_none(saved):
    gathered = gathering(saved(page(course=COURSE)), as_sent=True)
    assert ids(gathered) == []
    assert gathered.provenance == Provenance(None, COURSE, None)
    assert gathered.conclusion() == {"count": 0}


def test_an_incomplete_roster_as_sent_says_how_it_shows(saved):
    source = saved(page(row(1)) | {"count": 3})
    gathered = gathering(source, as_sent=True, tolerance=Tolerance(allow_incomplete=True))
    assert ids(gathered) == [1]
    assert gathered.conclusion() == {
        "count": 3,
        "incomplete": "roster.json is not the whole roster: expected 3 members, received 1 unique",
    }
