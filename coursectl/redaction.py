"""The secrets of this run, and text without them.

Whoever comes by a secret (a token, a key, a one-time code) calls `keep_secret` at once. Whatever
then goes to stderr is `redacted`, and so is what a server answers before anything quotes or cuts
it: half a token is too much.
"""

import re
from collections.abc import Mapping
from threading import Lock

MASK = "***"

SECRET_VARIABLES = (
    "COURSECTL_TOKEN",
    "COURSECTL_JWT_SECRET",
    "COURSECTL_CLIENT_SECRET",
    "COURSECTL_PSEUDONYM_KEY",
)
"""Variables of the environment that hold one."""

_LEAST = 4
"""Characters; to strike out each occurrence of anything shorter would make text unreadable."""

_PART = 12
"""Characters of a secret that are as good as all of it."""

_LONG = 64
"""Characters above which a secret is looked for as it is, and in parts, but in no other writing."""

_UNSEEN = "[\\s\\x00-\\x1f\\x7f-\\x9f\\u00ad\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]"
"""What may stand between the characters of a secret and not be seen."""

_BETWEEN = f"{_UNSEEN}*+"
"""So much of it as there is: to try with less would take a power of the time."""

_secrets: dict[str, re.Pattern[str] | None] = {}
"""Each with what finds it, once that has been wanted; the longest first, as one may begin another.
"""
_parts: set[str] = set()
_lock = Lock()


def keep_secret(secret: str) -> str:
    """Take note of a secret and give it back."""
    global _secrets
    with _lock:
        if len(secret) >= _LEAST and secret not in _secrets:
            found = {**_secrets, secret: None}
            _secrets = {each: found[each] for each in sorted(found, key=len, reverse=True)}
            _parts.update(secret[at : at + _PART] for at in range(len(secret) - _PART + 1))
    return secret


def keep_secrets_of(environment: Mapping[str, str]) -> None:
    """Take note of the secrets that are set, before anything can be said of them."""
    for name in SECRET_VARIABLES:
        keep_secret(environment.get(name, "").strip())


def redacted(text: str) -> str:
    """Give `text` with every secret struck out, however it is written, and every part of one."""
    with _lock:
        for secret, pattern in _secrets.items():
            if pattern is None:
                pattern = _secrets[secret] = re.compile(_matching(secret))
            text = pattern.sub(MASK, text)
    return _without_parts(text) if _parts else text


def redacted_bytes(body: bytes) -> bytes:
    """Give UTF-8 text with every secret struck out."""
    if not _secrets:
        return body
    return redacted(body.decode(errors="surrogateescape")).encode(errors="surrogateescape")


def _matching(secret: str) -> str:
    seen = len(secret) - len(re.findall(_UNSEEN, secret))
    if len(secret) > _LONG or seen < _LEAST:
        return re.escape(secret)
    return _BETWEEN.join(map(_written, secret))


def _written(character: str) -> str:
    """Match a character as it is, in a URL, or in JSON; of an unseen one, nothing will do."""
    in_url = "".join(f"%{byte:02x}" for byte in character.encode(errors="surrogatepass"))
    in_json = f"\\\\u{ord(character):04x}"
    if re.match(_UNSEEN, character):  # as it is, it has been matched with what stands between
        return rf"(?>(?i:(?:{in_url}|{in_json}|\+)?))"
    return rf"\\?(?:{re.escape(character)}|(?i:{in_url}|{in_json}))"


def _without_parts(text: str) -> str:
    kept: list[str] = []
    at = start = 0
    while at <= len(text) - _PART:
        if text[at : at + _PART] not in _parts:
            at += 1
            continue
        kept += text[start:at], MASK
        at += _PART
        while at < len(text) and text[at + 1 - _PART : at + 1] in _parts:
            at += 1
        start = at
    return "".join((*kept, text[start:]))
