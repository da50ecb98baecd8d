"""The courses that were read or listed, noted for TAB, which never asks a server.

A file in the person's cache: a line each with an id and perhaps a slug, the latest first. It can be
lost, damaged or forbidden: that costs nobody more than an offer.
"""

from collections.abc import Iterable
from contextlib import suppress

from coursectl.own_files import read_regular
from coursectl.places import seen_courses_path

_MOST = 500
_LONGEST = 64 * 1024
"""Bytes of the file that are read."""


def seen_courses() -> dict[str, str]:
    """Give the slugs of courses by their ids, the latest first; an empty one is not known."""
    path = seen_courses_path()
    if path is None:
        return {}
    try:
        found, _ = read_regular(path, _LONGEST)
    except OSError:
        return {}
    seen = {}
    lines = found.decode("ascii", "replace").split("\n")
    for id_, _, slug in (line.partition(" ") for line in lines):
        if id_.isdecimal() and len(id_) <= 19:
            seen[id_] = _safe(slug)
    return seen


def remember(courses: Iterable[tuple[int | None, str | None]]) -> None:
    """Note courses by id and slug, if that can be done; a slug that is not known stays."""
    before = seen_courses()
    noted = {str(id_): _safe(slug or "") for id_, slug in courses if id_ is not None}
    after = {id_: slug or before.get(id_, "") for id_, slug in noted.items()} | {
        id_: slug for id_, slug in before.items() if id_ not in noted
    }
    if list(after.items()) == list(before.items()):
        return
    name = seen_courses_path()
    if name is None:
        return
    from pathlib import Path

    from coursectl.files import replacing

    path = Path(name)
    lines = (f"{id_} {slug}\n" for id_, slug in list(after.items())[:_MOST])
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write("".join(lines).encode())


def _safe(slug: str) -> str:
    """Give a slug if it is one that a shell takes as it is and nobody takes for an option."""
    bare = slug.replace("-", "").replace("_", "")
    is_safe = slug.isascii() and bare.isalnum() and slug[0].isalnum() and len(slug) <= 100
    return slug if is_safe else ""
