"""A page looked at lightly: which members are on it, before anything is validated.

Mirrors a page of *Course User Dashboard*. What is not as documented reads as None here; what is
wrong with it is told where members are validated.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, NotRequired

from pydantic import ConfigDict, GetCoreSchemaHandler, ValidationError, with_config
from pydantic_core import CoreSchema, core_schema
from typing_extensions import TypedDict

from coursectl.roster.member import Id, Member, MemberAsWritten, Moment
from coursectl.roster.parsing import adapter


class _OrNone:
    """None in place of what is missing or not valid."""

    def __get_pydantic_core_schema__(self, of: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_default_schema(handler(of), default=None, on_error="default")


class _Row(TypedDict, total=False):
    id: Annotated[Id | None, _OrNone()]
    join_status: Annotated[str | None, _OrNone()]
    joined_at: Annotated[Moment | None, _OrNone()]


class _Page(TypedDict):
    count: Id
    next: NotRequired[Annotated[Any, _OrNone()]]
    results: list[Annotated[_Row | None, _OrNone()]]


@with_config(ConfigDict(extra="forbid"))
class _WholePage(TypedDict):
    """A page that holds what is documented and no more, but for its rows."""

    count: Id
    next: str | None
    previous: str | None
    results: list[MemberAsWritten]


@dataclass(frozen=True, slots=True)
class Glance:
    """What a page holds at first sight."""

    count: int
    """How many members the server says there are."""
    has_next: bool
    """Whether it says that there is another page."""
    ids: tuple[int | None, ...]
    """The ids of its members, in order; None for a row without a valid one."""
    joined_at: tuple[datetime | None, ...]
    """When these joined, UTC."""
    statuses: frozenset[str | None]
    members: "list[Member] | None" = None
    """The members themselves where these are valid, and the page tells what is documented, no more.

    Their moments are text as coursectl writes it.
    """


def glance(body: bytes) -> Glance | None:
    """Look at the body of an answer; None for what is no page."""
    return _whole(body) or _in_part(body)


def _whole(body: bytes) -> Glance | None:
    """Look at a page and validate it at once, which nearly every page lets one do."""
    if body.count(b'"results"') != 1:
        return None
    try:
        page = adapter(_WholePage).validate_json(body)
    except ValidationError:
        return None
    members: list[Any] = page["results"]
    return Glance(
        page["count"],
        page["next"] is not None,
        tuple([member["id"] for member in members]),
        tuple(
            [
                None if (at := member["joined_at"]) is None else datetime.fromisoformat(at)
                for member in members
            ]
        ),
        frozenset([member["join_status"] for member in members]),
        members,
    )


def _in_part(body: bytes) -> Glance | None:
    try:
        page: _Page = adapter(_Page).validate_json(body.removeprefix(b"\xef\xbb\xbf"))
    except ValidationError:
        return None
    rows = page["results"]
    return Glance(
        page["count"],
        page["next"] is not None,
        tuple(row["id"] if row else None for row in rows),
        tuple(row["joined_at"] if row else None for row in rows),
        frozenset(row["join_status"] for row in rows if row),
    )
