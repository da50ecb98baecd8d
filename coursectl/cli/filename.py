"""The name of an export, in which the course and the time may be left to be filled in."""

import os
import re
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from coursectl.errors import UsageError
from coursectl.files import is_written_as_it_is
from coursectl.printable import printable, shortened
from coursectl.streams import cannot_write

if TYPE_CHECKING:
    from coursectl.roster.member import Provenance

SUFFIXES = (".json", ".json.gz")
FIELDS = ("course", "id", "date", "time")

_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_UNSAFE = re.compile(r"[^\w.-]+")
_LONGEST = 100
"""Bytes of a name that a server chose; a file system takes some 250 in all."""


def check_name(name: str) -> None:
    """Raise UsageError for a name of an export that can never be filled in, or never be written.

    A folder is looked at only if nothing is to be filled in there; none is made yet.
    """
    for part in _PART.finditer(name):
        if part[0] not in ("{{", "}}") and part[1] not in FIELDS:
            fields = ", ".join(f"{{{field}}}" for field in FIELDS)
            raise UsageError(
                f"{shortened(part[0])} in {shortened(name, 120)!r} is nothing to fill in",
                f"These are: {fields}. A brace that is meant is written twice.",
            )
    path = None if not name or _has_fields(name) else Path(_without_fields(name))
    if path is not None and os.path.isdir(path):  # noqa: PTH112 - not of a long name
        raise UsageError(f"{shortened(name, 120)} is a directory", "Name a file in it.")
    if path is not None and _is_no_regular_file(path):
        return
    if not name.lower().endswith(SUFFIXES):
        raise UsageError(
            f"{shortened(name, 120)!r} is no name of an export",
            f"End it in {' or '.join(SUFFIXES)}.",
        )
    folder = str(Path(name).parent)
    if path is not None:
        _check_folder(Path(os.path.realpath(path)).parent, name)
    elif not _has_fields(folder):
        _check_folder(Path(_without_fields(folder)), name)


def _has_fields(name: str) -> bool:
    return any(part[1] for part in _PART.finditer(name))


def _without_fields(name: str) -> str:
    """Give a name that has no fields as it is meant, which is with each brace once."""
    return _PART.sub(lambda part: part[0][0], name)


def _is_no_regular_file(path: Path) -> bool:
    """Whether something else is there, which is written as it is, whatever its name."""
    if not os.path.exists(path):  # noqa: PTH110 - not of a long name
        return False
    return is_written_as_it_is(path)


def _check_folder(folder: Path, name: str) -> None:
    """Raise UsageError unless a file can be made in a folder, or in that which it is to be in."""
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    try:
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise cannot_write(printable(name), error) from None


def filled_name(name: str, provenance: "Provenance", source: str) -> Path:
    """Fill in a name that has been checked. `source` is what an error calls the roster.

    Raises UsageError if the roster does not say what is to be filled in.
    """
    course, moment = provenance.course, provenance.fetched_at
    id_ = _safe(course.get("id"))
    values = {
        "course": _safe(course.get("slug")) or id_,
        "id": id_,
        "date": f"{moment:%Y-%m-%d}" if moment else "",
        "time": f"{moment:%H%M%S}" if moment else "",
    }

    def value(part: re.Match[str]) -> str:
        field = part[1]
        if field is None:
            return part[0][0]
        if not values[field]:
            raise UsageError(
                f"{source}: does not say what to fill in for {{{field}}}",
                "Give a name without it.",
            )
        return values[field]

    return Path(_PART.sub(value, name))


def _safe(value: object) -> str:
    """Give text of the server as a part of a file name, and never of a path."""
    text = "" if value is None else _UNSAFE.sub("", str(value))
    return text.encode()[:_LONGEST].decode(errors="ignore").lstrip(".-")
