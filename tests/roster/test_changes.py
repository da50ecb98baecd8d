from datetime import UTC, datetime
from typing import Any

import pytest

from coursectl.errors import UsageError
from coursectl.roster.change_kind import ChangeKind
from coursectl.roster.changes import Change, Silence, kinds_of, parse_kinds
from coursectl.roster.definitions import CHANGES
from tests.render.answers import member

SILENCE = Silence(
    before=datetime(2026, 10, 17, 6, tzinfo=UTC), after=datetime(2026, 10, 24, 6, tzinfo=UTC)
)
"""Thirty days before each of two rosters."""

Fields = dict[str, Any]

USUAL: Fields = {
    "last_active_at": "2026-11-15T00:00:00Z",
    "joined_at": "2026-01-01T00:00:00Z",
    "user_completion_rate": 50,
}


def kinds(
    before: Fields | None, after: Fields | None, silence: Silence | None = SILENCE
) -> list[str]:
    made = [None if each is None else member(**(USUAL | each)) for each in (before, after)]
    return [str(kind) for kind in kinds_of(*made, silence)]


def rate(value: float | None) -> Fields:
    return {"user_completion_rate": value}


def active(moment: str | None) -> Fields:
    return {"last_active_at": moment}


def test_a_member_who_is_the_same_has_no_change():
    assert kinds({}, {}) == []


STATUSES = (
    "absent",
    "creator",
    "manager",
    "joined",
    "invited",
    "requested",
    "payment_waiting",
    "mentor",
    None,
    "",
)
TABLE = """
                 absent    creator manager joined invited      requested      payment_w mentor null      empty
absent           -         joined  joined  joined invited      requested      moved     moved  -         -
creator          left      -       moved   moved  left+invited left+requested left      left   left      left
manager          left      moved   -       moved  left+invited left+requested left      left   left      left
joined           left      moved   moved   -      left+invited left+requested left      left   left      left
invited          withdrawn joined  joined  joined -            requested      moved     moved  withdrawn withdrawn
requested        withdrawn joined  joined  joined invited      -              moved     moved  withdrawn withdrawn
payment_waiting  moved     joined  joined  joined invited      requested      -         moved  moved     moved
mentor           moved     joined  joined  joined invited      requested      moved     -      moved     moved
null             -         joined  joined  joined invited      requested      moved     moved  -         -
empty            -         joined  joined  joined invited      requested      moved     moved  -         -
"""  # noqa: E501 - a table
"""What is told of a status: from that of the row to that of the column."""

CELLS = [
    (was, now, cell)
    for was, line in zip(STATUSES, TABLE.strip().splitlines()[1:], strict=True)
    for now, cell in zip(STATUSES, line.split()[1:], strict=True)
]


def with_status(status: str | None) -> Fields | None:
    return None if status == "absent" else {"join_status": status, "user_completion_rate": None}


@pytest.mark.parametrize(("was", "now", "cell"), CELLS)
def test_what_is_told_of_each_change_of_status(was, now, cell):
    told = [] if cell == "-" else cell.split("+")
    if was == now == "absent":
        return
    assert kinds(with_status(was), with_status(now)) == told


def test_as_many_are_members_as_were_and_joined_without_who_left():
    members = {"creator", "manager", "joined"}
    for was, now, cell in CELLS:
        told = cell.split("+")
        assert (now in members) - (was in members) == ("joined" in told) - ("left" in told)


def test_who_is_there_or_not_without_a_status_has_not_changed():
    assert kinds(None, {"join_status": None}) == []
    assert kinds({"join_status": None}, None) == []


def test_a_newcomer_at_100_percent_completed_too():
    assert kinds(None, rate(100)) == ["joined", "completed"]
    assert kinds(None, rate(99.99)) == ["joined"]


def test_who_joins_with_a_first_rate_has_not_progressed_by_that():
    invited = {"join_status": "invited", "user_completion_rate": None}
    assert kinds(invited, rate(0)) == ["joined"]
    assert kinds(invited, rate(100)) == ["joined", "completed"]
    assert kinds(rate(30), invited) == ["left", "invited"]


