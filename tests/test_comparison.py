import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from coursectl.comparison import Comparison, is_same_community
from coursectl.errors import UsageError
from coursectl.gather import Gathering, Tolerance
from coursectl.roster.change_kind import ChangeKind
from coursectl.roster.criteria import Criteria
from coursectl.roster.member import Provenance
from coursectl.roster.moments import Age
from coursectl.roster.pseudonyms import Pseudonyms
from coursectl.roster.summary import INACTIVE
from coursectl.sources.export import Export
from tests.community import row
from tests.roster.strategies import in_utc

if TYPE_CHECKING:
    from coursectl.roster.changes import Change, Changes

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
FOOD = {"id": 42, "name": "Food Safety"}


def gathering(path: Path, **how: Any) -> Gathering:
    return Gathering(
        [Export(path, path.name)], Criteria(), now=NOW, as_of=NOW, tells_provenance=True, **how
    )


def save(path: Path, members: list[Any], fetched_at: str | None, **envelope: Any) -> Path:
    document = {"course": FOOD, "fetched_at": fetched_at} | envelope
    path.write_text(json.dumps(document | {"results": members}), encoding="utf-8")
    return path


class Compared:
    """What a comparison of two exports tells, all of it read before it is closed."""

    def __init__(
        self,
        before: Path,
        after: Path,
        kinds: tuple[ChangeKind, ...] = tuple(ChangeKind),
        inactive: Age = INACTIVE,
        **how: Any,
    ) -> None:
        with Comparison(kinds, inactive) as comparison:
            comparison.take_before(gathering(before, **how), before.name)
            later = gathering(after, **how)
            for batch in later.batches():
                comparison.take_after(batch.members)
            self.changes: Changes = comparison.changes(later, after.name)
            self.told: dict[str, list[Change]] = {
                str(kind): list(self.changes.of(kind)) for kind in kinds
            }

    @property
    def ids(self) -> dict[str, list[int]]:
        return {kind: [each.member["id"] for each in told] for kind, told in self.told.items()}

    @property
    def some(self) -> dict[str, list[int]]:
        return {kind: ids for kind, ids in self.ids.items() if ids}


# Against DuckDB

_ROSTER = """
CREATE TABLE {} AS SELECT unnest(results, recursive := true) FROM read_json($1, columns = {{
    results: 'STRUCT(id BIGINT, username VARCHAR, real_name VARCHAR, join_status VARCHAR,
                     user_completion_rate DOUBLE, last_active_at TIMESTAMPTZ,
                     joined_at TIMESTAMPTZ)[]'
}})
"""
_PAIRS = r"""
CREATE MACRO is_member(status) AS coalesce(status IN ('joined', 'manager', 'creator'), false);
CREATE MACRO is_waiting(status) AS coalesce(status IN ('invited', 'requested'), false);
CREATE MACRO is_done(status, rate) AS coalesce(status = 'joined' AND rate = 100, false);
CREATE MACRO look(name) AS trim(regexp_replace(regexp_replace(nfc_normalize(coalesce(name, '')),
    '[\x00-\x08\x0e-\x1b\x{202a}-\x{202e}\x{200b}]', '', 'g'), '\s+', ' ', 'g'));
CREATE TABLE pairs AS SELECT coalesce(a.id, b.id) AS id, b.id IS NOT NULL AS was,
    a.id IS NOT NULL AS is_there, b.user_completion_rate AS old, a.user_completion_rate AS new,
    nullif(b.join_status, '') AS old_status, nullif(a.join_status, '') AS new_status,
    b.last_active_at AS old_last, a.last_active_at AS new_last, a.joined_at AS own_joined,
    coalesce(b.joined_at, a.joined_at) AS old_joined,
    coalesce(a.joined_at, b.joined_at) AS new_joined,
    (look(b.username), look(b.real_name)) <> (look(a.username), look(a.real_name)) AS other_name,
    is_member(old_status) AS was_member, is_member(new_status) AS now_member,
    -- The only two who are told elsewhere: whoever crosses the line, and whoever waits now.
    was_member <> now_member OR is_waiting(new_status)
        OR (is_waiting(old_status) AND new_status IS NULL) AS told
FROM one b FULL JOIN other a ON a.id = b.id
"""
_KINDS = {
    "joined": "now_member AND NOT was_member ORDER BY id",
    "left": "was_member AND NOT now_member ORDER BY id",
    "invited": "new_status = 'invited' AND old_status IS DISTINCT FROM 'invited' ORDER BY id",
    "requested": "new_status = 'requested' AND old_status IS DISTINCT FROM 'requested' ORDER BY id",
    "withdrawn": "is_waiting(old_status) AND new_status IS NULL ORDER BY id",
    "moved": "old_status IS DISTINCT FROM new_status AND NOT told ORDER BY id",
    "progressed": "was AND is_there AND (round(new - old, 9) > 0"
    " OR (old IS NULL AND new IS NOT NULL AND (was_member OR NOT now_member)))"
    " ORDER BY round(new - old, 9) DESC NULLS LAST, id",
    "regressed": "was AND is_there AND (round(new - old, 9) < 0"
    " OR (new IS NULL AND old IS NOT NULL AND (now_member OR NOT was_member))) ORDER BY id",
    "completed": "is_done(new_status, new) AND NOT is_done(old_status, old) ORDER BY id",
    "silent": "new_status = 'joined' AND new < 100"
    # At the later moment, AGE has passed without a lesson and since they joined; not so before.
    " AND coalesce(new_last + $inactive::INTERVAL < $later::TIMESTAMPTZ, true)"
    " AND coalesce(new_joined + $inactive::INTERVAL <= $later::TIMESTAMPTZ, true)"
    " AND (old_last + $inactive::INTERVAL >= $earlier::TIMESTAMPTZ"
    " OR old_joined + $inactive::INTERVAL > $earlier::TIMESTAMPTZ)"
    " ORDER BY coalesce(new_last, own_joined) NULLS FIRST, id",
    "renamed": "was AND is_there AND other_name ORDER BY id",
}


