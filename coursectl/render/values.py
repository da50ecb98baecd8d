"""The values of chosen columns, for machines and for people."""

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from pydantic_core import to_jsonable_python

from coursectl.printable import printable
from coursectl.render.columns import COURSE, Column, Kind

if TYPE_CHECKING:
    from coursectl.roster.criteria import Batch


def raw_values(batch: "Batch", columns: tuple[Column, ...]) -> list[tuple[Any, ...]]:
    """Give the chosen values of each member, as they are."""
    if COURSE in columns:
        course = batch.roster.course
        keys = [column.key for column in columns]
        return [
            tuple(course if key == COURSE.key else member[key] for key in keys)  # type: ignore[literal-required]
            for member in batch.members
        ]
    if len(columns) == 1:
        key = columns[0].key
        return [(member[key],) for member in batch.members]  # type: ignore[literal-required]
    return list(map(itemgetter(*(column.key for column in columns)), batch.members))


def _plain_values(batch: "Batch", columns: tuple[Column, ...]) -> list[list[Any]]:
    """Give the chosen values of each member as JSON has them: date-times as RFC 3339 text."""
    values: list[list[Any]] = to_jsonable_python(raw_values(batch, columns))
    return values


def readable_values(batch: "Batch", columns: tuple[Column, ...]) -> list[list[str]]:
    """Give the chosen values of each member as text of one line, as a mail would have them."""
    rows = _plain_values(batch, columns)
    for place, column in enumerate(columns):
        for row in rows:
            row[place] = readable(row[place], column)
    return rows


def readable(value: Any, column: Column) -> str:
    """Give a value, with date-times as text, as a person reads it."""
    if value is None:
        return column.null
    if column.kind is Kind.PERCENT:
        return f"{percent(value)}%"
    return printable(str(value))


def percent(rate: float) -> str:
    """Give a percentage to one decimal place, none where it is whole; never 100 before the end."""
    text = f"{rate:.1f}".removesuffix(".0")
    return "99.9" if text == "100" and rate < 100 else text
