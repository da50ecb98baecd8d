"""The values of chosen columns, for machines and for people."""

from collections.abc import Sequence
from datetime import datetime
from math import floor
from operator import itemgetter
from typing import Any

from pydantic_core import to_jsonable_python

from coursectl.printable import printable
from coursectl.render.columns import Column, Kind
from coursectl.render.interface import Batch
from coursectl.roster.criteria import BatchInCells
from coursectl.roster.join_status import named

_DAY_TO_MICROSECOND = (10, 16, 19, 26)
"""How much of a moment in ISO 8601 tells its day, its minute, its second, and all of it."""


def raw_values(batch: Batch, columns: tuple[Column, ...]) -> list[tuple[Any, ...]]:
    """Give the chosen values of each row, as they are."""
    keys = [column.key for column in columns]
    if isinstance(batch, BatchInCells):
        return batch.under(keys)
    shared = batch.shared
    if not shared.keys().isdisjoint(keys):
        return [
            tuple(shared[key] if key in shared else row[key] for key in keys) for row in batch.rows
        ]
    if len(keys) == 1:
        return [(row[keys[0]],) for row in batch.rows]
    return list(map(itemgetter(*keys), batch.rows))


def moment_in(value: datetime | str) -> datetime:
    """Give a date-time of a row, which may hold it as RFC 3339 text, as what it is."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def day(moment: datetime) -> str:
    """Give the day of a moment, in ISO 8601: some systems write year 1 without its zeros."""
    return moment.date().isoformat()


def told_apart(moments: Sequence[datetime]) -> list[str]:
    """Return moments, UTC, as text: days, or no longer than tells them apart."""
    texts = [moment.replace(tzinfo=None).isoformat(" ", "microseconds") for moment in moments]
    for end in _DAY_TO_MICROSECOND:
        cut = [text[:end] for text in texts]
        if len(set(cut)) == len(set(texts)):
            return cut
    return texts


def minute(moment: datetime) -> str:
    """Give a moment in UTC to the minute, as a person reads it."""
    return f"{day(moment)} {moment:%H:%M} UTC"


def _plain_values(batch: Batch, columns: tuple[Column, ...]) -> list[list[Any]]:
    """Give the chosen values of each row as JSON has them: date-times as RFC 3339 text."""
    values: list[list[Any]] = to_jsonable_python(raw_values(batch, columns))
    return values


def readable_values(batch: Batch, columns: tuple[Column, ...]) -> list[list[str]]:
    """Give the chosen values of each row as text of one line, as a mail would have them."""
    rows = _plain_values(batch, columns)
    for place, column in enumerate(columns):
        for row in rows:
            row[place] = readable(row[place], column)
    return rows


def readable(value: Any, column: Column) -> str:
    """Give a value, with date-times as text, as a person reads it."""
    if value is None:
        return column.null
    if value == "":
        return column.empty
    if column.kind is Kind.PERCENT:
        return f"{percent(value)}%"
    if column.kind is Kind.POINTS:
        return points(value)
    if column.kind is Kind.STATUS:
        value = named(value)
    return printable(str(value))


def percent(rate: float) -> str:
    """Return a percentage to one decimal place, none where it is whole; halves go up.

    It is rounded as the decimal number that it is written as. What is more than 0 never reads 0
    but `<0.1`, and what is less than 100 never 100 but `>99.9`.
    """
    text = _one_place(rate)
    if text == "0" and rate > 0:
        return "<0.1"
    return ">99.9" if text == "100" and rate < 100 else text


def points(delta: float) -> str:
    """Return a difference of percentages with its sign, rounded as `percent` does.

    A difference never reads 0 but `+<0.1` or `-<0.1`; none is `0`.
    """
    if delta == 0:
        return "0"
    text = _one_place(abs(delta))
    return ("+" if delta > 0 else "-") + ("<0.1" if text == "0" else text)


def _one_place(number: float) -> str:
    """Return a number to one decimal place, none where it is whole; halves go away from 0."""
    written = repr(number)
    if written[-3:-2] == "." and written.endswith("5"):
        # Half a tenth, as it is written: the double may lie on either side of that.
        tenths = (abs(int(written.replace(".", ""))) + 5) // 10
        text = f"{'-' * (number < 0)}{tenths // 10}.{tenths % 10}"
    else:
        text = f"{number:.1f}"
    text = text.removesuffix(".0")
    return "0" if text == "-0" else text


def length(part: float, whole: float, cells: int) -> int:
    """Return how many of `cells` a bar takes: halves go up, never none of some, nor all of less."""
    if not 0 < part < whole:
        return cells if part and whole else 0
    return min(max(floor(part * cells / whole + 0.5), 1), cells - 1)


def figure(value: Any, kind: Kind, null: str = "-") -> str:
    """Give a single value as a person reads it: thousands apart, moments to the minute."""
    if value is None:
        return null
    match kind:
        case Kind.PERCENT:
            return f"{percent(value)}%"
        case Kind.NUMBER:
            return f"{value or 0:,}"
        case Kind.DATE | Kind.ACTIVITY:
            return minute(moment_in(value))
        case _:
            return printable(str(value))


def share(count: int, whole: int | None) -> str:
    """Return a part of a whole in percent, as `percent` does; nothing of nothing."""
    return f"{percent(100 * count / whole)}%" if whole else ""


def lacking(invalid_rows: int, *, is_incomplete: bool) -> tuple[str, ...]:
    """Return what a page says of members whom it lacks; nothing where it lacks none."""
    rows = "row" if invalid_rows == 1 else "rows"
    return (
        *([f"without {invalid_rows:,} invalid {rows}"] if invalid_rows else []),
        *(["incomplete"] if is_incomplete else []),
    )