def test_only_who_joined_completes_as_a_summary_counts_them():
    for status in ("creator", "manager", "invited", None, "mentor"):
        now = {"join_status": status, "user_completion_rate": 100}
        assert "completed" not in kinds(now | rate(50), now)
        assert "completed" not in kinds(None, now)
        assert kinds(now, rate(100))[-1] == "completed"


def test_a_rate_that_rises_is_progress_and_one_that_falls_is_regress():
    assert kinds(rate(20), rate(20.5)) == ["progressed"]
    assert kinds(rate(20.5), rate(20)) == ["regressed"]
    assert kinds(rate(20), rate(20.0)) == []


def test_a_rate_that_appears_is_progress_and_one_that_goes_is_regress():
    assert kinds(rate(None), rate(0)) == ["progressed"]
    assert kinds(rate(0), rate(None)) == ["regressed"]


def test_who_is_first_seen_at_100_percent_completed():
    assert kinds(rate(99.9), rate(100)) == ["progressed", "completed"]
    assert kinds(rate(None), rate(100.0)) == ["progressed", "completed"]
    assert kinds(rate(100), rate(100.0)) == []
    assert kinds(rate(100), rate(99)) == ["regressed"]


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (33.33333333333333, 33.333333333333336),
        (0.1 + 0.2, 0.3),
        (99.99999999999999, 99.99999999999997),
        (20, 20.000000000000004),
        (5e-324, 0),
        (0, -0.0),
    ],
)
def test_what_binary_fractions_make_of_a_rate_is_no_progress(was, now):
    assert kinds(rate(was), rate(now)) == kinds(rate(now), rate(was)) == []


@pytest.mark.parametrize("delta", [1e-9, 1e-7, 0.007, 0.05])
def test_the_least_progress_has_a_delta_above_zero(delta):
    assert kinds(rate(33), rate(33 + delta)) == ["progressed"]
    assert kinds(rate(33 + delta), rate(33)) == ["regressed"]
    assert change("progressed", rate(33), rate(33 + delta)).delta == pytest.approx(delta)


ALIKE = [
    (None, ""),
    (None, "  "),
    ("", "\u200b"),
    (None, "\u202e\x00"),
    ("Zo\u00eb", "Zoe\u0308"),
    ("\ud55c\uae00", "\u1112\u1161\u11ab\u1100\u1173\u11af"),
    ("Ann Lee", " Ann  Lee "),
    ("Ann Lee", "Ann\u00a0Lee\n"),
    ("Ann", "\u202eA\x00n\ufeffn"),
    ("Ann", "A\u00adnn\u200b"),
]


@pytest.mark.parametrize(("was", "now"), ALIKE)
def test_a_name_that_looks_the_same_is_no_renaming(was, now):
    for one, other in ((was, now), (now, was)):
        assert kinds({"real_name": one}, {"real_name": other}) == []
        assert kinds({"username": one}, {"username": other}) == []


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (None, "Ann"),
        ("Ann", "ann"),
        ("Zoe", "Zo\u00eb"),
        ("Ann Lee", "AnnLee"),
        ("\u0627", "\u0627\u200c"),
        ("stra\u00dfe", "strasse"),
        ("ﬁ", "fi"),
        ("none", None),
    ],
)
def test_a_name_that_looks_otherwise_is_a_renaming(was, now):
    for one, other in ((was, now), (now, was)):
        assert kinds({"real_name": one}, {"real_name": other}) == ["renamed"]


def test_a_new_username_and_a_new_name_are_one_renaming():
    assert kinds({"username": "a", "real_name": "A"}, {"username": "b", "real_name": "B"}) == [
        "renamed"
    ]
    assert kinds({"username": None}, {"username": "b"}) == ["renamed"]
    assert kinds({"avatar": "a"}, {"avatar": "b"}) == []


def test_one_member_may_have_several_changes_in_the_order_of_their_kinds():
    before = {"join_status": "requested", "user_completion_rate": 99, "real_name": "A"}
    after = {"join_status": "joined", "user_completion_rate": 100, "real_name": "B"}
    assert kinds(before, after) == ["joined", "progressed", "completed", "renamed"]


