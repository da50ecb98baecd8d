"""The secrets of this run, and text without them.

Whoever comes by a secret (a token, a key, a one-time code) calls `keep_secret` at once. Whatever
then goes to stderr is `redacted`, and so is what a server answers before anything quotes or cuts
it: half a token is too much.
"""

import json
import re
from urllib.parse import quote, quote_plus

MASK = "***"

_LEAST = 4
"""Characters; to strike out each occurrence of anything shorter would make text unreadable."""

_secrets: set[str] = set()
_pattern: re.Pattern[str] | None = None
_pattern_in_bytes: re.Pattern[bytes] | None = None


def keep_secret(secret: str) -> str:
    """Take note of a secret in every form in which it may be met, and give it back."""
    global _pattern, _pattern_in_bytes
    if len(secret) >= _LEAST and secret not in _secrets:
        _secrets.update((secret, quote(secret, safe=""), quote_plus(secret)))
        _secrets.update(json.dumps(secret, ensure_ascii=plain)[1:-1] for plain in (True, False))
        # The longest first: a secret may be the beginning of another.
        pattern = "|".join(re.escape(each) for each in sorted(_secrets, key=len, reverse=True))
        _pattern = re.compile(pattern)
        _pattern_in_bytes = re.compile(pattern.encode(errors="surrogatepass"))
    return secret


def redacted(text: str) -> str:
    """Give `text` with every secret struck out."""
    return _pattern.sub(MASK, text) if _pattern else text


def redacted_bytes(body: bytes) -> bytes:
    """Give UTF-8 text with every secret struck out."""
    return _pattern_in_bytes.sub(MASK.encode(), body) if _pattern_in_bytes else body
