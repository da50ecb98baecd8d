from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursectl.errors import InvalidData
from coursectl.roster.summary import Tally
from coursectl.roster.trend import Point, point_of, trend_of

MONDAY = datetime(2026, 11, 23, 6, tzinfo=UTC)


def point(day: int = 0, **fields) -> Point:
    known = {
        "export": f"{day}.json",
        "course": "Food Safety",
        "course_id": 42,
        "community": "https://community.example",
        "host": "community.example",
        "fetched_at": MONDAY + timedelta(days=day),
        "members": 10 + day,
        "counted": 8,
        "mean": 50.0,
        "active_30": 3,
        "completed": 1,
    }
    return Point(**(known | fields))


def labels(*points: Point) -> list[str]:
    return [series.label for series in trend_of(points).series]


def test_points_of_one_course_are_one_series_by_time():
    (series,) = trend_of([point(7), point(0), point(14)]).series
    assert [each.members for each in series.points] == [10, 17, 24]


def test_a_course_that_was_renamed_is_one_series_under_its_latest_name():
    assert labels(point(7, course="New"), point(0, course="Old")) == ["New"]


def test_courses_of_one_id_in_two_communities_are_two_series():
    assert labels(point(0), point(7, host="other.example")) == [
        "Food Safety (id 42, community.example)",
        "Food Safety (id 42, other.example)",
    ]


def test_courses_of_one_name_are_told_apart_by_their_ids():
    assert labels(point(0), point(0, course_id=43), point(0, course="Knives", course_id=1)) == [
        "Food Safety (id 42)",
        "Food Safety (id 43)",
        "Knives",
    ]


def test_without_an_id_the_name_says_which_course_it_is():
    nameless = point(0, course_id=None, host=None)
    later = point(7, course_id=None, host=None)
    other = point(0, course_id=None, host=None, course="Knives")
    assert labels(nameless, other, later) == ["Food Safety", "Knives"]
    assert labels(nameless, point(7)) == [
        "Food Safety (id 42)",
        "Food Safety (no id)",
    ]
    assert labels(nameless, point(0, course_id=None)) == [
        "Food Safety (no id, community.example)",
        "Food Safety (no id, no community)",
    ]


def test_the_same_export_twice_is_one_point():
    trend = trend_of([point(0), point(0, export="copy.json")])
    assert (trend.points, trend.contradicted) == (1, ())


def test_of_two_exports_that_contradict_each_other_the_first_counts_and_both_are_told():
    first, second = point(0), point(0, export="edited.json", completed=2)
    trend = trend_of([first, second])
    assert trend.points == 1
    assert trend.series[0].points == (first,)
    assert trend.contradicted == ((first, second),)


def test_an_export_without_a_date_is_no_point():
    summary = Tally(MONDAY).summary(course="Food Safety")
    with pytest.raises(InvalidData) as caught:
        point_of(summary, export="a.json", host=None)
    assert caught.value.message == ("a.json: does not say when it was fetched, so it has no date")


def test_a_course_with_an_id_and_no_name_is_called_by_its_id():
    summary = Tally(MONDAY).summary(course="a.json", course_id=42, fetched_at=MONDAY)
    assert point_of(summary, export="a.json", host=None).course == "course 42"


POINTS = st.lists(
    st.builds(
        point,
        st.integers(0, 5),
        course=st.sampled_from(["A", "B"]),
        course_id=st.sampled_from([None, 1, 2]),
        host=st.sampled_from([None, "x", "y"]),
        completed=st.integers(0, 1),
    )
)


@given(POINTS)
def test_every_course_is_in_one_series_of_one_point_a_moment(points):
    trend = trend_of(points)
    found = [(point.key, point.fetched_at) for each in trend.series for point in each.points]
    assert len(set(found)) == len(found)
    assert set(found) == {(point.key, point.fetched_at) for point in points}
    assert len({series.label for series in trend.series}) == len(trend.series)
    for series in trend.series:
        assert len({point.key for point in series.points}) == 1
        assert all(one.fetched_at < other.fetched_at for one, other in pairwise(series.points))
