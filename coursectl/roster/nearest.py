"""The word that somebody may have meant."""

from collections.abc import Iterable


def meant(word: str, known: Iterable[str]) -> str:
    """Return a question that names the known word nearest to one.

    It is empty if none is near, or the word is known itself.
    """
    from difflib import get_close_matches

    words = [*known]
    if word in words:
        return ""
    found = get_close_matches(word.lower(), words, n=1, cutoff=0.6)
    return f"Did you mean {found[0]}? " if found else ""
