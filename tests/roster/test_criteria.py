import unicodedata
from datetime import UTC, datetime, timedelta
from functools import cmp_to_key
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursectl.aside import Aside
from coursectl.errors import UsageError
from coursectl.roster import ranking
from coursectl.roster.criteria import (
    Batch,
    Criteria,
    Roster,
    Sort,
    parse_sort,
    parse_statuses,
)
from coursectl.roster.join_status import named
from coursectl.roster.moments import Age
from tests.roster.strategies import FIELDS, as_member, rosters, texts

AS_OF = datetime(2026, 6, 1, 12, tzinfo=UTC)
ROSTER = Roster("Safety", AS_OF)


def member(id_: int, **fields: Any) -> dict[str, Any]:
    return dict.fromkeys(FIELDS) | {"id": id_} | fields


def ids(found: list[dict[str, Any]]) -> list[int]:
    return [each["id"] for each in found]


def selected(criteria: Criteria, *members_: dict[str, Any]) -> list[int]:
    return ids(criteria.select(list(members_), AS_OF))


def arranged(criteria: Criteria, *batches: Batch) -> list[tuple[int, str]]:
    return [
        (each["id"], batch.roster.course)
        for batch in criteria.arrange(iter(batches), Aside())
        for each in batch.members
    ]


# Each criterion against a plain reading of what it says


def since(when: Age | datetime) -> datetime:
    return when.before(AS_OF) if isinstance(when, Age) else when


def bare(text: str) -> str:
    """What is left of a text without case, accents and what cannot be seen."""
    parts = unicodedata.normalize("NFKD", text)
    seen = (c for c in parts if unicodedata.category(c) not in ("Mn", "Mc", "Me", "Cf"))
    text = "".join(seen).casefold()
    written = ("i", "l", "o", "d", "ae", "oe", "'", "'", "'", "-")
    for letter, others in zip("ıłøđæœ‘’ʼ‐", written, strict=True):
        text = text.replace(letter, others)
    return text


def names(m: dict[str, Any]) -> list[str]:
    return [bare(name) for name in (m["username"], m["real_name"]) if name]


# What the documentation of each criterion says, for one member.
WANTED = {
    "statuses": lambda statuses, m: m["join_status"] in list(statuses),
    "search": lambda text, m: not text or any(bare(text) in name for name in names(m)),
    "min_completion": lambda least, m: (
        (rate := m["user_completion_rate"]) is not None and rate >= least
    ),
    "max_completion": lambda most, m: (
        (rate := m["user_completion_rate"]) is not None and rate <= most
    ),
    "active": lambda age, m: (last := m["last_active_at"]) is not None and last >= since(age),
    "inactive": lambda age, m: (last := m["last_active_at"]) is None or last < since(age),
    "never_active": lambda never, m: not never or m["last_active_at"] is None,
    "needs_nudge": lambda age, m: (
        m["join_status"] == "joined"
        and m["user_completion_rate"] is not None
        and m["user_completion_rate"] < 100
        and ((last := m["last_active_at"]) is None or last < since(age))
        and (joined := m["joined_at"] or last) is not None
        and joined <= since(age)
    ),
    "joined_after": lambda when, m: m["joined_at"] is not None and m["joined_at"] >= since(when),
    "joined_before": lambda when, m: m["joined_at"] is not None and m["joined_at"] < since(when),
}


