"""Exports over time as rows, and as a page of lines."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from coursectl.render.columns import COURSE, TREND_COLUMNS, Column, Kind
from coursectl.render.interface import Answer, Caption
from coursectl.render.outline import Line, Outline, Rows, Section
from coursectl.render.values import day, told_apart

if TYPE_CHECKING:
    from coursectl.roster.trend import Point, Series, Trend

_FETCHED_AT = "fetched_at"
_OF_COURSE = (COURSE.key, "course_id", "community")
_LACKING = ("invalid_rows", "incomplete")
_DRAWN = {
    "members": "Members",
    "mean": "Mean completion",
    "active_30": "Active in 30 days",
    "completed": "Completed",
}
"""The figures that are drawn as lines, and what these are called."""


@dataclass(frozen=True, slots=True)
class PointBatch:
    """The points of one course, in order."""

    rows: list[dict[str, Any]]
    as_of: datetime
    """When the last of them was fetched, UTC."""
    shared: dict[str, str] = field(default_factory=dict)


def trend_columns(*, readable: bool) -> tuple[Column, ...]:
    """Give the columns of a trend for which none were named.

    A page tells the course, and whether members are missing, otherwise.
    """
    if not readable:
        return TREND_COLUMNS
    told = (*_OF_COURSE, *_LACKING)
    return tuple(column for column in TREND_COLUMNS if column.key not in told)


def trend_answer(trend: "Trend", columns: tuple[Column, ...]) -> Answer:
    """Give a trend as rows for programs: a point each, by course and time."""
    batches = [
        PointBatch([_row(point) for point in series.points], series.points[-1].fetched_at)
        for series in trend.series
    ]
    return Answer(columns, batches, lambda: Caption(_title(trend), ()), heading="Trend")


def trend_outline(
    trend: "Trend", columns: tuple[Column, ...], words: tuple[str, ...], *, may_fold: bool
) -> Outline:
    """Give a trend as a page: a section a course, with a line a figure and a row a point.

    `words` say whom it counts. `may_fold`: nobody asked for these very columns.
    """
    if not may_fold:
        columns = tuple(column._replace(folds=None) for column in columns)
    is_one = len(trend.series) == 1
    return Outline(
        _title(trend),
        (*_facts(trend), *words),
        tuple(
            Section(
                f"course-{number}",
                "Over time" if is_one else series.label,
                (*_lines(series), _rows(series, columns, keeps_course=not may_fold)),
            )
            for number, series in enumerate(trend.series, 1)
        ),
    )


def _title(trend: "Trend") -> str:
    if len(trend.series) == 1:
        return trend.series[0].label
    return f"{len(trend.series):,} courses"


def _facts(trend: "Trend") -> tuple[str, ...]:
    number = trend.points
    points = [point for series in trend.series for point in series.points]
    moments = [point.fetched_at for point in points]
    first, last = day(min(moments)), day(max(moments))
    lack = sum(bool(point.invalid_rows or point.incomplete) for point in points)
    return (
        f"{number:,} export" + ("" if number == 1 else "s"),
        *([f"{lack:,} of them without some members"] if lack else []),
        first if first == last else f"{first} to {last}",
    )


def _row(point: "Point") -> dict[str, Any]:
    return {column.key: getattr(point, column.key) for column in TREND_COLUMNS}


def _lines(series: "Series") -> tuple[Line, ...]:
    return tuple(
        Line(
            _DRAWN[column.key],
            column.kind,
            tuple((point.fetched_at, getattr(point, column.key)) for point in series.points),
        )
        for column in TREND_COLUMNS
        if column.key in _DRAWN
    )


def _rows(series: "Series", columns: tuple[Column, ...], *, keeps_course: bool) -> Rows:
    moments = told_apart([point.fetched_at for point in series.points])
    rows = [
        _row(point) | {_FETCHED_AT: moment, COURSE.key: series.label}
        for point, moment in zip(series.points, moments, strict=True)
    ]
    # Moments are text here, as short as tells them apart.
    shown = tuple(
        column._replace(kind=Kind.TEXT) if column.key == _FETCHED_AT else column
        for column in columns
        if keeps_course or column.key != COURSE.key
    )
    return Rows("Exports", shown, rows, series.points[-1].fetched_at)
