"""How a person stands to a course: the API's `join_status`."""

from enum import StrEnum


class JoinStatus(StrEnum):
    """The documented values of `join_status`.

    A row may also hold null (no status) or a word that is not listed here, since the server may
    know more: such a word is kept as it is.
    """

    CREATOR = "creator"
    MANAGER = "manager"
    JOINED = "joined"
    INVITED = "invited"
    REQUESTED = "requested"


SEEN_STATUSES = ("payment_waiting",)
"""Values that the official client relies on and the reference does not list."""

NO_STATUS = "none"
"""The word that people type, and read, for a null `join_status`."""


def named(status: str | None) -> str:
    """Return what a status is called among others: a word that reads `none` is in quotes."""
    if status is None:
        return NO_STATUS
    return f'"{status}"' if _bare(status) == NO_STATUS else status


def parse_status(word: str) -> str | None:
    """Return the status that a word names, as people type it and `named` gives it; None for none.

    Documented ones are found whatever the case.
    """
    known = word.lower()
    if known == NO_STATUS:
        return None
    if known in set(JoinStatus):
        return known
    is_quoted = _bare(word) == NO_STATUS and word.startswith('"') and word.endswith('"')
    return word[1:-1] if is_quoted else word


def _bare(word: str) -> str:
    return word.strip('"').lower()
