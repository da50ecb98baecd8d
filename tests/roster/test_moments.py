from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursectl.errors import UsageError
from coursectl.roster.moments import Age, moment_of, parse_age, parse_when

NOW = datetime(2026, 3, 31, 12, 30, tzinfo=UTC)
EARLIEST = datetime.min.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("36h", Age(hours=36)),
        ("30d", Age(hours=30 * 24)),
        ("4w", Age(hours=4 * 7 * 24)),
        ("6mo", Age(months=6)),
        ("1y", Age(months=12)),
        ("0d", Age()),
        ("007d", Age(hours=7 * 24)),
        (" 30D ", Age(hours=30 * 24)),
        ("6MO", Age(months=6)),
        ("999999h", Age(hours=999_999)),
    ],
)
def test_an_age_is_a_number_and_a_unit(text, age):
    assert parse_age(text) == age
    assert parse_when(text) == age


@pytest.mark.parametrize(
    "text",
    [
        "",
        "30",
        "d",
        "-30d",
        "+30d",
        "3.5d",
        "30 d",
        "30m",
        "30s",
        "30days",
        "1d12h",
        "1000000d",
        "٣d",
    ],
)
def test_what_is_no_age_is_refused(text):
    with pytest.raises(UsageError) as caught:
        parse_age(text)
    assert caught.value.message == f"{text!r} is not an age"
    assert caught.value.hints == ("An age is 36h, 30d, 4w, 6mo or 1y.",)


@pytest.mark.parametrize(
    ("age", "before"),
    [
        ("36h", datetime(2026, 3, 30, 0, 30, tzinfo=UTC)),
        ("1d", datetime(2026, 3, 30, 12, 30, tzinfo=UTC)),
        ("4w", datetime(2026, 3, 3, 12, 30, tzinfo=UTC)),
        ("1mo", datetime(2026, 2, 28, 12, 30, tzinfo=UTC)),
        ("2mo", datetime(2026, 1, 31, 12, 30, tzinfo=UTC)),
        ("3mo", datetime(2025, 12, 31, 12, 30, tzinfo=UTC)),
        ("4mo", datetime(2025, 11, 30, 12, 30, tzinfo=UTC)),
        ("25mo", datetime(2024, 2, 29, 12, 30, tzinfo=UTC)),
        ("1y", datetime(2025, 3, 31, 12, 30, tzinfo=UTC)),
        ("0h", NOW),
    ],
)
def test_an_age_lies_back_from_a_moment(age, before):
    assert parse_age(age).before(NOW) == before


def test_a_year_before_a_leap_day_is_the_last_of_february():
    assert parse_age("1y").before(datetime(2028, 2, 29, tzinfo=UTC)) == datetime(
        2027, 2, 28, tzinfo=UTC
    )


@pytest.mark.parametrize("age", ["999999y", "999999mo", "999999w", "2026y", "24303mo"])
def test_an_age_longer_than_time_reaches_to_its_beginning(age):
    assert parse_age(age).before(NOW) == EARLIEST


def test_the_first_month_of_time_can_be_reached():
    assert parse_age("2025y").before(NOW) == datetime(1, 3, 31, 12, 30, tzinfo=UTC)


@given(
    months=st.integers(0, 200),
    hours=st.integers(0, 100_000),
    now=st.datetimes(datetime.fromisoformat("1970-01-01"), timezones=st.just(UTC)),
)
def test_a_month_back_is_the_same_day_or_the_last_one(months, hours, now):
    then = Age(months=months, hours=hours).before(now) + timedelta(hours=hours)
    assert (now.year - then.year) * 12 + now.month - then.month == months
    assert then.time() == now.time()
    assert then.day == now.day or (then.day < now.day and (then + timedelta(days=1)).day == 1)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        (" 2026-01-31 ", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T09:00", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        ("2026-01-31 09:00", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        ("2026-01-31t09:00:01", datetime(2026, 1, 31, 9, 0, 1, tzinfo=UTC)),
        ("2026-01-31T09:00Z", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        ("2026-01-31T09:00:00.5Z", datetime(2026, 1, 31, 9, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-01-31T00:30+02:00", datetime(2026, 1, 30, 22, 30, tzinfo=UTC)),
        ("2026-12-31T23:30:00-05:00", datetime(2027, 1, 1, 4, 30, tzinfo=UTC)),
        ("2028-02-29", datetime(2028, 2, 29, tzinfo=UTC)),
    ],
)
def test_a_time_is_a_date_or_a_date_time_in_utc(text, moment):
    found = parse_when(text)
    assert found == moment
    assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026",
        "2026-01",
        "20260131",
        "2026-1-31",
        "2026-02-30",
        "2026-01-32",
        "2026-W05-1",
        "31.01.2026",
        "2026-01-31T",
        "2026-01-31T9:00",
        "2026-01-31T25:00",
        "2026-01-31T09:00+99:00",
        "2026-01-31T09:00Zulu",
        "2026-01-31T09:00\nZ",
        "0001-01-01T00:00+02:00",
        "9999-12-31T23:59-02:00",
        "-30d",
        "1767225600",
    ],
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(UsageError) as caught:
        parse_when(text)
    assert caught.value.message == f"{text!r} is not a time"
    assert "30d" in caught.value.hints[0]


def test_a_time_that_is_an_age_is_so_long_before_now():
    assert moment_of(Age(hours=24), NOW) == NOW - timedelta(days=1)


def test_a_time_that_is_a_moment_is_that_moment_whenever_now_is():
    then = datetime(2020, 1, 1, tzinfo=UTC)
    assert moment_of(then, NOW) is then