@pytest.mark.parametrize(
    ("was", "now", "is_silent"),
    [
        ("2026-10-17T06:00:00Z", "2026-10-17T06:00:00Z", True),
        ("2026-10-17T05:59:59.999999Z", "2026-10-17T05:59:59.999999Z", False),
        ("2026-10-24T05:59:59.999999Z", "2026-10-24T05:59:59.999999Z", True),
        ("2026-10-24T05:59:59Z", "2026-10-24T06:00:00Z", False),
        ("2026-10-23T00:00:00Z", "2026-10-24T06:00:00.000001Z", False),
        ("2026-10-17T06:00:00.000001Z", "2026-10-24T05:59:59Z", True),
        ("2026-10-23T00:00:00Z", None, True),
        (None, None, False),
        (None, "2026-10-20T00:00:00Z", False),
        ("2026-10-24T07:00:00Z", "2026-10-20T00:00:00Z", True),
    ],
)
def test_who_was_active_then_and_is_not_any_more_fell_silent(was, now, is_silent):
    assert kinds(active(was), active(now)) == ["silent"] * is_silent


QUIET = active("2026-10-20T00:00:00Z")


def test_moments_of_silence_may_lie_within_a_second():
    silence = Silence(
        before=datetime(2026, 10, 17, 6, 0, 0, 500_000, tzinfo=UTC),
        after=datetime(2026, 10, 24, 6, 0, 0, 500_000, tzinfo=UTC),
    )
    for was, is_silent in (("00", False), ("00.499999", False), ("00.500000", True), ("01", True)):
        once = active(f"2026-10-17T06:00:{was}Z")
        assert kinds(once, once, silence) == ["silent"] * is_silent, was
    for now, is_silent in (("00", True), ("00.499999", True), ("00.500000", False), ("01", False)):
        last = active(f"2026-10-24T06:00:{now}Z")
        assert kinds(QUIET, last, silence) == ["silent"] * is_silent, now


def test_only_who_joined_and_is_not_done_can_fall_silent():
    assert kinds(QUIET, QUIET) == ["silent"]
    assert kinds(QUIET | rate(100), QUIET | rate(100)) == []
    assert kinds(QUIET | rate(None), QUIET | rate(None)) == []
    manager = QUIET | {"join_status": "manager"}
    assert kinds(manager, manager) == []
    assert kinds(manager, QUIET) == ["moved", "silent"]


def test_nobody_is_told_to_be_silent_where_that_cannot_be_told():
    assert kinds(QUIET, QUIET, None) == []


def test_who_could_have_been_silent_before_they_were_there_has_not_fallen_silent():
    assert kinds(None, QUIET) == ["joined"]
    assert kinds({"join_status": "invited"} | active(None), active(None)) == ["joined"]


def began(joined_at: str | None) -> Fields:
    return {"last_active_at": None, "joined_at": joined_at}


@pytest.mark.parametrize(
    ("joined_at", "is_silent"),
    [
        ("2026-10-17T06:00:00Z", False),
        ("2026-10-17T06:00:00.000001Z", True),
        ("2026-10-20T00:00:00Z", True),
        ("2026-10-24T06:00:00Z", True),
        ("2026-10-24T06:00:00.000001Z", False),
        ("2026-11-20T00:00:00Z", False),
        (None, False),
    ],
)
def test_who_never_began_is_silent_once_the_time_has_passed(joined_at, is_silent):
    never = began(joined_at)
    silent = ["silent"] * is_silent
    assert kinds(never, never) == silent
    assert kinds(began(None) | {"join_status": "invited"}, never) == ["joined", *silent]
    assert kinds(None, never) == ["joined", *silent]


def test_who_joined_anew_is_silent_from_then_on():
    again = QUIET | {"joined_at": "2026-11-20T00:00:00Z"}
    assert kinds(QUIET, again) == []
    assert kinds(began("2026-10-20T00:00:00Z"), again) == []


