"""The name of a file, in which the course and the time may be left to be filled in."""

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
    from collections.abc import Sequence

    from coursectl.roster.member import Provenance

EXPORT_SUFFIXES = (".json", ".json.gz")
FIELDS = ("course", "id", "date", "time")

_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_SEPARATORS = tuple(filter(None, (os.sep, os.altsep)))
_UNSAFE = re.compile(r"[^\w.-]+")
_LONGEST = 100
"""Bytes of a name that a server chose; a file system takes some 250 in all."""


def check_name(name: str, suffixes: tuple[str, ...] = ()) -> None:
    """Raise UsageError for a name that can never be filled in, or never be written.

    If there are `suffixes`, it has to be the name of an export, which ends in one of them. A folder
    is looked at only if nothing is to be filled in there; none is made yet.
    """
    for part in _PART.finditer(name):
        if part[0] not in ("{{", "}}") and part[1] not in FIELDS:
            fields = ", ".join(f"{{{field}}}" for field in FIELDS)
            raise UsageError(
                f"{shortened(part[0])} in {shortened(name, 120)!r} is nothing to fill in",
                f"These are: {fields}. A brace that is meant is written twice.",
            )
    path = None if not name or has_fields(name) else without_fields(name)
    if name.endswith(_SEPARATORS) or (path is not None and os.path.isdir(path)):  # noqa: PTH112 - not of a long name
        raise UsageError(f"{shortened(name, 120)} is a directory", "Name a file in it.")
    if path is not None and _is_as_it_is(path):
        return
    if suffixes and not name.lower().endswith(suffixes):
        raise UsageError(
            f"{shortened(name, 120)!r} is no name of an export",
            f"End it in {' or '.join(suffixes)}.",
        )
    folder = Path(name).parent
    try:
        if path is not None:
            # What may be written is written, wherever it is.
            if os.path.isfile(path) and os.access(path, os.W_OK):  # noqa: PTH113 - as above
                return
            folder = Path(os.path.realpath(path)).parent
        elif has_fields(str(folder)):
            return
        else:
            folder = without_fields(str(folder))
        _check_folder(folder)
    except OSError as error:
        raise cannot_write(printable(name), error) from None


def has_fields(name: str) -> bool:
    """Return whether something is to be filled in."""
    return any(part[1] for part in _PART.finditer(name))


def without_fields(name: str) -> Path:
    """Return the path that a name without fields means, which is with each brace once."""
    return Path(_PART.sub(lambda part: part[0][0], name))


def _is_as_it_is(path: Path) -> bool:
    """Whether something else than a file is there, which is written as it is, whatever its name."""
    try:
        return is_written_as_it_is(path)
    except OSError:  # of a long name
        return False


def _check_folder(folder: Path) -> None:
    """Raise OSError unless a file can be made in a folder, or in that which it is to be in."""
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    with TemporaryFile(dir=folder):
        pass


def provenance_of_all(provenances: "Sequence[Provenance]", name: str) -> "Provenance":
    """Return what several rosters have in common, and when the latest of them was fetched.

    Raise UsageError for a name that is to be filled in from one course.
    """
    first, *others = provenances
    is_one = all(
        (each.community, each.course_id) == (first.community, first.course_id) for each in others
    )
    if not is_one:
        for part in _PART.finditer(name):
            if part[1] in ("course", "id"):
                raise UsageError(
                    f"{part[0]} in {shortened(name, 120)!r} is of one course, and this is of"
                    " several",
                    "Name one course, or give a name without it.",
                )
    moments = [each.fetched_at for each in provenances]
    known = [moment for moment in moments if moment is not None]
    return first._replace(fetched_at=max(known) if len(known) == len(moments) else None)


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
