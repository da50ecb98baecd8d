"""A page looked at lightly: which members are on it, before anything is validated.

Mirrors a page of *Course User Dashboard*. What is not as documented reads as None here; what is
wrong with it is told where members are validated.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic_core import ValidationError

from coursectl.roster.schemas import page_in_part, page_of_members, validator

if TYPE_CHECKING:
    from coursectl.roster.member import Member


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
        page = validator(page_of_members).validate_json(body)
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
        page = validator(page_in_part).validate_json(body.lstrip(b"\xef\xbb\xbf"))
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