def test_when_somebody_joined_may_be_told_by_either_roster():
    untold = began(None)
    told = began("2026-10-20T00:00:00Z")
    assert kinds(untold, told) == ["silent"]
    assert kinds(told, untold) == ["silent"]
    assert kinds(began("2026-11-15T00:00:00Z"), untold) == []


def change(kind: str, before: Fields | None, after: Fields | None) -> Change:
    made = [None if each is None else member(**(USUAL | each)) for each in (before, after)]
    return Change(ChangeKind(kind), *made)


def test_a_change_tells_what_was_and_what_is_now():
    moved = change("moved", {"join_status": None}, {"join_status": "joined"})
    assert (moved.was, moved.now, moved.delta) == (None, "joined", None)
    progressed = change("progressed", rate(20), rate(45))
    assert (progressed.was, progressed.now, progressed.delta) == (20, 45, 25)
    silent = change("silent", QUIET, active(None))
    assert (silent.was, silent.now) == ("2026-10-20T00:00:00Z", None)
    renamed = change("renamed", {"real_name": "Ann"}, {"real_name": None})
    assert renamed.was == {"username": "member_1", "real_name": "Ann"}
    assert renamed.now == {"username": "member_1", "real_name": None}


def test_a_difference_of_rates_is_not_what_binary_fractions_make_of_it():
    assert change("progressed", rate(12.5), rate(33.3)).delta == 20.8
    assert change("regressed", rate(0.3), rate(0.1)).delta == -0.2
    assert change("regressed", rate(40.0), rate(40 - 1e-12)).delta == 0
    assert change("progressed", rate(None), rate(40)).delta is None
    assert change("regressed", rate(40), rate(None)).delta is None


def test_a_change_is_that_of_the_member_as_last_seen():
    renamed = change("renamed", {"real_name": "Ann"}, {"real_name": "Bea"})
    assert renamed.member["real_name"] == "Bea"
    assert change("left", {"real_name": "Ann"}, None).member["real_name"] == "Ann"


def test_the_largest_progress_comes_first_and_that_from_nothing_last():
    rises = [change("progressed", rate(was), rate(50)) for was in (None, 40, 10, 25)]
    assert [each.was for each in sorted(rises, key=lambda each: each.place)] == [10, 25, 40, None]


def test_the_longest_silence_comes_first():
    moments = ["2026-10-20T00:00:00.500000Z", None, "2026-10-20T00:00:00Z", "2026-10-19T23:59:59Z"]
    found = [change("silent", QUIET, active(moment)) for moment in moments]
    told = [each.now for each in sorted(found, key=lambda each: each.place)]
    assert told == [moments[1], moments[3], moments[2], moments[0]]


def test_the_silence_of_who_never_began_counts_from_joining():
    joined = ["2026-10-20T00:00:00Z", None, "2026-10-18T00:00:00Z"]
    found = [change("silent", QUIET, began(moment)) for moment in joined]
    found.append(change("silent", QUIET, active("2026-10-19T00:00:00Z")))
    assert sorted(found, key=lambda each: each.place) == [found[1], found[2], found[3], found[0]]


def test_kinds_are_named_with_commas_and_told_in_their_own_order():
    assert parse_kinds(["renamed, LEFT", "joined"]) == ("joined", "left", "renamed")
    assert parse_kinds([]) == tuple(ChangeKind)


def test_a_kind_that_there_is_not_is_refused_with_all_that_there_are():
    with pytest.raises(UsageError) as refused:
        parse_kinds(["joined,gone"])
    assert refused.value.message == "--only: no kind of change 'gone'"
    assert all(kind in refused.value.hints[0] for kind in ChangeKind)


@pytest.mark.parametrize("words", [[""], [" , "], ["", ","]])
def test_words_that_name_no_kind_are_refused(words):
    with pytest.raises(UsageError, match="--only names no kind of change"):
        parse_kinds(words)


def test_each_kind_has_one_definition_in_its_order():
    assert [term.lower().removeprefix("newly ") for term, _ in CHANGES] == list(ChangeKind)