def by_duckdb(
    before: Path, after: Path, moments: tuple[datetime, datetime], inactive: timedelta
) -> dict[str, list[int]]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, path in (("one", before), ("other", after)):
            connection.execute(_ROSTER.format(name), [str(path)])
        connection.execute(_PAIRS)
        values = {"earlier": moments[0], "later": moments[1], "inactive": inactive}
        return {
            kind: [
                id_
                for (id_,) in connection.execute(
                    f"SELECT id FROM pairs WHERE {condition}",
                    values if kind == "silent" else None,
                ).fetchall()
            ]
            for kind, condition in _KINDS.items()
        }


RATES = (None, 0, 0.0, 0.1, 0.3, 0.1 + 0.2, 12.5, 33.3, 50, 50.0, 99.9, 100, 100.0)
STATUSES = (
    *("joined",) * 8,
    *("invited", "requested") * 2,
    *("manager", "creator", None, "", "new", "payment_waiting"),
)
NAMES = (
    *("Ann", "ann", "", None, " ", "Ann\x00a", "Ann\x00b", "佐藤", "\u202eAnn", "Ann\n"),
    *("Zo\u00eb", "Zoe\u0308", "Zoe"),
)
FETCHED = ("2026-11-16T06:00:00Z", "2026-11-23T06:00:00.500000Z", "2026-11-23T08:00:00+02:00")
WRITTEN = ("Z", ".000001Z", ".5Z", ".500000Z", "+00:00", "+02:00", ".499999-05:00", "")


@st.composite
def moments(draw: st.DrawFn) -> str | None:
    """Moments about those before which a member is silent, in several zones and spellings."""
    days = draw(st.sampled_from((None, 17, 24, 24, 24, 30, 60)))
    if days is None:
        return None
    about = datetime(2026, 11, 23, 6) - timedelta(days=days)  # noqa: DTZ001 - its zone is drawn
    seconds = draw(st.sampled_from((0, 0, 1, -1, 7200, -7200, -18000, 7 * 86400)))
    return (about + timedelta(seconds=seconds)).isoformat() + draw(st.sampled_from(WRITTEN))


@st.composite
def rosters(draw: st.DrawFn) -> tuple[list[Any], list[Any]]:
    """Two rosters in any order, of which many members are the same."""

    def some(ids: set[int]) -> list[Any]:
        return [
            {
                "id": id_,
                "username": draw(st.sampled_from(("a", "b"))),
                "real_name": draw(st.sampled_from(NAMES)),
                "join_status": draw(st.sampled_from(STATUSES)),
                "user_completion_rate": draw(st.sampled_from(RATES)),
                "last_active_at": draw(moments()),
                "joined_at": draw(moments()),
            }
            for id_ in draw(st.permutations(sorted(ids)))
        ]

    ids = st.sets(st.integers(0, 9) | st.just(2**63 - 1), max_size=8)
    one, other = some(draw(ids)), some(draw(ids))
    same = draw(st.sets(st.integers(0, 9)))
    was = {member["id"]: member for member in one}
    other = [
        was[member["id"]] if member["id"] in same and member["id"] in was else member
        for member in other
    ]
    return one, other


