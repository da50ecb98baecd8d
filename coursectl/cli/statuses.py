"""`--status` with a word that nothing in the answer knows: a slip, and no empty answer."""

from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from coursectl.errors import UsageError
from coursectl.printable import shortened
from coursectl.roster.join_status import NO_STATUS, SEEN_STATUSES, JoinStatus
from coursectl.roster.nearest import meant

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from coursectl.gather import Gathering
    from coursectl.roster.criteria import Batch

_KNOWN = (*JoinStatus, NO_STATUS)


class Words(NamedTuple):
    """What one answer knows of statuses."""

    unknown_statuses: frozenset[str]
    """Those that are asked for and that it knows nothing of."""
    met_statuses: frozenset[str]
    """Undocumented ones of its members."""


def check_statuses(answers: "Sequence[Words | Gathering]", *, names_nobody: bool) -> None:
    """Raise UsageError for a status that was asked for and that none of the answers knows."""
    if not answers:
        return
    unknown = frozenset[str].intersection(*(each.unknown_statuses for each in answers))
    met = frozenset[str]().union(*(each.met_statuses for each in answers if not names_nobody))
    for word in sorted(unknown):
        raise UsageError(
            f"--status: nobody has the status {shortened(word)!r}, and nothing knows it",
            f"{meant(word, (*_KNOWN, *SEEN_STATUSES, *map(shortened, sorted(met))))}"
            f"Statuses: {', '.join(_KNOWN)}.",
        )


def checked(gathering: "Gathering", *, names_nobody: bool) -> "Generator[Batch, None, None]":
    """Yield the members of a gathering, and check the statuses in the end. Raises UsageError."""
    with closing(gathering.batches()) as batches:
        yield from batches
    check_statuses([gathering], names_nobody=names_nobody)
