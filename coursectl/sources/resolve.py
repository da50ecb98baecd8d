"""A COURSE argument to a source. The one place that chooses."""

import os
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from coursectl.address import host_of
from coursectl.errors import NotFound, UsageError
from coursectl.places import located
from coursectl.printable import shortened
from coursectl.sources import EXPORT_SUFFIXES
from coursectl.sources.export import DEMO, STDIN, Export
from coursectl.sources.interface import no_wait

if TYPE_CHECKING:
    from coursectl.settings import Settings
    from coursectl.sources.api.client import Api
    from coursectl.sources.interface import OnWait, Source

_ID = re.compile(r"\d+", re.ASCII)
_GREATEST_ID = 2**63 - 1
_MOST_DIGITS = 100
"""Digits of an id that are looked at, zeros in front among them."""
_COURSE_IN_PATH = re.compile(r"/course/(\d{1,100})(?:/|$)", re.ASCII)


def resolve(
    courses: Sequence[str], settings: "Callable[[], Settings]", on_wait: "OnWait" = no_wait
) -> "list[Source]":
    """Give a source for each COURSE. `settings` is asked when a course of a community is named.

    `on_wait` is told when the server wants everybody to wait. All courses of the community share
    one `Api`, with its pace and its deadline. Raises UsageError,
    NotFound for a slug or name without a single match, and what the API raises.
    """
    if courses.count(STDIN) > 1:
        raise UsageError("stdin can be read once", "Give - once.")

    @cache
    def api() -> "Api":
        from coursectl.sources.api.client import Api

        return Api(settings(), on_wait=on_wait)

    return [_source(course, api) for course in courses]


def every_course(settings: "Callable[[], Settings]", on_wait: "OnWait" = no_wait) -> "list[Source]":
    """Give a source for each course that whoever asks created or manages, by name.

    Raises what the API raises.
    """
    from coursectl.roster.courses import select_courses
    from coursectl.sources.api.client import Api
    from coursectl.sources.api.courses import reportable_courses

    api = Api(settings(), on_wait=on_wait)
    return [_course(course["id"], api) for course in select_courses(reportable_courses(api))]


def export_of(course: str) -> Export | None:
    """Give the export that a COURSE names; None for a course of a community.

    Raises UsageError for an empty one.
    """
    if not course.strip():
        raise UsageError("a COURSE is empty", "Give an id, a URL, a file, a slug or a name.")
    if course == STDIN:
        return Export(None, "stdin")
    if course == DEMO:
        return Export.demo()
    if _ID.fullmatch(course) or _is_url(course):
        return None
    is_path = course.startswith((".", "~", os.sep)) or course.lower().endswith(EXPORT_SUFFIXES)
    if is_path or os.path.exists(course):  # noqa: PTH110 - Path.exists raises on a long name
        return Export(Path(located(course)), course)
    return None


def _source(course: str, api: "Callable[[], Api]") -> "Source":
    export = export_of(course)
    if export is not None:
        return export
    if _ID.fullmatch(course):
        return _course(_id(course), api())
    if _is_url(course):
        found = api()
        return _course(_id_in(course, found.settings.url), found)
    from coursectl.sources.api.courses import find_course

    return find_course(course, api())


def _is_url(course: str) -> bool:
    return course.lower().startswith(("https://", "http://"))


def _course(id_: int, api: "Api") -> "Source":
    from coursectl.sources.api.members import CourseMembers

    return CourseMembers(id_, api)


def _id_in(url: str, community: str) -> int:
    """Give the course id in a URL of the community. Raises UsageError, and sends nothing."""
    scheme, _, rest = url.partition("://")
    shown = f"{scheme}://{shortened(rest.rpartition('@')[2], 120)}"
    try:
        is_ours = host_of(url) == host_of(community)
    except ValueError:
        is_ours = False
    if not is_ours:
        raise UsageError(
            f"{shown} is not in the configured community ({community}); nothing was sent",
            "Set COURSECTL_URL to its community, or give a course of this one.",
        )
    match = _COURSE_IN_PATH.search(urlsplit(url).path)
    if match is None:
        raise UsageError(f"{shown} holds no course id", f"It looks like {community}/course/42/...")
    return _id(match[1])


def _id(digits: str) -> int:
    """Return the number that some digits are. Raises NotFound for one that is no id."""
    if len(digits) > _MOST_DIGITS or int(digits) > _GREATEST_ID:
        raise NotFound(f"no course has an id of {len(digits)} digits", "Check the id.")
    return int(digits)
