"""What the token endpoint answers with success (RFC 6749, 5.1), as far as it can be read.

The pair of tokens that it follows is dead: an odd answer about a token's life, type or scope, or
anything beside them, is no reason to lose the new pair.
"""

import re
from dataclasses import dataclass, field
from math import isfinite
from urllib.parse import parse_qsl

from pydantic_core import from_json

from coursectl.settings import is_sendable

_LONGEST_LIFE = 100 * 366 * 86_400
"""Seconds; whatever is said to live longer has no end that anybody knows."""

_LONGEST_NUMBER = 40

_MOST_FIELDS = 100

_PAIR = ("access_token", "refresh_token")

# A text without an end reaches to the end: to look for another in it would take quadratic time.
_PIECE = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[][{},:]|[^][{},:"\s]++', re.DOTALL)
"""A text, a sign, or a word of JSON."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """A pair of tokens."""

    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    life: float | None
    """Seconds that the access token is good for; None if that is not told."""


def has_pair(answer: bytes) -> bool:
    """Return whether there are an access token and a refresh token in an answer."""
    found = tokens_in(answer)
    return found is not None and found.refresh is not None


def tokens_in(answer: bytes) -> Tokens | None:
    """Return what an answer holds of tokens, or None if there is no access token in it."""
    found = _fields(answer)
    access, refresh = (found.get(name) for name in _PAIR)
    if not _is_token(access):
        return None
    return Tokens(
        str(access), str(refresh) if _is_token(refresh) else None, _life(found.get("expires_in"))
    )


def _fields(answer: bytes) -> dict[str, object]:
    """Return the fields of an object in JSON, or else of a form, which some servers answer."""
    try:
        found = from_json(answer)
    except ValueError:
        try:
            # What is no UTF-8 may stand beside the tokens; in one, it makes it none.
            text = answer.decode("utf-8-sig", "replace").strip()
            if text.startswith("{"):
                return _outermost(text)
            return dict(parse_qsl(text, max_num_fields=_MOST_FIELDS))
        except ValueError:
            return {}
    return found if isinstance(found, dict) else {}


def _outermost(text: str) -> dict[str, object]:
    """Return the fields of the outermost object that are no lists and objects themselves.

    What is in these may be nested deeper than a parser goes. Of half an object, which a connection
    leaves that breaks off, both tokens have to be there, or it is of no use.
    """
    found: dict[str, object] = {}
    depth = 0
    before: list[str] = []
    for match in _PIECE.finditer(text):
        piece = match[0]
        depth += (piece in "{[") - (piece in "}]")
        if depth == 1:
            if len(before) == 2 and before[1] == ":" and before[0][0] == piece[0] == '"':
                found[_text(before[0])] = _text(piece)
            elif len(before) == 2 and before[1] == ":" and piece[0] not in "{}[]":
                found[_text(before[0])] = piece
            before = [*before, piece][-2:]
    is_whole = depth == 0
    return found if is_whole or all(_is_token(found.get(name)) for name in _PAIR) else {}


def _text(piece: str) -> str:
    """Return a text of JSON; one that cannot be read is empty, and costs nobody the others."""
    try:
        return str(from_json(piece))
    except ValueError:
        return ""


def _is_token(value: object) -> bool:
    return isinstance(value, str) and bool(value) and is_sendable(value)


def _life(value: object) -> float | None:
    """Return what is said of a token's life, as a number or in text, if it is a time to come."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and len(value) > _LONGEST_NUMBER:
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if isfinite(seconds) and 0 < seconds <= _LONGEST_LIFE else None
