"""A member of a course and the course itself, under the API's own field names.

Mirrors the rows of *Course User Dashboard*, `GET /api/v2/course/{id}/users/`, and the course of
`GET /api/v2/course/{id}/`. What each field may hold is in `schemas`.
"""

from datetime import datetime
from typing import Any, NamedTuple, TypedDict


class Member(TypedDict):
    """One row of a roster. Treat it as frozen: batches are passed on, never edited.

    Every key is there; a field that the API left out is None. A dict because pydantic makes one
    four times as fast as a model, and a roster holds up to a million.
    """

    id: int
    """The user's unique id."""
    username: str | None
    """At most 255 letters, digits, `-`, `/`, `_`."""
    real_name: str | None
    """Free text that the member chose: hostile until proved otherwise."""
    avatar: str | None
    """In practice a URL."""
    join_status: str | None
    """A `JoinStatus`, another word that the server knows, or None for no status."""
    user_completion_rate: float | None
    """Progress in percent, 0 to 100; fractions occur."""
    last_active_at: datetime | None
    """When the member last completed a lesson, in UTC; None is never. It is no log-in time."""
    joined_at: datetime | None
    """When the member joined, in UTC; None for those who have not (invited, requested)."""


class Person(TypedDict):
    """Somebody of whom the API says no more than who it is."""

    id: int
    username: str | None
    real_name: str | None
    avatar: str | None


class Course(TypedDict):
    """What coursectl needs to know of a course."""

    id: int | None
    name: str | None
    slug: str | None


class ListedCourse(TypedDict):
    """A row of `GET /api/v2/course/`, the courses of whoever asks."""

    id: int
    name: str | None
    """Free text that whoever made the course chose: hostile until proved otherwise."""
    slug: str | None
    type: str | None
    """`self-paced`, `structured`, `scheduled`, or another word that the server knows."""
    privacy: str | None
    """Empty for a draft; `open`, `private`, `secret`, or another word that the server knows."""
    join_status: str | None
    """How whoever asks stands to the course; not documented here, so it may be left out."""
    created_at: datetime | None
    """UTC."""


class ReportableCourse(TypedDict):
    """A course whose members whoever asks may see, under the API's own field names."""

    id: int
    name: str | None
    slug: str | None
    type: str | None
    privacy: str | None
    role: str
    """`creator` or `manager`."""
    created_at: datetime | None


class Provenance(NamedTuple):
    """Where a roster is from."""

    community: str | None
    """The URL of its community; None where a saved roster does not say."""
    course: dict[str, Any]
    """The course with every field that the API or the saved roster gives."""
    fetched_at: datetime | None
    """When the roster was fetched, UTC; None where a saved roster does not say."""
    pseudonyms: str | None = None
    """Which key the members' pseudonyms are under; None for members as they are."""

    @property
    def course_id(self) -> int | None:
        """The course's id, where it is told and is a whole number."""
        id_ = self.course.get("id")
        return id_ if type(id_) is int else None

    @property
    def course_name(self) -> str | None:
        """The course's name, where it is told and is a text with something in it."""
        name = self.course.get("name")
        return name if name and isinstance(name, str) else None

    @property
    def course_type(self) -> str | None:
        """The course's type, which says whether it opens over time, where it is told."""
        type_ = self.course.get("type")
        return type_ if isinstance(type_, str) else None
