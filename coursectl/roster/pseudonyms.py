"""Who is who, hidden from all but those who hold a key.

A pseudonym depends on the key and the member's id and on nothing else: it is the same in every
roster and after a new name. Without the key there is no way back, and no way to tell by trying
ids. What is left of a member, such as when they joined, may still give them away to somebody who
knows as much of them.
"""

from typing import TYPE_CHECKING, Any

from coursectl.errors import UsageError
from coursectl.roster.fields import FIELDS
from coursectl.roster.member import Provenance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coursectl.roster.member import Member

_HIDDEN = ("username", "real_name", "avatar")
_OF_COURSE = ("id", "name", "slug", "type", "privacy", "created_at", "avg_completion_rate")
"""What is told of a course; who made it is not."""

_LETTERS = b"abcdefghijklmnopqrstuvwxyz234567" * 8
"""A letter of base32 for each byte, each for as many of them."""

_ID_BYTES = 8
_LARGEST_ID = 2**53 - 1
"""The largest whole number that every reader of JSON takes for what it is."""

_NAME_LETTERS = 12
_MARK_DIGITS = 12


class Pseudonyms:
    """The pseudonyms under one key.

    An id becomes another whole number below 2**53; `username`, `real_name` and `avatar` become
    `member-` and twelve letters, the same for all three. Null stays null. Two members in a million
    come to share an id once in 18,000 keys.
    """

    def __init__(self, key: str) -> None:
        # Most runs need neither this class nor OpenSSL.
        from hmac import digest

        self._digest = digest
        self._key = key.encode(errors="surrogateescape")
        self.mark = digest(self._key, b"coursectl key", "sha256").hex()[:_MARK_DIGITS]
        """Hex digits that tell this key from others, and nothing of it."""

    def of(self, id_: int) -> tuple[int, str]:
        """Give the id and the name that stand for the member with this id."""
        found = self._digest(self._key, b"coursectl member %d" % id_, "sha256")
        letters = found[_ID_BYTES : _ID_BYTES + _NAME_LETTERS].translate(_LETTERS)
        return int.from_bytes(found[:_ID_BYTES]) & _LARGEST_ID, f"member-{letters.decode()}"

    def members(self, members: "list[Member]") -> "list[Member]":
        """Give members under their pseudonyms, with the documented fields and no others."""
        return [self._member(member) for member in members]

    def _member(self, member: "Member") -> "Member":
        hidden: Any = documented(member)
        hidden["id"], name = self.of(member["id"])
        for field in _HIDDEN:
            if hidden.get(field) is not None:
                hidden[field] = name
        return hidden  # type: ignore[no-any-return]


def documented(member: "Mapping[str, Any]") -> dict[str, Any]:
    """Give what is documented of a member: what else a server sends may hold a name."""
    return {field: member[field] for field in FIELDS if field in member}


def naming_nobody(provenance: Provenance) -> Provenance:
    """Give where a roster is from without what may hold the name of a person."""
    course = {
        field: value
        for field in _OF_COURSE
        if field in provenance.course
        and not isinstance(value := provenance.course[field], dict | list)
    }
    return Provenance(provenance.community, course, provenance.fetched_at, provenance.pseudonyms)


def check_key(mark: str, wanted: "Pseudonyms", name: str) -> None:
    """Raise UsageError if a roster that `name` stands for has pseudonyms under another key."""
    if mark != wanted.mark:
        raise UsageError(
            f"{name}: its members are pseudonyms already, under another key",
            "Use the key that it was saved with, or leave out --pseudonymize.",
        )


def check_comparable(before: str | None, after: str | None) -> None:
    """Raise UsageError unless the same member has the same id in two rosters with these marks."""
    if before == after:
        return
    if before is not None and after is not None:
        raise UsageError(
            "the members of the two rosters are pseudonyms under different keys",
            "Such rosters cannot be compared: export one of them again, with the key of the other.",
        )
    which = "first" if before is not None else "second"
    raise UsageError(
        f"the members of the {which} roster are pseudonyms, those of the other are not",
        "Add --pseudonymize, with the key that it was saved with.",
    )
