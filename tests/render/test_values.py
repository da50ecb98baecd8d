from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coursectl.render.values import length, percent, points, share, told_apart

HUNDREDTHS = st.integers(0, 10_000).map(lambda number: number / 100)


def half_up(number: float) -> str:
    rounded = Decimal(repr(number)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{rounded:f}".removesuffix(".0")


@given(st.floats(0.05, 99.9499) | HUNDREDTHS.filter(lambda rate: 0.05 <= rate < 99.95))
@example(21.25)
@example(6.25)
@example(0.15)
@example(0.05)
@example(2.675)
def test_a_percentage_is_rounded_half_up_as_it_is_written(rate):
    assert percent(rate) == half_up(rate)


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (0, "0"),
        (-0.0, "0"),
        (5e-324, "<0.1"),
        (0.04, "<0.1"),
        (0.0499, "<0.1"),
        (0.05, "0.1"),
        (99.94, "99.9"),
        (99.95, ">99.9"),
        (99.999999, ">99.9"),
        (100, "100"),
        (100.0, "100"),
    ],
)
def test_some_is_not_told_as_none_nor_nearly_all_as_all(rate, said):
    assert percent(rate) == said


@pytest.mark.parametrize(
    ("delta", "said"),
    [
        (0, "0"),
        (-0.0, "0"),
        (20, "+20"),
        (-20.0, "-20"),
        (6.25, "+6.3"),
        (-6.25, "-6.3"),
        (0.04, "+<0.1"),
        (-0.04, "-<0.1"),
        (-0.05, "-0.1"),
    ],
)
def test_a_difference_is_rounded_alike_both_ways(delta, said):
    assert points(delta) == said


@given(st.integers(0, 400), st.integers(1, 400))
def test_a_share_is_rounded_as_the_fraction_that_it_is(count, whole):
    count = min(count, whole)
    tenths = (2000 * count + whole) // (2 * whole)
    exact = f"{tenths // 10}.{tenths % 10}".removesuffix(".0")
    assert share(count, whole) == f"{exact}%"


def test_a_share_of_nothing_is_not_told():
    assert share(0, 0) == share(0, None) == ""


@given(st.integers(0, 10**6), st.integers(1, 10**6), st.integers(4, 50))
def test_a_bar_is_as_long_as_its_part_halves_going_up(part, whole, cells):
    part = min(part, whole)
    exact = (2 * part * cells + whole) // (2 * whole)
    some = 0 < part < whole
    assert length(part, whole, cells) == (min(max(exact, 1), cells - 1) if some else exact)


@pytest.mark.parametrize(
    ("moments", "told"),
    [
        ([], []),
        ([(2026, 4, 15, 6)] * 2, ["2026-04-15"] * 2),
        ([(1, 4, 15, 6), (2026, 4, 16, 6)], ["0001-04-15", "2026-04-16"]),
        ([(2026, 4, 15, 6), (2026, 4, 15, 18)], ["2026-04-15 06:00", "2026-04-15 18:00"]),
        (
            [(2026, 4, 15, 6, 0, 9), (2026, 4, 15, 6)],
            ["2026-04-15 06:00:09", "2026-04-15 06:00:00"],
        ),
    ],
)
def test_moments_are_as_short_as_tells_them_apart(moments, told):
    assert told_apart([datetime(*moment, tzinfo=UTC) for moment in moments]) == told
