"""The word that somebody may have meant."""

from collections.abc import Iterable


def meant(word: str, known: Iterable[str]) -> str:
    """Return a question that names the known word nearest to one; empty if none is near."""
    from difflib import get_close_matches

    found = get_close_matches(word.lower(), [*known], n=1, cutoff=0.6)
    return f"Did you mean {found[0]}? " if found else ""