def quiet(**fields: Any) -> dict[str, Any]:
    return row(1, user_completion_rate=5, last_active_at="2026-10-20T00:00:00Z") | fields


@pytest.mark.slow
@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(rosters(), st.sampled_from(FETCHED), st.sampled_from(FETCHED), st.sampled_from([30, 23, 1]))
@example(([], []), FETCHED[0], FETCHED[1], 30)
@example(([quiet()], [quiet()]), FETCHED[0], FETCHED[1], 30)
@example(([quiet(id=3), quiet(id=1), quiet(id=2)], [quiet()]), FETCHED[0], FETCHED[1], 30)
@example(
    ([quiet(last_active_at="2026-10-20T02:00:00+02:00")], [quiet()]), FETCHED[0], FETCHED[0], 30
)
def test_every_change_is_what_duckdb_finds_in_the_same_exports(made, one, other, days):
    earlier, later = sorted((one, other), key=in_utc)
    with TemporaryDirectory() as folder:
        before = save(Path(folder) / "before.json", made[0], earlier)
        after = save(Path(folder) / "after.json", made[1], later)
        ours = Compared(before, after, inactive=Age(hours=24 * days))
        moments = in_utc(earlier), in_utc(later)
        theirs = by_duckdb(before, after, moments, timedelta(days=days))
    assert ours.ids == theirs
    assert dict(ours.changes.counts) == {kind: len(ids) for kind, ids in theirs.items()}
    sides = ours.changes.before, ours.changes.after
    assert [(side.fetched_at, side.members) for side in sides] == [
        (moment, len(members)) for moment, members in zip(moments, made, strict=True)
    ]


@pytest.mark.slow
@pytest.mark.measured
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(rosters())
def test_changes_one_way_are_those_the_other_way_mirrored(made):
    with TemporaryDirectory() as folder:
        paths = [
            save(Path(folder) / f"{place}.json", members, FETCHED[0])
            for place, members in enumerate(made)
        ]
        there, back = Compared(*paths).ids, Compared(*reversed(paths)).ids
    for one, other in (("joined", "left"), ("progressed", "regressed"), ("renamed", "renamed")):
        assert sorted(there[one]) == sorted(back[other])
        assert sorted(there[other]) == sorted(back[one])
    for kind, is_one in {
        "joined": lambda m: m["join_status"] in ("joined", "manager", "creator"),
        "invited": lambda m: m["join_status"] == "invited",
        "requested": lambda m: m["join_status"] == "requested",
        "completed": lambda m: m["join_status"] == "joined" and m["user_completion_rate"] == 100,
    }.items():
        before, after = (len([*filter(is_one, members)]) for members in made)
        assert after == before + len(there[kind]) - len(back[kind]), kind


# One by one

WEEK = ("2026-11-16T06:00:00Z", "2026-11-23T06:00:00Z")


def two(
    folder: Path,
    before: list[Any],
    after: list[Any],
    fetched: tuple[str | None, str | None] = WEEK,
    **envelope: Any,
) -> tuple[Path, Path]:
    return (
        save(folder / "before.json", before, fetched[0], **envelope),
        save(folder / "after.json", after, fetched[1]),
    )


def test_a_change_holds_the_member_of_both_rosters(tmp_path):
    one, other = row(1, user_completion_rate=10), row(1, user_completion_rate=20.5)
    (change,) = Compared(*two(tmp_path, [one], [other])).told["progressed"]
    fields = one.keys() - {"avatar"}
    assert change.before == {field: one[field] for field in fields}
    assert change.after == {field: other[field] for field in fields}


def test_only_the_kinds_that_were_asked_for_are_told(tmp_path):
    paths = two(tmp_path, [row(1)], [row(1, real_name="Bea", user_completion_rate=100), row(2)])
    kinds = (ChangeKind.JOINED, ChangeKind.RENAMED)
    compared = Compared(*paths, kinds)
    assert compared.ids == {"joined": [2], "renamed": [1]}
    assert compared.changes.total == 2
    assert Compared(*paths).changes.total == 4


def test_silence_is_not_told_unless_it_is_known_when_both_were_fetched(tmp_path):
    members = [quiet()]
    assert Compared(*two(tmp_path, members, members)).changes.counts["silent"] == 1
    for fetched in ((None, WEEK[1]), (WEEK[0], None), (None, None)):
        compared = Compared(*two(tmp_path, members, members, fetched))
        assert compared.changes.counts["silent"] is None
        assert compared.changes.total == 0
        assert compared.ids["silent"] == []


