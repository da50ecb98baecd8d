"""The message for a person in what a server answers when it refuses.

Mirrors the API's two shapes, `{"errors": [...]}` and `{"detail": "..."}`; a proxy in front may
answer a web page or plain text.
"""

import re
from collections.abc import Iterator

from pydantic_core import from_json

from coursectl.printable import shortened

_KEYS = ("detail", "message", "errors", "messages")

LONGEST = 64 * 1024
"""Bytes of an answer that are looked at for a message."""

_PAGE = 4 * 1024
"""Bytes of a web page, or of plain text, that are."""

_SHOWN = 200
"""Characters of a message."""

_ENOUGH = 50 * _SHOWN
"""Characters of messages after which no others are looked for; see `shortened`."""

# No part of it passes over a `<`, so that all attempts together take one look at each character.
_TITLE = re.compile(r"<(?:title|h1)[^<>]*+>([^<]++)", re.IGNORECASE)


def message_in(body: bytes) -> str:
    """Give the message in `body`, printable and short; empty when there is none to be found."""
    is_cut, body = len(body) >= LONGEST, body[:LONGEST]
    try:
        found = from_json(body, allow_partial="trailing-strings" if is_cut else False)
        said = _joined(_messages(found))
    except ValueError:
        text = body[:_PAGE].decode(errors="replace").strip()
        said = title_in(text) or ("" if text.startswith("<") else text)
    return shortened(said, _SHOWN)


def title_in(page: str) -> str:
    """Give the title of a web page, or its first heading; empty when it has none."""
    titles = (found[1].strip() for found in _TITLE.finditer(page))
    return next(filter(None, titles), "")


def _joined(messages: Iterator[str]) -> str:
    said = ""
    for message in messages:
        said += f"; {message}" if said else message
        if len(said) > _ENOUGH:
            break
    return said


def _messages(value: object) -> Iterator[str]:
    """Walk the shapes of an error body; other objects have no message."""
    if isinstance(value, list):
        for item in value:
            yield from _messages(item)
    elif isinstance(value, dict):
        field = value.get("field")
        prefix = f"{field[:_ENOUGH]}: " if isinstance(field, str) and field else ""
        for key in _KEYS:
            yield from (prefix + message for message in _messages(value.get(key)))
        if value.keys().isdisjoint(_KEYS):
            # Django REST Framework's errors of validation: a list of messages for each field.
            for key, said in value.items():
                if isinstance(said, list) and all(isinstance(each, str) for each in said):
                    yield from (f"{key}: {message}" for message in said)
    elif isinstance(value, str):
        yield value