def wanted(chosen: dict[str, Any], found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [m for m in found if all(WANTED[name](value, m) for name, value in chosen.items())]


_AGES = st.builds(Age, months=st.integers(0, 1_200), hours=st.integers(0, 1_000))
_MOMENTS = st.datetimes(datetime.fromisoformat("1970-01-01"), timezones=st.just(UTC))
_STATUS_SETS = st.frozensets(
    st.sampled_from((None, "joined", "manager", "payment_waiting", "JOINED", "invited")),
    min_size=1,
)
_ANY_CRITERIA = {
    "statuses": _STATUS_SETS,
    "search": texts() | st.sampled_from(("a", "ANN", "ß", "SS", "},{")),
    "min_completion": st.floats(0, 100),
    "max_completion": st.integers(0, 100),
    "active": _AGES,
    "inactive": _AGES,
    "never_active": st.booleans(),
    "needs_nudge": _AGES,
    "joined_after": _AGES | _MOMENTS,
    "joined_before": _AGES | _MOMENTS,
}
_ROSTERS = rosters(max_size=12).map(lambda rows: [as_member(row) for row in rows])


@pytest.mark.slow
@pytest.mark.parametrize("criterion", _ANY_CRITERIA)
@settings(max_examples=60)
@given(found=_ROSTERS, data=st.data())
def test_each_criterion_gives_those_members_that_it_says(criterion, found, data):
    chosen = {criterion: data.draw(_ANY_CRITERIA[criterion])}
    assert Criteria(**chosen).select(found, AS_OF) == wanted(chosen, found)


@pytest.mark.slow
@settings(max_examples=150)
@given(found=_ROSTERS, chosen=st.fixed_dictionaries({}, optional=_ANY_CRITERIA))
def test_all_that_is_asked_for_must_hold(found, chosen):
    assert Criteria(**chosen).select(found, AS_OF) == wanted(chosen, found)


@pytest.mark.slow
@settings(max_examples=100)
@given(found=_ROSTERS)
def test_nothing_asked_for_is_everybody(found):
    assert Criteria().select(found, AS_OF) == found


@pytest.mark.slow
@settings(max_examples=150)
@given(found=_ROSTERS, age=_AGES)
def test_each_member_is_either_active_or_inactive(found, age):
    active = Criteria(active=age).select(found, AS_OF)
    inactive = Criteria(inactive=age).select(found, AS_OF)
    assert sorted(ids(active) + ids(inactive)) == sorted(ids(found))
    assert Criteria(active=age, inactive=age).select(found, AS_OF) == []


@pytest.mark.slow
@settings(max_examples=100)
@given(found=_ROSTERS, when=_AGES | _MOMENTS)
def test_who_joined_did_so_either_before_or_after(found, when):
    before = Criteria(joined_before=when).select(found, AS_OF)
    after = Criteria(joined_after=when).select(found, AS_OF)
    joined = [each["id"] for each in found if each["joined_at"] is not None]
    assert sorted(ids(before) + ids(after)) == sorted(joined)


@pytest.mark.slow
@settings(max_examples=100)
@given(found=_ROSTERS, chosen=st.fixed_dictionaries({}, optional=_ANY_CRITERIA))
def test_selecting_twice_is_selecting_once_and_changes_no_member(found, chosen):
    criteria, before = Criteria(**chosen), [dict(each) for each in found]
    once = criteria.select(found, AS_OF)
    assert criteria.select(once, AS_OF) == once
    assert found == before


def test_bounds_of_completion_are_inclusive():
    rates = (None, 0, 24.9, 25, 25.1, 75, 75.5, 100)
    found = [member(at, user_completion_rate=rate) for at, rate in enumerate(rates)]
    assert selected(Criteria(min_completion=25), *found) == [3, 4, 5, 6, 7]
    assert selected(Criteria(max_completion=75), *found) == [1, 2, 3, 4, 5]
    assert selected(Criteria(min_completion=25, max_completion=75), *found) == [3, 4, 5]
    assert selected(Criteria(min_completion=0), *found) == [1, 2, 3, 4, 5, 6, 7]
    assert selected(Criteria(max_completion=0), *found) == [1]


def test_who_was_active_exactly_so_long_ago_is_active():
    moment, tick = AS_OF - timedelta(days=30), timedelta(microseconds=1)
    found = [member(at, last_active_at=moment + (at - 1) * tick) for at in range(3)]
    never = member(9)
    thirty_days = Age(hours=30 * 24)
    assert selected(Criteria(active=thirty_days), *found, never) == [1, 2]
    assert selected(Criteria(inactive=thirty_days), *found, never) == [0, 9]
    assert selected(Criteria(never_active=True), *found, never) == [9]


def test_in_hindsight_who_joined_later_is_not_there():
    moments = (None, AS_OF - timedelta(days=1), AS_OF, AS_OF + timedelta(seconds=1))
    found = [member(id_, joined_at=moment) for id_, moment in enumerate(moments)]
    assert selected(Criteria(in_hindsight=True), *found) == [0, 1, 2]
    assert selected(Criteria(), *found) == [0, 1, 2, 3]


def test_in_hindsight_a_later_lesson_tells_nothing_of_the_moment():
    later = member(1, last_active_at=AS_OF + timedelta(seconds=1))
    for criteria in (
        Criteria(active=Age(hours=24)),
        Criteria(inactive=Age(hours=24)),
        Criteria(never_active=True),
        Criteria(needs_nudge=Age(hours=24)),
    ):
        assert selected(criteria._replace(in_hindsight=True), later) == []
    assert selected(Criteria(active=Age(hours=24)), later) == [1]  # a clock that is ahead


def test_who_joined_at_the_very_moment_joined_after_it():
    found = [member(1, joined_at=AS_OF), member(2)]
    assert selected(Criteria(joined_after=AS_OF), *found) == [1]
    assert selected(Criteria(joined_before=AS_OF), *found) == []


def test_no_status_is_asked_for_like_any_other():
    found = [member(1), member(2, join_status="joined"), member(3, join_status="none")]
    assert selected(Criteria(statuses=frozenset({None})), *found) == [1]
    assert selected(Criteria(statuses=frozenset({None, "joined"})), *found) == [1, 2]


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("none", None),
        ("NONE", None),
        ('"none"', "none"),
        ('"None"', "None"),
        ('""none""', '"none"'),
        ("nonesuch", "nonesuch"),
        ('"joined"', '"joined"'),
    ],
)
def test_a_status_that_reads_none_is_named_in_quotes(word, status):
    assert parse_statuses([word]) == {status}
    assert named(status).lower() == word.lower()