def test_the_course_is_called_what_the_later_roster_calls_it(tmp_path):
    changes = Compared(*two(tmp_path, [], [], course=FOOD | {"name": "Old"})).changes
    assert (changes.course, changes.course_id, changes.community) == ("Food Safety", 42, None)


def test_what_one_roster_does_not_say_the_other_one_does(tmp_path):
    before, after = two(tmp_path, [row(1)], [], community="https://community.example")
    after.write_text("[]", encoding="utf-8")
    changes = Compared(before, after).changes
    assert (changes.course, changes.course_id) == ("Food Safety", 42)
    assert changes.community == "https://community.example"


def test_rosters_of_different_courses_are_not_compared(tmp_path):
    other = {"id": 43, "name": "Knives"}
    with pytest.raises(UsageError) as refused:
        Compared(*two(tmp_path, [], [], course=other))
    assert "course 43 (Knives)" in refused.value.message
    assert "course 42 (Food Safety)" in refused.value.message


def test_a_course_of_another_community_is_another_course(tmp_path):
    before, after = two(tmp_path, [], [], community="https://one.example")
    save(after, [], WEEK[1], community="https://other.example")
    with pytest.raises(UsageError, match=r"https://one\.example.*https://other\.example"):
        Compared(before, after)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("https://a.example", "https://A.example:443/", True),
        ("https://a.example", "https://b.example", False),
        ("https://a.example", "https://a.example:8443", False),
        ("https://a.example", None, True),
        (None, None, True),
        ("a.example", "a.example", True),
        ("a.example", "b.example", False),
        ("https://a.example:port", "https://a.example", False),
    ],
)
def test_communities_are_told_apart_by_their_hosts(one, other, is_same):
    assert is_same_community(one, other) is is_same
    assert is_same_community(other, one) is is_same


def test_rosters_in_the_wrong_order_are_not_compared(tmp_path):
    with pytest.raises(UsageError) as refused:
        Compared(*two(tmp_path, [], [], (WEEK[1], WEEK[0])))
    assert "before.json (2026-11-23 06:00:00 UTC) is newer" in refused.value.message
    assert "after.json (2026-11-16 06:00:00 UTC)" in refused.value.message
    assert "swap them" in refused.value.hints[0]


def test_a_roster_has_not_changed_since_itself(tmp_path):
    path, _ = two(tmp_path, [row(1), quiet(id=2)], [])
    assert Compared(path, path).changes.total == 0


def test_as_much_as_is_known_can_be_checked_before_the_second_roster_is_there(tmp_path):
    before, _ = two(tmp_path, [], [])
    with Comparison() as comparison:
        comparison.take_before(gathering(before), "before.json")
        comparison.check(Provenance(None, {}, None), "course 42")
        comparison.check(Provenance(None, {"id": 42}, NOW), "course 42")
        with pytest.raises(UsageError, match="course 43"):
            comparison.check(Provenance(None, {"id": 43}, NOW), "course 43")


def test_who_had_an_invalid_row_on_one_side_neither_joined_nor_left(tmp_path):
    broken = row(1, user_completion_rate="half")
    whole = [row(1), row(2)]
    tolerance = Tolerance(skip_invalid=True)
    for rows in ((broken, row(2)), (row(2), broken)):
        for one, other in ((list(rows), whole), (whole, list(rows))):
            compared = Compared(*two(tmp_path, one, other), tolerance=tolerance)
            assert compared.some == {}
            assert {compared.changes.before.members, compared.changes.after.members} == {1, 2}


def test_pseudonyms_do_not_hide_whose_row_was_invalid(tmp_path):
    one = [row(1, user_completion_rate="half"), row(2)]
    compared = Compared(
        *two(tmp_path, one, [row(1), row(2, user_completion_rate=5)]),
        tolerance=Tolerance(skip_invalid=True),
        pseudonyms=Pseudonyms("key"),
    )
    (id_,) = compared.some.pop("progressed")
    assert (compared.some.keys(), id_) == ({"progressed"}, Pseudonyms("key").of(2)[0])


def test_pseudonyms_are_not_compared_with_members_as_they_are(tmp_path):
    paths = two(tmp_path, [row(1)], [row(1)], pseudonyms=Pseudonyms("key").mark)
    with pytest.raises(UsageError, match="pseudonyms"):
        Compared(*paths)
