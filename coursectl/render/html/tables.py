"""Rows as cells that a script can sort by, and a screen reader can name."""

from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup

from coursectl.printable import printable
from coursectl.render.columns import Column, Kind
from coursectl.render.outline import Rows
from coursectl.render.values import day, moment_in, percent, points
from coursectl.roster.join_status import named
from coursectl.roster.moments import written

_NULL = Markup('<td class="{}">{}</td>')
_NUMBER = Markup('<td class="number">{}</td>')
_ROUNDED = Markup('<td class="number" data-value="{}">{}</td>')
_MOMENT = Markup('<td class="date"><time datetime="{}">{}</time></td>')
_TEXT = Markup("<td><bdi>{}</bdi></td>")
_EMPTY = Markup("<td>{}</td>")
_NAME = Markup('<th scope="row"><bdi>{}</bdi></th>')
_LINK = Markup(
    '<td><a href="{}" target="_blank" rel="noreferrer noopener">avatar'
    '<span class="unseen"> of <bdi>{}</bdi></span></a></td>'
)

_NUMBERS = (Kind.NUMBER, Kind.PERCENT, Kind.POINTS)
_MOMENTS = (Kind.DATE, Kind.ACTIVITY)


def sorts_as(column: Column) -> str:
    """Give what the values of a column are to whoever sorts them: number, date or text."""
    if column.kind in _NUMBERS:
        return "number"
    return "date" if column.kind in _MOMENTS else "text"


def cells(rows: Rows, *, links_avatars: bool) -> Iterator[Markup]:
    """Give each row as its cells. The first text of a row is what the row is called."""
    name = next((column for column in rows.columns if column.kind is Kind.TEXT), None)
    for row in rows.rows:
        yield Markup("").join(
            _avatar(row, column, name, links=links_avatars)
            if column.key == "avatar"
            else _cell(row[column.key], column, is_name=column is name)
            for column in rows.columns
        )


def _cell(value: Any, column: Column, *, is_name: bool) -> Markup:
    if value is None:
        return _NULL.format(f"null {sorts_as(column)}", column.null)
    if column.kind is Kind.PERCENT:
        text = f"{percent(value)}%"
        return _NUMBER.format(text) if text == f"{value:g}%" else _ROUNDED.format(value, text)
    if column.kind is Kind.POINTS:
        return _ROUNDED.format(value, points(value))
    if column.kind is Kind.NUMBER:
        return _NUMBER.format(str(value))
    if column.kind in _MOMENTS:
        moment = moment_in(value).astimezone(UTC)
        return _MOMENT.format(written(moment), day(moment))
    text = printable(named(value) if column.kind is Kind.STATUS else value).strip()
    if not text:
        return _EMPTY.format(column.empty)
    return (_NAME if is_name else _TEXT).format(text)


def _is_web(url: str | None) -> bool:
    """Whether an address is one that may be followed from a page."""
    if not url or url != printable(url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _avatar(row: Mapping[str, Any], column: Column, name: Column | None, *, links: bool) -> Markup:
    """Give a link to an avatar where links are wanted and it lies in the web, else nothing."""
    if not links or not _is_web(row["avatar"]):
        return _NULL.format("null text", column.null)
    whose = (name and row[name.key]) or str(row.get("id", ""))
    return _LINK.format(row["avatar"], printable(whose).strip())
