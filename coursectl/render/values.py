"""The values of chosen columns, for machines and for people."""

from datetime import datetime
from operator import itemgetter
from typing import Any

from pydantic_core import to_jsonable_python

from coursectl.printable import printable
from coursectl.render.columns import Column, Kind
from coursectl.render.interface import Batch
from coursectl.roster.criteria import BatchInCells


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
    return printable(str(value))


def percent(rate: float) -> str:
    """Give a percentage to one decimal place, none where it is whole.

    What is more than 0 never reads 0, and what is less than 100 never 100.
    """
    text = f"{rate:.1f}".removesuffix(".0")
    if text == "0" and rate > 0:
        return "0.1"
    return "99.9" if text == "100" and rate < 100 else text


def points(delta: float) -> str:
    """Give a difference of percentages to one decimal place, none where it is whole; never 0."""
    text = f"{delta:+.1f}".removesuffix(".0")
    return text if text[1:] != "0" else f"{text[0]}0.1"


def figure(value: Any, kind: Kind, null: str = "-") -> str:
    """Give a single value as a person reads it: thousands apart, moments to the minute."""
    if value is None:
        return null
    match kind:
        case Kind.PERCENT:
            return f"{percent(value)}%"
        case Kind.NUMBER:
            return f"{value:,}"
        case Kind.DATE | Kind.ACTIVITY:
            return minute(moment_in(value))
        case _:
            return printable(str(value))


def share(count: int, whole: int | None) -> str:
    """Give a part of a whole in percent: never 0 for some, and never 100 for not all."""
    if not whole:
        return ""
    rate = 100 * count / whole
    return "<0.1%" if 0 < rate < 0.05 else f"{percent(rate)}%"
