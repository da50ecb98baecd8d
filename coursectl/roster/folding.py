"""Text as it is compared: by what it looks like, not by how it was typed.

The same name can be written in several ways that nobody can tell apart (`ë` is one character, or
an `e` and an accent), and is searched for on keyboards that lack half of its letters. The page of
a report does the same in `render/html/page.js`.
"""

_WRITTEN = {
    "ł": "l",
    "ø": "o",
    "đ": "d",
    "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    "æ": "ae",
    "œ": "oe",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{MODIFIER LETTER APOSTROPHE}": "'",
    "\N{HYPHEN}": "-",
}
"""What is written otherwise where it is not on the keys, in small letters."""

_KEPT = 20_000
"""Characters that are looked up once."""


class _Characters(dict[int, str]):
    """What becomes of a character, by its number, as `str.translate` asks for it."""

    def __missing__(self, number: int) -> str:
        from unicodedata import category, normalize

        # Accents and other marks go, and what formats its neighbours and has no look of its own.
        # So their order, which is all that depends on more than one character, is no matter.
        parts = (
            part.casefold()
            for part in normalize("NFKD", chr(number))
            if category(part) != "Cf" and not category(part).startswith("M")
        )
        folded = "".join(_WRITTEN.get(part, part) for part in parts)
        if len(self) < _KEPT:
            self[number] = folded
        return folded


_CHARACTERS = _Characters()


def folded(text: str) -> str:
    """Return `text` without case, accents and invisible characters, however it is composed."""
    return text.lower() if text.isascii() else text.translate(_CHARACTERS)
