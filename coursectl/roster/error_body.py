"""The message for a person in what a server answers when it refuses.

Mirrors the API's two shapes, `{"errors": [...]}` and `{"detail": "..."}`; a proxy in front may
answer a web page or plain text.
"""

import re
from collections.abc import Iterator

from pydantic_core import from_json

from coursectl.printable import shortened

_KEYS = ("detail", "message", "errors", "messages")
_TITLE = re.compile(r"<(title|h1)[^>]*>\s*([^<]+?)\s*<", re.IGNORECASE)


def message_in(body: bytes) -> str:
    """Give the message in `body`, printable and short; empty when there is none to be found."""
    try:
        said = "; ".join(_messages(from_json(body)))
    except ValueError:
        text = body[:4096].decode(errors="replace").strip()
        title = _TITLE.search(text)
        said = title.group(2) if title else "" if text.startswith("<") else text
    return shortened(said, 200)


def _messages(value: object) -> Iterator[str]:
    """Walk the shapes of an error body; other objects have no message."""
    if isinstance(value, list):
        for item in value:
            yield from _messages(item)
    elif isinstance(value, dict):
        field = value.get("field")
        prefix = f"{field}: " if isinstance(field, str) and field else ""
        for key in _KEYS:
            yield from (prefix + message for message in _messages(value.get(key)))
        if value.keys().isdisjoint(_KEYS):
            # Django REST Framework's errors of validation: a list of messages for each field.
            for key, said in value.items():
                if isinstance(said, list) and all(isinstance(each, str) for each in said):
                    yield from (f"{key}: {message}" for message in said)
    elif isinstance(value, str):
        yield value
