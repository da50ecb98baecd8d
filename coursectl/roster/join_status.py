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
