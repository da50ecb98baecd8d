"""The name of an export, in which the course and the time may be left to be filled in."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from coursectl.errors import UsageError
from coursectl.printable import shortened

if TYPE_CHECKING:
    from coursectl.roster.member import Provenance

SUFFIXES = (".json", ".json.gz")
FIELDS = ("course", "id", "date", "time")

_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_UNSAFE = re.compile(r"[^\w.-]+")
_LONGEST = 100
"""Bytes of a name that a server chose; a file system takes some 250 in all."""


def check_name(name: str) -> None:
    """Raise UsageError for a name of an export that can never be filled in."""
    for part in _PART.finditer(name):
        if part[0] not in ("{{", "}}") and part[1] not in FIELDS:
            fields = ", ".join(f"{{{field}}}" for field in FIELDS)
            raise UsageError(
                f"{shortened(part[0])} in {shortened(name, 120)!r} is nothing to fill in",
                f"These are: {fields}. A brace that is meant is written twice.",
            )
    if not name.lower().endswith(SUFFIXES):
        raise UsageError(
            f"{shortened(name, 120)!r} is no name of an export",
            f"End it in {' or '.join(SUFFIXES)}.",
        )


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
