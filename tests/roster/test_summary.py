import json
import math
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from coursectl.gather import Gathering
from coursectl.roster.criteria import Criteria
from coursectl.roster.moments import Age
from coursectl.roster.nudges import NudgeKind
from coursectl.roster.summary import Counting, Summary, Tally
from coursectl.sources.resolve import resolve
from coursectl.survey import summarise
from tests import duck
from tests.render.answers import member
from tests.roster.strategies import FIELDS, Row, in_utc, members

AS_OF = datetime(2026, 11, 23, 6, tzinfo=UTC)


def tally(*members_: Row, **how) -> Tally:
    found = Tally(AS_OF, Counting(**how))
    found.take(list(members_))
    return found


def summary(*members_: Row, **how) -> Summary:
    return tally(*members_, **how).summary(course="Food Safety")


# Against DuckDB

FETCHED = (
    "2026-11-23T06:00:00Z",
    "2026-11-23T06:00:00.5Z",
    "2024-02-29T00:00:00Z",
    "2024-03-30T12:00:00.000001+00:00",
    "2026-03-29T03:00:00+02:00",  # the first moment of summer time in Rome
    "2026-10-25T02:30:00+01:00",  # a half hour that Rome has twice
    "2026-06-08T00:00:00Z",  # a Monday
)
RATES = (0, 0.0, 1e-7, 9.99, 10, 12.5, 33.3, 50, 50, 66.7, 89.999, 90, 99.96, 100, 100.0)
STATUSES = ("joined",) * 8 + ("creator", "manager", "invited", "requested", None, "new", "JOINED")


def near(fetched_at: datetime) -> st.SearchStrategy[str]:
    """Moments about those where a figure may tip over, written in several zones."""
    days = st.sampled_from((0, 0, 7, 30, 90, 91, 365)) | st.integers(-3, 800)
    off = st.sampled_from(("0", "0", "0.000001", "-0.000001", "3600", "-3600", "1", "-1"))
    weeks = st.integers(0, 60).map(
        lambda week: datetime(2025, 12, 1, tzinfo=UTC) + timedelta(weeks=week)
    )
    bases = days.map(lambda day: fetched_at - timedelta(days=day)) | weeks
    return st.builds(
        lambda base, seconds, zone: zone(base + timedelta(seconds=float(seconds))),
        bases,
        off,
        st.sampled_from((_in_zulu, _in_zulu, _in_rome_in_summer, _in_rome_in_winter, _naive)),
    )


def _in_zulu(moment: datetime) -> str:
    return _naive(moment) + "Z"