@pytest.mark.parametrize("text", ["ANN", "ann", "nn L", "lee", "STRASSE", "straße"])
def test_a_search_looks_into_both_names_whatever_the_case(text):
    found = [
        member(1, username="Ann Lee_Strasse"),
        member(2, real_name="ann leE Straße"),
        member(3),
    ]
    assert selected(Criteria(search=text), *found) == [1, 2]


def test_search_does_not_look_across_names_or_elsewhere():
    found = [member(1, username="an", real_name="na", avatar="anna")]
    assert selected(Criteria(search="anna"), *found) == []
    assert selected(Criteria(search="none"), *found) == []


@pytest.mark.parametrize(
    ("criteria", "needs"),
    [
        (Criteria(), False),
        (Criteria(active=Age()), True),
        (Criteria(inactive=Age(hours=1)), True),
        (Criteria(joined_after=Age(months=1)), True),
        (Criteria(joined_before=Age(months=1)), True),
        (Criteria(joined_after=AS_OF, joined_before=AS_OF, never_active=True), False),
        (Criteria(statuses=frozenset({None}), search="a", min_completion=1, limit=1), False),
    ],
)
def test_only_ages_depend_on_when_one_asks(criteria, needs):
    assert criteria.needs_moment is needs


# Order and number


def in_order(sort: Sort, rows: list[tuple[dict[str, Any], str]]) -> list[tuple[int, str]]:
    """Sorted by comparing members two by two, as the documentation says."""

    def compare(left: Any, right: Any) -> int:
        a, b = (row[1] if sort.column == "course" else row[0][sort.column] for row in (left, right))
        if (a is None) != (b is None):
            return 1 if a is None else -1
        if a is not None:
            a, b = (each.casefold() if isinstance(each, str) else each for each in (a, b))
            if a != b:
                return (1 if a > b else -1) * (-1 if sort.descending else 1)
        return (left[0]["id"] > right[0]["id"]) - (left[0]["id"] < right[0]["id"])

    return [(row[0]["id"], row[1]) for row in sorted(rows, key=cmp_to_key(compare))]


_SORTS = st.builds(Sort, st.sampled_from((*FIELDS, "course")), st.booleans())


@pytest.mark.slow
@settings(max_examples=200)
@given(
    first=_ROSTERS,
    second=_ROSTERS,
    sort=_SORTS,
    limit=st.none() | st.integers(0, 30),
    kept=st.integers(1, 4),
)
def test_an_order_is_by_value_then_id_with_nulls_last_both_ways(first, second, sort, limit, kept):
    other = Roster("Áccounting", AS_OF)
    batches = [
        Batch(roster, found[at : at + 3])
        for roster, found in ((ROSTER, first), (other, second))
        for at in range(0, len(found), 3)
    ]
    rows = [(each, batch.roster.course) for batch in batches for each in batch.members]
    with pytest.MonkeyPatch.context() as patch:
        # So few rows are held that nearly every batch throws some away.
        patch.setattr(ranking, "_LEAST_CUT", kept)
        found = arranged(Criteria(sort=sort, limit=limit), *batches)
    assert found == in_order(sort, rows)[:limit]


@pytest.mark.parametrize("descending", [False, True])
def test_nulls_come_last_and_ties_go_by_id_both_ways(descending):
    rates = {5: 50, 3: None, 4: 50, 1: 0, 2: 100, 0: None, 6: 50.0}
    found = [member(id_, user_completion_rate=rate) for id_, rate in rates.items()]
    order = [2, 4, 5, 6, 1, 0, 3] if descending else [1, 4, 5, 6, 2, 0, 3]
    sort = Sort("user_completion_rate", descending)
    assert arranged(Criteria(sort=sort), Batch(ROSTER, found)) == [(at, "Safety") for at in order]


