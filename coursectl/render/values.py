"""The values of chosen columns, for machines and for people."""

from operator import itemgetter
from typing import Any

from pydantic_core import to_jsonable_python

from coursectl.printable import printable
from coursectl.render.columns import Column, Kind
from coursectl.render.interface import Batch


def raw_values(batch: Batch, columns: tuple[Column, ...]) -> list[tuple[Any, ...]]:
    """Give the chosen values of each row, as they are."""
    keys = [column.key for column in columns]
    shared = batch.shared
    if not shared.keys().isdisjoint(keys):
        return [
            tuple(shared[key] if key in shared else row[key] for key in keys) for row in batch.rows
        ]
    if len(keys) == 1:
        return [(row[keys[0]],) for row in batch.rows]
    return list(map(itemgetter(*keys), batch.rows))


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
    return printable(str(value))


def percent(rate: float) -> str:
    """Give a percentage to one decimal place, none where it is whole; never 100 before the end."""
    text = f"{rate:.1f}".removesuffix(".0")
    return "99.9" if text == "100" and rate < 100 else text