def _naive(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat()


def _in_rome_in_summer(moment: datetime) -> str:
    return _naive(moment + timedelta(hours=2)) + "+02:00"


def _in_rome_in_winter(moment: datetime) -> str:
    return _naive(moment + timedelta(hours=1)) + "+01:00"


@st.composite
def edgy_members(draw: st.DrawFn, fetched_at: datetime) -> Row:
    """Rows that lie where figures tip over, and tie."""
    moments = st.none() | near(fetched_at)
    values = (
        draw(st.integers(0, 300)),
        None,
        None,
        None,
        draw(st.sampled_from(STATUSES)),
        draw(st.none() | st.sampled_from(RATES)),
        draw(moments),
        draw(moments),
    )
    return dict(zip(FIELDS, values, strict=True))


@st.composite
def exports(draw: st.DrawFn) -> Row:
    fetched_at = draw(st.sampled_from(FETCHED))
    rows = draw(
        st.lists(
            edgy_members(in_utc(fetched_at)) | members(),
            max_size=25,
            unique_by=lambda row: row["id"],
        )
    )
    return export(rows, fetched_at)


def export(rows: list[Row], fetched_at: str = FETCHED[0]) -> Row:
    course = {"id": 42, "name": "Food Safety"}
    return {"course": course, "fetched_at": fetched_at, "count": len(rows), "results": rows}


def summed_up(path: Path, inactive: Age, criteria: Criteria, as_of: datetime | None) -> Summary:
    def no_settings():
        raise AssertionError("a file needs no settings")

    criteria = criteria._replace(in_hindsight=as_of is not None)
    gathering = Gathering(
        resolve([str(path)], no_settings),
        criteria,
        now=AS_OF,
        as_of=as_of,
        tells_provenance=True,
    )
    counting = Counting(inactive, criteria.statuses, in_hindsight=criteria.in_hindsight)
    return summarise(gathering, criteria, counting)


def assert_same(ours: Summary, theirs: duck.Figures) -> None:
    completion, activity = ours.completion, ours.activity
    exact = {
        "by_status": dict(ours.by_status),
        "counted": ours.counted,
        "members": completion.members,
        "without_rate": completion.without_rate,
        "at_0": completion.at_0,
        "at_100": completion.at_100,
        "tenths": completion.tenths,
        "from_90_under_100": completion.from_90_under_100,
        "never": activity.never,
        "bands": tuple(activity.bands.values()),
        "not_done": tuple(ours.not_done.bands.values()),
        "joins": dict(ours.joins),
        "nudged": [each["id"] for each in ours.nudges.people],
        "kinds": dict(ours.nudges.by_kind),
    }
    # Whoever was active later than the moment counts here as within, and there as not known.
    within = {f"active_{days}": number + activity.not_known for days, number in activity.within}
    exact |= within | {"longer_ago": activity.longer_ago}
    assert exact == {name: theirs[name] for name in exact}
    close = ("mean", "lower_quartile", "median", "upper_quartile")
    assert {*exact, *close} == set(theirs)
    for name in close:
        mine, other = getattr(completion, name), theirs[name]
        assert (mine is None) == (other is None)
        assert mine is None or math.isclose(mine, other, rel_tol=1e-12, abs_tol=1e-12)
    assert ours.members == sum(theirs["by_status"].values())
    assert ours.nudges.members == len(theirs["nudged"])
    assert sum(activity.bands.values()) == ours.counted
    assert sum(ours.not_done.bands.values()) == completion.not_done


def row(**fields: object) -> Row:
    return dict.fromkeys(FIELDS) | {"id": 1, "join_status": "joined"} | fields


@pytest.mark.slow
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    exports(),
    st.sampled_from([30, 30, 7, 1]),
    st.sampled_from([None, ("joined",), ("joined", "manager"), ("creator", None), (None,)]),
    st.sampled_from([None, *FETCHED]),
)
@example(export([]), 30, None, None)
@example(export([row()]), 30, None, None)
@example(export([row(id=id_) for id_ in range(9)]), 30, None, None)
@example(export([row(user_completion_rate=12.5)]), 30, None, None)
@example(export([row(id=id_, user_completion_rate=33.3) for id_ in range(7)]), 30, None, None)
@example(
    export(
        [
            row(id=id_, user_completion_rate=1, last_active_at=moment, joined_at=moment)
            for id_, moment in enumerate(
                f"2026-{day}T06:00:00{fraction}Z"
                for day in ("11-16", "10-24", "08-25")
                for fraction in ("", ".000001")
            )
        ]
    ),
    30,
    None,
    None,
)
@example(  # silent since the same moment: by id, whenever they joined
    export(
        [
            row(id=1, user_completion_rate=1, last_active_at="2026-01-05T00:00:00.5Z"),
            row(
                id=2,
                user_completion_rate=1,
                last_active_at="2026-01-05T02:00:00.50+02:00",
                joined_at="2026-01-01T00:00:00Z",
            ),
        ]
    ),
    30,
    None,
    None,
)
def test_every_figure_is_what_duckdb_computes_of_the_same_export(made, silent, statuses, as_of):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "roster.json"
        path.write_text(json.dumps(made), encoding="utf-8")
        moment = as_of and in_utc(as_of)
        wanted = None if statuses is None else frozenset(statuses)
        ours = summed_up(path, Age(hours=24 * silent), Criteria(statuses=wanted), moment)
        theirs = duck.figures(
            path,
            moment or in_utc(made["fetched_at"]),
            statuses=statuses or ("joined",),
            silent=timedelta(days=silent),
            in_hindsight=as_of is not None,
        )
        if statuses is not None:
            theirs["by_status"] = {
                status: number
                for status, number in theirs["by_status"].items()
                if status in statuses
            }
            if "joined" not in statuses:
                theirs["nudged"], theirs["kinds"] = [], dict.fromkeys(theirs["kinds"], 0)
        assert_same(ours, theirs)


# What the figures are