def test_text_is_ordered_without_regard_to_case():
    names = ("b", "B", "a", "C", "A", None)
    found = [member(9 - at, real_name=name) for at, name in enumerate(names)]
    order = arranged(Criteria(sort=Sort("real_name")), Batch(ROSTER, found))
    assert [id_ for id_, _ in order] == [5, 7, 8, 9, 6, 4]


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("limit", [0, 1, 7, 999, 2_500, 2_501, 9_999, 10_000, 30_000])
@pytest.mark.parametrize("descending", [False, True])
def test_the_first_so_many_are_those_of_the_whole_order(limit, descending):
    found = [
        member(at, user_completion_rate=None if at % 11 == 0 else at * 7_919 % 101)
        for at in range(25_000)
    ]
    batches = [Batch(ROSTER, found[at : at + 700]) for at in range(0, len(found), 700)]
    sort = Sort("user_completion_rate", descending)
    whole = arranged(Criteria(sort=sort), *batches)
    assert arranged(Criteria(sort=sort, limit=limit), *batches) == whole[:limit]


def test_an_order_over_several_courses_keeps_each_member_with_its_course():
    a, b = Roster("A", AS_OF), Roster("B", AS_OF)
    batches = [Batch(a, [member(1), member(3)]), Batch(b, [member(2), member(3)])]
    assert arranged(Criteria(sort=Sort("id")), *batches) == [(1, "A"), (2, "B"), (3, "A"), (3, "B")]
    assert arranged(Criteria(sort=Sort("course", descending=True)), *batches) == [
        (2, "B"),
        (3, "B"),
        (1, "A"),
        (3, "A"),
    ]


@settings(max_examples=60)
@given(found=_ROSTERS, limit=st.none() | st.integers(0, 15))
def test_without_an_order_members_stay_in_that_of_the_source(found, limit):
    batches = [Batch(ROSTER, found[at : at + 2]) for at in range(0, len(found), 2)]
    order = arranged(Criteria(limit=limit), *batches)
    assert order == [(id_, "Safety") for id_ in ids(found)][:limit]


@pytest.mark.parametrize("sort", [None, Sort("id")])
def test_what_is_cut_off_has_been_read_all_the_same(sort):
    read = []

    def batches():
        for at in range(5):
            read.append(at)
            yield Batch(ROSTER, [member(at)])

    found = list(Criteria(sort=sort, limit=1).arrange(batches(), Aside()))
    assert [ids(batch.members) for batch in found] == [[0]]
    assert read == [0, 1, 2, 3, 4]


def test_without_an_order_a_batch_is_passed_on_before_the_next_is_read():
    read = []

    def batches():
        for at in range(3):
            read.append(at)
            yield Batch(ROSTER, [member(at)])

    arranging = Criteria().arrange(batches(), Aside())
    next(arranging)
    assert read == [0]


def test_a_roster_of_any_size_is_arranged_in_batches_of_a_thousand_at_most():
    found = [member(at) for at in range(2_500)]
    batches = list(
        Criteria(sort=Sort("id", descending=True)).arrange([Batch(ROSTER, found)], Aside())
    )
    assert [len(batch.members) for batch in batches] == [1_000, 1_000, 500]


# What people type


@pytest.mark.parametrize(
    ("words", "statuses"),
    [
        (["joined"], {"joined"}),
        (["joined,manager"], {"joined", "manager"}),
        (["joined", " Manager , CREATOR,"], {"joined", "manager", "creator"}),
        (["none"], {None}),
        (["None,invited,requested"], {None, "invited", "requested"}),
        (["payment_waiting", "Paused"], {"payment_waiting", "Paused"}),
        (["joined,joined", "joined"], {"joined"}),
    ],
)
def test_statuses_are_words_with_commas_between(words, statuses):
    assert parse_statuses(words) == statuses


def test_no_word_is_whatever_status():
    assert parse_statuses([]) is None


@pytest.mark.parametrize("words", [[""], [" , "], ["", ","]])
def test_words_that_name_no_status_are_refused(words):
    with pytest.raises(UsageError, match="--status names no status"):
        parse_statuses(words)


@pytest.mark.parametrize(
    ("text", "sort"), [("id", Sort("id")), ("-joined_at", Sort("joined_at", descending=True))]
)
def test_a_minus_in_front_of_a_column_turns_the_order_around(text, sort):
    assert parse_sort(text, ("id", "joined_at")) == sort


@pytest.mark.parametrize("text", ["", "-", "--id", "ID", "nope", "id,joined_at", "+id"])
def test_an_order_by_no_column_is_refused_and_the_columns_are_listed(text):
    with pytest.raises(UsageError) as caught:
        parse_sort(text, iter(("id", "joined_at")))
    assert caught.value.message == f"no column {text.removeprefix('-')!r} to sort by"
    assert caught.value.hints == ("Columns: id, joined_at.",)