def test_of_nobody_there_is_no_mean_and_nobody_is_counted():
    found = summary()
    assert (found.members, found.counted, found.nudges.members) == (0, 0, 0)
    assert found.nudges.people == ()
    assert found.completion.mean is None
    assert found.completion.median is None
    assert found.completion.tenths == (0,) * 10
    assert (dict(found.by_status), dict(found.joins)) == ({}, {})


def test_statuses_come_as_documented_then_others_by_name_and_none_last():
    statuses = (None, "zeal", "requested", "joined", "audit", "creator")
    found = summary(*(member(id_, join_status=status) for id_, status in enumerate(statuses)))
    assert list(found.by_status) == ["creator", "joined", "requested", "audit", "zeal", None]


def test_a_mean_of_equal_rates_is_that_rate():
    found = summary(*(member(id_, user_completion_rate=33.3) for id_ in range(11)))
    assert found.completion.mean == found.completion.median == 33.3


def test_members_taken_in_parts_give_the_same_summary():
    rates = [0, 12.5, None, 100, 55]
    all_ = [
        member(id_, user_completion_rate=rate, last_active_at=AS_OF - timedelta(days=20 * id_))
        for id_, rate in enumerate(rates)
    ]
    parts = Tally(AS_OF)
    for each in all_:
        parts.take([each])
    assert parts.summary(course="Food Safety") == summary(*all_)


def test_joins_are_counted_by_the_monday_of_their_week_in_utc():
    found = summary(
        *(
            member(id_, joined_at=moment)
            for id_, moment in enumerate(
                (
                    datetime(2024, 2, 29, 12, tzinfo=UTC),
                    datetime(2024, 3, 3, 23, 59, 59, tzinfo=UTC),
                    datetime(2024, 3, 4, tzinfo=UTC),
                    None,
                )
            )
        )
    )
    assert found.joins == {date(2024, 2, 26): 2, date(2024, 3, 4): 1}


def ids(found: Summary) -> list[int]:
    return [each["id"] for each in found.nudges.people]


def ago(**length: float) -> datetime:
    return AS_OF - timedelta(**length)


def test_who_was_silent_longest_comes_first_and_as_many_as_wanted():
    silent = [
        member(id_, user_completion_rate=id_ % 100, last_active_at=ago(days=31 + id_))
        for id_ in range(1, 3000)
    ]
    never = [
        member(4000, joined_at=ago(days=3029.5)),
        member(5000, joined_at=ago(days=40)),
        member(6000, joined_at=ago(days=5000)),
    ]
    counting = Tally(AS_OF, Counting(most_nudged=4))
    for start in range(0, len(silent), 500):
        counting.take(
            [each | {"joined_at": ago(days=9000)} for each in silent[start : start + 500]]
        )
    counting.take(never)
    found = counting.summary(course="Food Safety")
    assert ids(found) == [6000, 2999, 4000, 2998]
    assert found.nudges.members == len(silent) + len(never)
    assert summary(*never, most_nudged=0).nudges.people == ()
    assert summary(*never, most_nudged=0).nudges.members == len(never)


@pytest.mark.parametrize(
    "fields",
    [
        {"user_completion_rate": 100},
        {"user_completion_rate": None},
        {"join_status": "manager"},
        {"join_status": None},
        {"last_active_at": ago(days=30)},
        {"last_active_at": AS_OF + timedelta(days=1)},
        {"joined_at": ago(hours=1)},
        {"joined_at": ago(days=30, seconds=-1)},
        {"joined_at": ago(hours=1), "last_active_at": ago(days=600)},
        {"joined_at": None},
    ],
)
def test_nobody_is_nudged_who_is_done_or_active_or_new_or_unknown(fields):
    assert summary(member(1)).nudges.members == 1
    assert summary(member(1, **fields)).nudges.members == 0


def test_silence_may_be_exactly_as_long_as_named():
    assert summary(member(1, joined_at=ago(days=30))).nudges.members == 1
    since = {"joined_at": ago(days=99), "last_active_at": ago(days=30, microseconds=1)}
    assert summary(member(1, **since)).nudges.members == 1


def test_a_lesson_shows_that_somebody_joined_before():
    found = summary(member(1, joined_at=None, last_active_at=ago(days=31)), member(2))
    assert sorted(ids(found)) == [1, 2]
    assert found.nudges.not_known == 0


def test_of_whom_nothing_is_dated_it_is_not_known_whether_they_are_silent():
    found = summary(member(1, joined_at=None), member(2, joined_at=None, user_completion_rate=100))
    assert (found.nudges.members, found.nudges.not_known) == (0, 1)


def test_each_who_needs_a_nudge_is_of_one_kind():
    lesson = {"last_active_at": ago(days=40)}
    rates = ((0, {}), (79.99, {}), (80, {}), (99.9, {}), (0, lesson), (79.9, lesson), (80, lesson))
    found = summary(
        *(member(id_, user_completion_rate=rate, **had) for id_, (rate, had) in enumerate(rates))
    )
    assert dict(found.nudges.by_kind) == {"never_began": 2, "stalled": 2, "nearly_done": 3}
    kinds = [NudgeKind.of(each) for each in sorted(found.nudges.people, key=itemgetter("id"))]
    assert [kind[:6] for kind in kinds] == ["never_"] * 2 + ["nearly"] * 2 + ["stalle"] * 2 + [
        "nearly"
    ]


# In hindsight


def test_who_was_active_later_may_have_been_before_or_not():
    later = {"last_active_at": AS_OF + timedelta(seconds=1)}
    members = [
        member(1, **later),
        member(2, last_active_at=AS_OF),
        member(3, user_completion_rate=100, **later),
        member(4, joined_at=ago(days=3), **later),
    ]
    found = summary(*members, in_hindsight=True)
    assert found.activity.bands["not_known"] == 3
    assert found.not_done.bands["not_known"] == 2
    assert found.activity.bands["within_7_days"] == 1
    assert found.nudges.not_known == 1  # neither who is done nor who had just joined
    assert summary(*members).activity.bands["within_7_days"] == 4


# The API's own mean


def own(own_mean: float | None, *rates: tuple[str | None, float | None], **how):
    counting = tally(
        *(
            member(id_, join_status=status, user_completion_rate=rate)
            for id_, (status, rate) in enumerate(rates)
        )
    )
    return counting.summary(course="Food Safety", own_mean=own_mean, **how).own_mean


def test_a_difference_that_is_nothing_has_no_sign():
    found = own(10 + 1e-12, ("joined", 10))
    assert found is not None
    assert str(found.difference) == "0.0"


ROSTER = (
    ("joined", 40.0),
    ("joined", 61.0),
    ("joined", None),
    ("manager", 100.0),
    ("creator", 0.0),
    ("invited", 7.0),
)


@pytest.mark.parametrize(
    ("rate", "difference", "counts"),
    [
        (50.5, 0, "the same members"),
        (50, None, None),  # 50.5 cut off, or the 50.25 of others rounded
        (51, -0.5, "the same members"),  # rounded
        (67, None, "the joined and the managers"),
        (50.25, None, "the joined, the managers and the creator"),
        (41.6, None, "everybody in the roster"),
        (33.67, None, "the same members, no rate taken for 0"),
        (34.67, None, "everybody in the roster, no rate taken for 0"),
        (99, None, None),
    ],
)
def test_whose_mean_the_api_gives_is_told_as_far_as_the_roster_tells(rate, difference, counts):
    found = own(rate, *ROSTER)
    assert (found.rate, found.difference, found.counts) == (rate, pytest.approx(difference), counts)


def test_a_mean_that_is_cut_off_is_of_the_only_ones_who_have_it():
    assert own(50, ("joined", 50.5)).counts == "the same members"
    assert own(50, ("joined", 50.5), ("manager", 49.5)).counts == "the joined and the managers"


def test_with_other_statuses_the_joined_may_be_whose_mean_it_is():
    counting = tally(
        member(1, join_status="manager", user_completion_rate=10),
        member(2, user_completion_rate=30),
        counted_statuses=frozenset({"manager"}),
    )
    found = counting.summary(course="Food Safety", own_mean=30).own_mean
    assert found.counts == "the joined"


def test_of_a_part_of_a_roster_nobody_can_tell_whose_mean_it_is():
    assert own(50.5, *ROSTER, is_whole=False).counts is None


def test_without_a_mean_of_ours_or_the_apis_there_is_no_difference():
    assert own(None, *ROSTER) is None
    assert own(50, ("invited", 20)).difference is None
